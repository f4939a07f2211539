"""Links that a task has put where its log is expected."""

from __future__ import annotations

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client
from tests.api.test_logs import TASKS, events, line, prepared, written

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.model.states import TaskState
from slipstream.store.interface import Store

SECRET = line("the key is abc")
UI = "/ui/dags/etl/runs/first/tasks/extract/logs/1"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder outside, laid out as the log folder is for the task."""
    path = tmp_path / "outside"
    path.mkdir()
    (path / "attempt=1.log").write_text(SECRET)
    return path


def is_without_log(api: Client) -> None:
    answer = api.get(f"{TASKS}/extract/logs/1")
    assert answer.status_code == 200
    [said] = events(answer.json())
    assert "There is no log of this try" in said
    for path in (f"{UI}/piece", f"{UI}/hits?text=key", f"{UI}/file", f"{UI}/stream"):
        answer = api.get(path)
        assert answer.status_code == 200, path
        assert "the key" not in answer.text, path


def test_a_log_that_leads_out_is_not_served_and_that_is_said_once(
    api: Client,
    store: Store,
    settings: ApiSettings,
    outside: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    prepared(store, TaskState.SUCCESS)
    log = written(settings, "")
    log.unlink()
    log.symlink_to(outside / "attempt=1.log")
    with caplog.at_level(logging.WARNING):
        is_without_log(api)
    said = [record.message for record in caplog.records if "leads out" in record.message]
    assert len(said) == 1
    assert str(log) in said[0]


def test_a_folder_on_the_way_that_leads_out_is_not_followed(
    api: Client, store: Store, settings: ApiSettings, outside: Path
) -> None:
    prepared(store, TaskState.SUCCESS)
    folder = written(settings, "").parent
    (folder / "attempt=1.log").unlink()
    folder.rmdir()
    folder.symlink_to(outside)
    is_without_log(api)


def test_what_is_no_file_is_no_log(api: Client, store: Store, settings: ApiSettings) -> None:
    prepared(store, TaskState.SUCCESS)
    log = written(settings, "")
    log.unlink()
    os.mkfifo(log)
    is_without_log(api)
    log.unlink()
    log.symlink_to(log)
    is_without_log(api)
    log.unlink()
    log.mkdir()
    is_without_log(api)


def test_links_within_the_log_folder_and_to_it_are_followed(
    portal: BlockingPortal, store: Store, settings: ApiSettings, tmp_path: Path
) -> None:
    prepared(store, TaskState.SUCCESS)
    log = written(settings, line("moved"))
    log.rename(log.with_name("archived"))
    log.symlink_to("archived")
    link = tmp_path / "a link to the logs"
    link.symlink_to(settings.log_dir, target_is_directory=True)
    api = Client(portal, create_app(store, settings=replace(settings, log_dir=link)))
    answer = api.get(f"{TASKS}/extract/logs/1")
    assert events(answer.json()) == ["moved"]
