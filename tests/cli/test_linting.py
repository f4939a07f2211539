"""`slipstream config lint` and `config update`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

CFG = """\
# Ours, from 2019.
[core]
dags_folder = /dags
# How many.
dag_concurrency = 5
sql_alchemy_conn = postgresql://ada:hush@there/db
logging_level: DEBUG
non_sense = 1
  and more

[webserver]
web_server_port = 9000
own = kept

[logging]
base_log_folder = /logs
"""


@pytest.fixture
def cfg(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `airflow.cfg` of an old Airflow."""
    file = tmp_path / "airflow.cfg"
    file.write_text(CFG)
    monkeypatch.setenv("AIRFLOW_CONFIG", str(file))
    return file


def test_what_is_out_of_date_is_named_with_what_it_is_today(
    slipstream: Slipstream, cfg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__STATSD_ON", "True")
    done = slipstream("config", "lint")
    assert done.code == 1
    for line in (
        "[core] dag_concurrency is [core] max_active_tasks_per_dag today; it still counts.",
        "[core] sql_alchemy_conn is [database] sql_alchemy_conn today; it still counts.",
        "[core] non_sense is no setting of Airflow 3 or of Slipstream; it has no effect.",
        "[webserver] web_server_port is [api] port today; it still counts.",
        "[scheduler] statsd_on is [metrics] statsd_on today; it still counts.",
    ):
        assert line in done.out
    assert len(done.out.splitlines()) == 6
    assert "hush" not in done.out
    some = slipstream("config", "lint", "--section", "core", "--ignore-option", "non_sense").out
    assert len(some.splitlines()) == 3
    assert slipstream("config", "lint", "--option", "dags_folder").code == 0


def test_a_file_gets_todays_names_and_means_the_same(slipstream: Slipstream, cfg: Path) -> None:
    names = (
        ("core", "max_active_tasks_per_dag"),
        ("database", "sql_alchemy_conn"),
        ("logging", "logging_level"),
        ("logging", "base_log_folder"),
        ("api", "port"),
        ("webserver", "own"),
    )

    def values() -> list[str]:
        return [slipstream("config", "get-value", *one, "--show-secrets").out for one in names]

    before = values()
    assert before[0] == "5\n"
    told = slipstream("config", "update")
    assert cfg.read_text() == CFG
    assert "--fix does it" in told.out
    slipstream("config", "update", "--fix")
    assert values() == before
    assert cfg.with_name("airflow.cfg.bak").read_text() == CFG
    text = cfg.read_text()
    assert "# How many." in text
    assert "\nnon_sense = 1\n  and more\n" in text
    assert slipstream("config", "lint", "--ignore-option", "non_sense").code == 0
    slipstream("config", "update", "--fix", "--all-recommendations")
    assert "\n# non_sense = 1\n#   and more\n" in cfg.read_text()
    assert slipstream("config", "lint").code == 0
    assert slipstream("config", "update", "--fix").out == "There is nothing to change.\n"
