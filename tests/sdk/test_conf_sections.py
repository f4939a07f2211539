"""A section of the settings as one mapping."""

from __future__ import annotations

import pytest

from slipstream.executors.provided.base_executor import ExecutorConf
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


def test_a_variable_counts_from_when_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert conf.getboolean("smtp", "smtp_ssl") is False
    monkeypatch.setenv("AIRFLOW__SMTP__SMTP_SSL", "True")
    assert conf.getboolean("smtp", "smtp_ssl") is True
    monkeypatch.setenv("SLIPSTREAM__SMTP__SMTP_SSL", "False")
    assert conf.getboolean("smtp", "smtp_ssl") is False
    monkeypatch.delenv("SLIPSTREAM__SMTP__SMTP_SSL")
    monkeypatch.delenv("AIRFLOW__SMTP__SMTP_SSL")
    assert conf.getboolean("smtp", "smtp_ssl") is False


def test_a_team_has_its_own_values_and_otherwise_the_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "9")
    monkeypatch.setenv("AIRFLOW__BLUE___CORE__PARALLELISM", "7")
    assert conf.getint("core", "parallelism") == 9
    assert conf.getint("core", "parallelism", team_name="blue") == 7
    assert conf.getint("core", "parallelism", team_name="red") == 32
    assert ExecutorConf("blue").getint("core", "parallelism") == 7
    assert ExecutorConf().getint("core", "parallelism") == 9
    assert conf.getsection("core", team_name="blue") == {"parallelism": 7}
    assert conf.getsection("core", team_name="red") is None


def test_defaults_of_providers_are_format_strings() -> None:
    assert _unescaped('{{"a": 1}}') == '{"a": 1}'
