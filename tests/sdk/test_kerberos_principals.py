"""Principals of Kerberos; the expected texts are those that Airflow 3.3.2 gives."""

from __future__ import annotations

import pytest

from slipstream.sdk._kerberos_principals import (
    get_components,
    get_fqdn,
    principal_from_username,
    replace_hostname_pattern,
)


@pytest.mark.parametrize(
    ("principal", "parts"),
    [
        ("hive/_HOST@REALM", ["hive", "_HOST", "REALM"]),
        ("ada@REALM", ["ada", "REALM"]),
        ("", None),
        (None, None),
    ],
)
def test_a_principal_is_taken_apart(principal: str | None, parts: list[str] | None) -> None:
    assert get_components(principal) == parts


def test_a_service_is_named_after_its_host_in_lower_case() -> None:
    parts = ["hive", "_HOST", "REALM"]
    assert replace_hostname_pattern(parts, "Box.Example.COM") == "hive/box.example.com@REALM"
    assert replace_hostname_pattern(["hive", "other", "REALM"], "x") == "hive/x@REALM"


def test_without_a_host_it_is_this_machine() -> None:
    here = f"hive/{get_fqdn().lower()}@REALM"
    assert replace_hostname_pattern(["hive", "_HOST", "REALM"], "0.0.0.0") == here
    assert replace_hostname_pattern(["hive", "_HOST", "REALM"]) == here


def test_what_is_no_principal_of_a_service_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="three parts"):
        replace_hostname_pattern(["ada", "REALM"], "x")


@pytest.mark.parametrize(
    ("name", "realm", "principal"),
    [("u", "R", "u@R"), ("u/h", "R", "u/h@R"), ("u@x", "R", "u@x"), ("u", "", "u")],
)
def test_a_user_gets_the_realm_unless_there_is_one(name: str, realm: str, principal: str) -> None:
    assert principal_from_username(name, realm) == principal
