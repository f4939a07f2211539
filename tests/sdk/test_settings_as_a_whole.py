"""`conf.as_dict()`: every setting at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from slipstream.sdk import conf
from slipstream.sdk._conf import read_settings_anew


@pytest.fixture(autouse=True)
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SLIPSTREAM__CORE__PARALLELISM", "7")
    monkeypatch.setenv("SLIPSTREAM__CORE__FERNET_KEY", "hush")
    monkeypatch.setenv("SLIPSTREAM__MINE__API_KEY", "hush")
    read_settings_anew()
    yield
    monkeypatch.undo()
    read_settings_anew()


def test_all_sections_are_there_and_secrets_are_hidden() -> None:
    settings = conf.as_dict()
    assert settings["core"]["parallelism"] == "7"
    assert settings["core"]["fernet_key"] == "< hidden >"
    assert settings["mine"]["api_key"] == "< hidden >"
    assert "scheduler" in settings


def test_secrets_are_shown_to_who_asks_for_them() -> None:
    assert conf.as_dict(display_sensitive=True)["core"]["fernet_key"] == "hush"


def test_each_value_can_say_where_it_comes_from() -> None:
    value, source = conf.as_dict(display_source=True)["core"]["parallelism"]
    assert value == "7"
    assert "SLIPSTREAM__CORE__PARALLELISM" in source
