"""What is hidden, and what is not."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from slipstream.runtime.masking import (
    Masker,
    redact,
    secrets_of_text,
)
from slipstream.sdk._sensitive import is_sensitive_name


def test_a_secret_is_replaced_wherever_it_stands() -> None:
    masker = Masker(["s3cret"])
    line = {"event": "is s3cret!", "list": ["s3cret"], "map": {"k": "xs3cretx"}, "n": 3}
    assert masker.mask(line) == {
        "event": "is ***!",
        "list": ["***"],
        "map": {"k": "x***x"},
        "n": 3,
    }


@pytest.mark.parametrize("form", [quote, json.dumps, repr, str])
def test_a_secret_is_found_in_the_forms_that_it_takes(form: object) -> None:
    secret = 'pa/ss"w\\ör\nd'
    assert callable(form)
    shown = Masker([secret]).mask(f"url://u:{form(secret)}@h")
    assert "ss" not in shown


def test_the_lines_of_a_long_secret_are_hidden_one_by_one() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqh\nkiG9w0BAQEFAASC\n-----END KEY-----"
    masker = Masker([key])
    assert masker.mask("MIIEvQIBADANBgkqh") == "***"


def test_a_secret_within_a_longer_one_does_not_leave_the_rest_visible() -> None:
    assert Masker(["token", "token-and-more"]).mask("token-and-more") == "***"


def test_short_secrets_are_not_masked_because_they_would_hide_everything() -> None:
    assert Masker(["a", "1234"]).mask("a 1234") == "a 1234"
    assert Masker(["1234"], min_length=4).mask("1234") == "***"


def test_names_of_secrets_are_known() -> None:
    for name in ("password", "DB_PASSWORD", "my_api_key", "Authorization", "aws_secret_access_key"):
        assert is_sensitive_name(name)
    assert not is_sensitive_name("user")
    assert is_sensitive_name("pin_code", ["pin"])


def test_of_a_stored_document_only_what_is_below_sensitive_names_is_secret() -> None:
    extra = '{"region": "eu-west-1", "nested": {"password": "hunter22", "list": [1]}}'
    assert secrets_of_text(extra, "extra") == ["hunter22"]
    assert secrets_of_text("plain text", "extra") == []
    assert secrets_of_text("plain text", "my_token") == ["plain text"]
    assert "x1x2x3" in secrets_of_text('{"a": "x1x2x3"}', "my_token")


def test_redacting_keeps_the_shape() -> None:
    value = {"user": "me", "password": "x", "deep": [{"token": "y", "empty_token": ""}]}
    assert redact(value) == {
        "user": "me",
        "password": "***",
        "deep": [{"token": "***", "empty_token": ""}],
    }
