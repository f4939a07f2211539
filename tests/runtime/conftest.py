"""A process host with DAG files of the test's own, and what became of the attempts."""

from __future__ import annotations

import json
import queue
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from slipstream.model.attempt import Attempt, Outcome
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.model.ids import new_uuid7
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.model.version import ParsedFile
from slipstream.runtime import processes
from slipstream.runtime.environment import LINEAGE
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source, source_of
from slipstream.runtime.log_files import log_path_of
from slipstream.runtime.settings import HostSettings
from slipstream.wire import execution

PATIENCE_SECONDS = 30.0
"""How long anything may take; far more than it does."""

NOW = datetime(2026, 1, 2, tzinfo=UTC)

HEADER = """
import logging, os, signal, subprocess, sys, threading, time
from slipstream.sdk import DAG
from slipstream.sdk.operators.python import PythonOperator
from slipstream.sdk.operators.bash import BashOperator
"""


def wait_until(condition: Callable[[], Any], what: str = "") -> None:
    """Wait for something that announces itself in no other way; bounded."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE_SECONDS} s in vain: {what or condition}")
        time.sleep(0.002)


def marked_processes(run_dir: Path) -> list[int]:
    """Every living process that a server with this run folder has started."""
    mark = f"{run_dir}|".encode()
    return [
        pid
        for pid in processes.all_pids()
        if processes.environment_of(pid).get(LINEAGE.encode(), b"").startswith(mark)
        and processes.is_alive(pid)
    ]


class Harness:
    """A host and the folder that it works in."""

    def __init__(self, home: Path) -> None:
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        self.settings = HostSettings(
            log_dir=home / "logs",
            run_dir=home / "run",
            dags_folders=[self.dags],
            hostname="testhost",
            kill_grace_seconds=10.0,
            timeout_grace_seconds=1.0,
            linger_seconds=5.0,
        )
        self.variables: dict[str, str] = {}
        self.xcoms: dict[tuple[str, str], str] = {}
        self.connections: dict[str, execution.ConnectionFound] = {}
        self.asked: list[execution.Request] = []
        self.events: queue.SimpleQueue[tuple[Attempt, AttemptStarted | AttemptEnded]] = (
            queue.SimpleQueue()
        )
        self.seen: list[tuple[Attempt, AttemptStarted | AttemptEnded]] = []
        self._host: ProcessHost | None = None

    @property
    def host(self) -> ProcessHost:
        """The host, started when it is first needed."""
        if self._host is None:
            self._host = ProcessHost(self.settings, self.answer)
            self._host.start(lambda events: [self.events.put(event) for event in events] and None)
        return self._host

    def configure(self, **changes: Any) -> None:
        """Change settings before the host starts."""
        assert self._host is None
        self.settings = replace(self.settings, **changes)

    def write(self, name: str, body: str) -> Path:
        """A file in the DAGs folder."""
        path = self.dags / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(body))
        return path

    def write_tasks(self, body: str, name: str = "one.py") -> Path:
        """A DAG file `one` whose functions (not beginning with _) are one task each."""
        tasks = """
with DAG("one") as dag:
    for name, function in list(globals().items()):
        if callable(function) and getattr(function, "__module__", None) == __name__:
            if not name.startswith("_"):
                PythonOperator(task_id=name, python_callable=function, **ARGUMENTS.get(name, {}))
"""
        return self.write(name, HEADER + "ARGUMENTS = {}\n" + textwrap.dedent(body) + tasks)

    def parse(self, path: Path) -> ParsedFile:
        """Load a file."""
        return self.host.parse(path, self.dags).result(PATIENCE_SECONDS)

    def source(self, path: Path) -> Source:
        """The version of the file as it is now."""
        parsed = self.parse(path)
        assert parsed.error is None, parsed.error
        return source_of(str(path), parsed.sources)

    def attempt(self, path: Path, task_id: str, **changes: Any) -> Attempt:
        """A fresh attempt of a task."""
        run = DagRun(
            pk=7,
            dag_id=changes.pop("dag_id", "one"),
            run_id="run1",
            run_type=RunType.MANUAL,
            state=RunState.RUNNING,
            version_id="",
            run_after=NOW,
            logical_date=NOW,
            data_interval_start=NOW,
            data_interval_end=NOW,
        )
        return Attempt(
            attempt_id=new_uuid7(), run=run, task_id=task_id, fileloc=str(path), **changes
        )

    def start(self, source: Source, task_id: str, **changes: Any) -> Attempt:
        """Start an attempt."""
        attempt = self.attempt(Path(source.fileloc), task_id, **changes)
        self.host.run(attempt, source)
        return attempt

    def next_event(self) -> tuple[Attempt, AttemptStarted | AttemptEnded]:
        """What the host says next."""
        event = self.events.get(timeout=PATIENCE_SECONDS)
        self.seen.append(event)
        return event

    def wait_started(self, attempt: Attempt) -> AttemptStarted:
        """The attempt's start."""
        while True:
            for of, event in self.seen:
                if of.attempt_id == attempt.attempt_id and isinstance(event, AttemptStarted):
                    return event
            self.next_event()

    def wait_ended(self, attempt: Attempt) -> Outcome:
        """The attempt's end."""
        while True:
            for of, event in self.seen:
                if of.attempt_id == attempt.attempt_id and isinstance(event, AttemptEnded):
                    return event.outcome
            self.next_event()

    def run(self, source: Source, task_id: str, **changes: Any) -> Outcome:
        """Run a task to its end."""
        return self.wait_ended(self.start(source, task_id, **changes))

    def log(self, attempt: Attempt) -> list[Mapping[str, Any]]:
        """The lines of the attempt's log."""
        path = self.settings.log_dir / log_path_of(attempt)
        return [json.loads(line) for line in path.read_text().splitlines()]

    def log_text(self, attempt: Attempt) -> str:
        """The attempt's log as it stands in the file."""
        return (self.settings.log_dir / log_path_of(attempt)).read_text()

    def events_in_log(self, attempt: Attempt, logger: str) -> list[str]:
        """What one logger wrote."""
        return [line["event"] for line in self.log(attempt) if line["logger"] == logger]

    def wait_in_log(self, attempt: Attempt, text: str) -> None:
        """Wait until the text stands in the log."""
        path = self.settings.log_dir / log_path_of(attempt)
        wait_until(lambda: path.exists() and text in path.read_text(), f"{text!r} in the log")

    def answer(self, attempt: Attempt | None, request: execution.Request) -> execution.Answer:
        """A small world for tasks to ask."""
        self.asked.append(request)
        match request:
            case execution.GetVariable(key=key):
                return execution.Text(value=self.variables.get(key))
            case execution.SetVariable(key=key, value=value):
                self.variables[key] = value
                return execution.Done()
            case execution.GetConnection(conn_id=conn_id):
                return self.connections.get(conn_id, execution.Missing())
            case execution.SetXCom(task_id=task_id, key=key, value=value):
                self.xcoms[task_id, key] = value
                return execution.Done()
            case execution.GetXCom(task_id=task_id, key=key):
                return execution.Text(value=self.xcoms.get((task_id, key)))
            case execution.GetAsset(name=name, uri=uri):
                return execution.AssetFound(
                    name=name or uri or "", uri=uri or name or "", group="asset", extra={}
                )
            case _:
                return execution.Refused(code="internal", message="not in this test")

    def processes(self) -> list[int]:
        """Everything alive that descends from the host."""
        return marked_processes(self.settings.run_dir)

    def stop(self, grace_seconds: float = 5.0) -> None:
        """Stop the host."""
        if self._host is not None:
            self._host.stop(grace_seconds)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    """A host that has left no process when the test is over."""
    before = set(psutil.Process().children(recursive=True))
    found = Harness(tmp_path)
    yield found
    found.stop(0.0)
    left = set(psutil.Process().children(recursive=True)) - before
    assert not left, f"processes are left over: {left}"
