"""Logs that are kept elsewhere: carried there when an attempt is over, and read back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.runtime.conftest import PATIENCE_SECONDS, Harness, wait_until

from slipstream.model.attempt import Attempt, Failed, Succeeded
from slipstream.runtime.log_carrier import RemoteLogError
from slipstream.runtime.log_files import log_path_of
from slipstream.wire.messages import LogRead

OWN = """
import os, pathlib
from airflow.config_templates.airflow_local_settings import DEFAULT_LOGGING_CONFIG
from airflow.sdk import Variable
from copy import deepcopy

LOGGING = deepcopy(DEFAULT_LOGGING_CONFIG)

class Shelf:
    folder = pathlib.Path(__file__).parent / "shelf"

    @property
    def processors(self): return (self.keep_line,)

    def keep_line(self, logger, level, line):
        with (self.folder / "lines").open("a") as file:
            print(level, line["event"], os.path.basename(logger._file.name), file=file)
        return line

    def upload(self, path, ti):
        name = Variable.get("shelf")
        if name == "dies": os._exit(7)
        if name == "fails": raise OSError("the shelf is full: s3cret-value")
        (self.folder / name).write_text(
            f"{ti.dag_id} {ti.task_id} {ti.try_number} {ti.run_id} {path}"
        )

    def read(self, relative_path, ti):
        if not (self.folder / "kept").exists(): return [], None
        return ["the shelf"], [(self.folder / "kept").read_text() + "\\nmore"]

REMOTE_TASK_LOG = Shelf()
"""

Configure = Callable[..., None]


@pytest.fixture
def configure(harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Settings of the processes that run people's code."""
    home = tmp_path / "home"
    (home / "config" / "shelf").mkdir(parents=True)
    monkeypatch.setenv("SLIPSTREAM_HOME", str(home))

    def set_all(**settings: object) -> None:
        for key, value in {"base_log_folder": harness.settings.log_dir, **settings}.items():
            monkeypatch.setenv(f"SLIPSTREAM__LOGGING__{key.upper()}", str(value))
        harness.configure(keeps_logs_elsewhere=True)

    return set_all


def read(harness: Harness, attempt: Attempt) -> LogRead:
    return harness.host.read_log(attempt, datetime.now(UTC)).result(PATIENCE_SECONDS)


def test_a_log_goes_to_whatever_fsspec_reaches_and_comes_back(
    harness: Harness, configure: Configure, tmp_path: Path
) -> None:
    configure(
        remote_logging=True,
        remote_base_log_folder=f"file://{tmp_path}/remote",
        delete_local_logs=True,
    )
    source = harness.source(harness.write_tasks("def t(): print('kept for long')"))
    attempt = harness.start(source, "t")
    assert isinstance(harness.wait_ended(attempt), Succeeded)
    local = harness.settings.log_dir / log_path_of(attempt)
    remote = tmp_path / "remote" / log_path_of(attempt)
    wait_until(lambda: remote.exists() and not local.exists())
    assert "kept for long" in remote.read_text()
    found = read(harness, attempt)
    assert found.lines == remote.read_text().splitlines()
    assert found.sources == [f"file://{remote}"]
    # What the same try writes later comes behind it.
    again = harness.start(source, "t")
    assert isinstance(harness.wait_ended(again), Succeeded)
    wait_until(lambda: remote.read_text().count("kept for long") == 2 and not local.exists())
    nothing = harness.attempt(Path(source.fileloc), "other")
    assert read(harness, nothing).lines is None


def test_a_deployments_own_remote_log_is_used(
    harness: Harness, configure: Configure, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "home" / "config"
    (config / "own_logging.py").write_text(OWN)
    configure(logging_config_class="own_logging.LOGGING")
    harness.variables["shelf"] = "kept"
    source = harness.source(harness.write_tasks("def t(): print('hello')"))
    attempt = harness.start(source, "t", try_number=2)
    assert isinstance(harness.wait_ended(attempt), Succeeded)
    kept = config / "shelf" / "kept"
    wait_until(kept.exists)
    path = log_path_of(attempt).as_posix()
    assert kept.read_text() == f"one t 2 run1 {path}"
    assert "info hello attempt=2.log" in (config / "shelf" / "lines").read_text()
    found = read(harness, attempt)
    assert found.sources == ["the shelf"]
    assert found.lines == [f"one t 2 run1 {path}", "more"]
    # One that fails is told of, and the log stays.
    harness.variables["shelf"] = "fails"
    failing = harness.start(source, "t")
    harness.wait_ended(failing)
    wait_until(lambda: "the shelf is full" in caplog.text)
    assert (harness.settings.log_dir / log_path_of(failing)).exists()
    # One that kills the process is tried once more.
    harness.variables["shelf"] = "dies"
    harness.wait_ended(harness.start(source, "t"))
    wait_until(lambda: caplog.text.count("stays on this machine") == 2)
    harness.variables["shelf"] = "after"
    harness.wait_ended(harness.start(source, "t"))
    wait_until((config / "shelf" / "after").exists)


def test_logs_of_the_last_attempts_are_carried_away_before_the_server_ends(
    harness: Harness, configure: Configure, tmp_path: Path
) -> None:
    configure(remote_logging=True, remote_base_log_folder=f"file://{tmp_path}/remote")
    source = harness.source(
        harness.write_tasks(
            """
            def t():
                print("waiting")
                time.sleep(600)
            """
        )
    )
    attempt = harness.start(source, "t")
    harness.wait_in_log(attempt, "waiting")
    harness.stop(5.0)
    assert "Attempt lost" in (tmp_path / "remote" / log_path_of(attempt)).read_text()


def test_settings_that_lead_nowhere_are_said(harness: Harness, configure: Configure) -> None:
    configure(remote_logging=True)
    attempt = harness.attempt(harness.dags / "one.py", "t")
    with pytest.raises(RemoteLogError, match="does not say where logs"):
        read(harness, attempt)


def test_a_task_that_was_killed_has_its_log_kept(
    harness: Harness, configure: Configure, tmp_path: Path
) -> None:
    configure(remote_logging=True, remote_base_log_folder=f"file://{tmp_path}/remote")
    source = harness.source(harness.write_tasks("def t(): os.kill(os.getpid(), signal.SIGKILL)"))
    attempt = harness.start(source, "t")
    assert isinstance(harness.wait_ended(attempt), Failed)
    remote = tmp_path / "remote" / log_path_of(attempt)
    wait_until(lambda: remote.exists() and "SIGKILL" in remote.read_text())
