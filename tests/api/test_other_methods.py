"""Methods that a path does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from tests.api.conftest import Client

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def allowed_in(header: str) -> set[str]:
    return {one.strip() for one in header.split(",")} - {"HEAD"}


def test_a_refusal_names_every_method_that_the_path_has(api: Client) -> None:
    document: Mapping[str, Any] = api.get("/openapi.json").json()
    by_name = {
        re.compile(re.sub(r"\{[^}]+\}", "[^/]+", template)): described
        for template, described in document["paths"].items()
        if "{" in template
    }
    wrong = {}
    for template, described in document["paths"].items():
        if "{" in template:
            continue
        # The path's own word may be taken for a name by another operation.
        names = [found for path, found in by_name.items() if path.fullmatch(template)]
        own = {method.upper() for found in (described, *names) for method in found}
        for method in sorted(set(METHODS) - own):
            answer = api.send(method, template)
            if answer.status_code != 405 or not own <= allowed_in(answer.headers["allow"]):
                wrong[method, template] = (answer.status_code, answer.headers.get("allow"))
    assert not wrong


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/dags/etl", {"GET", "PATCH", "DELETE"}),
        ("/pools/small", {"GET", "PATCH", "DELETE"}),
        ("/dags/etl/dagRuns", {"GET", "POST", "PATCH"}),
    ],
)
def test_paths_with_names_tell_theirs(api: Client, path: str, methods: set[str]) -> None:
    answer = api.send("OPTIONS", path)
    assert answer.status_code == 405
    assert allowed_in(answer.headers["allow"]) == methods


def test_what_is_nowhere_is_not_found_by_any_method(api: Client) -> None:
    for path in ("/api/v2/nowhere", "/auth/nowhere", "/ui/nowhere"):
        assert api.get(path).status_code == 404
        assert "allow" not in api.get(path).headers
    assert re.fullmatch(r'\{"detail":"Not Found"\}', api.get("/api/v2/nowhere").text)
