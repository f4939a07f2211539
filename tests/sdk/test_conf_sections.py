"""A section of the settings as one mapping."""

from __future__ import annotations

import pytest

from slipstream.sdk import conf
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._provider_info import _unescaped


def test_a_section_gives_numbers_and_truth_values_and_leaves_out_what_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLIPSTREAM__SMTP__SMTP_PORT", "2525")
    read_settings_anew()
    section = conf.getsection("smtp")
    assert section is not None
    assert section["smtp_port"] == 2525
    assert section["smtp_starttls"] is True
    assert section["smtp_host"] == "localhost"
    assert "before_send" not in (conf.getsection("sentry") or {})
    assert conf.getsection("nobodys") is None


def test_defaults_of_providers_are_format_strings() -> None:
    assert _unescaped('{{"a": 1}}') == '{"a": 1}'
