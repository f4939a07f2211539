"""`--num-runs`, `--only-idle` and `--bundle-name`: part of the work, and then the end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream
from tests.cli.servers import PATIENCE_SECONDS, environment, processes_of

pytestmark = pytest.mark.processes

LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"
FILE = """
from pathlib import Path
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator

with Path({log!r}).open("a") as log:
    log.write("{name}\\n")
with DAG("{name}", schedule=None):
    EmptyOperator(task_id="only")
"""


def ran(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "slipstream", *words],
        env={**environment(home), **settings},
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture
def loads(home: Path, slipstream: Slipstream) -> Path:
    """Where each load of a DAG file leaves a line. There are two bundles with a file each."""
    log = home / "loads"
    for name in ("ours", "theirs"):
        (home / name).mkdir(parents=True)
        (home / name / f"{name}.py").write_text(FILE.format(log=str(log), name=name))
    assert slipstream("db", "migrate").code == 0
    return log


def bundles(home: Path) -> dict[str, str]:
    listed = [
        {"name": name, "classpath": LOCAL, "kwargs": {"path": str(home / name)}}
        for name in ("ours", "theirs")
    ]
    return {"SLIPSTREAM__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(listed)}


def dag_ids(slipstream: Slipstream) -> set[str]:
    rows = slipstream("dags", "list", "-o", "json").json
    assert isinstance(rows, list)
    return {str(row["dag_id"]) for row in rows if isinstance(row, dict)}


def test_a_dag_processor_ends_when_it_has_loaded_each_file_so_often(
    home: Path, slipstream: Slipstream, loads: Path
) -> None:
    done = ran(home, "dag-processor", "-n", "2", **bundles(home))
    assert done.returncode == 0, done.stderr
    assert sorted(loads.read_text().split()) == ["ours", "ours", "theirs", "theirs"]
    assert dag_ids(slipstream) == {"ours", "theirs"}
    assert "have been loaded" in done.stdout
    assert not processes_of(home)


def test_a_dag_processor_of_one_bundle_leaves_the_others_alone(
    home: Path, slipstream: Slipstream, loads: Path
) -> None:
    assert ran(home, "dag-processor", "-n", "1", **bundles(home)).returncode == 0
    loads.unlink()
    (home / "ours" / "ours.py").unlink()
    done = ran(home, "dag-processor", "-n", "1", "--bundle-name", "theirs", **bundles(home))
    assert done.returncode == 0, done.stderr
    assert loads.read_text().split() == ["theirs"]
    assert dag_ids(slipstream) == {"ours", "theirs"}


def test_reserializing_one_bundle_leaves_the_others_alone(
    home: Path, slipstream: Slipstream, loads: Path
) -> None:
    assert ran(home, "dags", "reserialize", **bundles(home)).returncode == 0
    loads.unlink()
    (home / "ours" / "ours.py").unlink()
    done = ran(home, "dags", "reserialize", "-B", "theirs", **bundles(home))
    assert done.returncode == 0, done.stderr
    assert "1 DAGs of 1 files" in done.stdout
    assert loads.read_text().split() == ["theirs"]
    assert dag_ids(slipstream) == {"ours", "theirs"}
    assert ran(home, "dags", "reserialize", "-B", "nobodys", **bundles(home)).returncode == 2


def test_a_bundle_that_is_not_there_is_told_with_those_that_are(
    home: Path, slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bundles(home).items():
        monkeypatch.setenv(name, value)
    done = slipstream("dag-processor", "-B", "ours", "-B", "nobodys")
    assert done.code == 2
    assert "no bundle 'nobodys'" in done.err
    assert "ours, theirs" in done.err


@pytest.mark.parametrize("words", [("-n", "2"), ("-n", "1", "--only-idle")])
def test_a_scheduler_ends_after_its_passes(
    home: Path, slipstream: Slipstream, words: tuple[str, ...]
) -> None:
    assert slipstream("db", "migrate").code == 0
    done = ran(home, "scheduler", *words, SLIPSTREAM__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME="0.05")
    assert done.returncode == 0, done.stderr
    assert "made its passes" in done.stdout
    assert "has stopped" in done.stdout
    assert not processes_of(home)


def test_a_scheduler_ends_after_the_passes_of_the_settings(
    home: Path, slipstream: Slipstream
) -> None:
    assert slipstream("db", "migrate").code == 0
    done = ran(home, "scheduler", SLIPSTREAM__SCHEDULER__NUM_RUNS="1")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("noun", ["scheduler", "dag-processor"])
def test_a_number_that_is_none_of_passes_is_refused(slipstream: Slipstream, noun: str) -> None:
    assert slipstream("db", "migrate").code == 0
    done = slipstream(noun, "-n", "0")
    assert done.code == (1 if noun == "scheduler" else 2)
    assert "expected 1 or more, or -1" in done.err
