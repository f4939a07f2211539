"""A scheduler on a real store, with real processes, and DAG files of the test's own."""

from __future__ import annotations

import os
import textwrap
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from slipstream.executors.local import LocalExecutor
from slipstream.model.attempt import Attempt
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RUN_FINISHED, RunType, TaskState
from slipstream.model.version import DagVersion
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source
from slipstream.runtime.settings import HostSettings
from slipstream.services.callbacks import CallbackService
from slipstream.services.execution import ExecutionService
from slipstream.services.scheduler import Scheduler
from slipstream.services.timetables import QuestionService
from slipstream.services.triggerer.local import LocalTriggerer
from slipstream.services.triggerer.watching import LocalWatchers
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import InstanceFilter, NewRun
from slipstream.wire.questions import Answered, Question

T = TypeVar("T")

PATIENCE_SECONDS = 60.0

HEADER = """
import os, time
from datetime import datetime, timedelta
from pathlib import Path
from slipstream.sdk import (
    DAG, BaseOperator, Label, TaskGroup, Variable, dag, get_current_context, task, task_group
)
from slipstream.sdk.exceptions import AirflowFailException, AirflowSkipException
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python import PythonOperator
"""


def eventually(look: Callable[[], T | None], what: str = "") -> T:
    """What `look` gives, as soon as it gives something; it is asked again and again."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what or look} gave nothing for {PATIENCE_SECONDS} s")


class Deployment:
    """Everything that `slipstream standalone` has but the web, in this process."""

    def __init__(self, home: Path, store: Store) -> None:
        self.home = home
        self.dags = home / "dags"
        self.dags.mkdir(parents=True, exist_ok=True)
        self.store = store
        self.service = ExecutionService(store, ask_timetable=self.ask)
        self.settings = HostSettings(
            log_dir=home / "logs",
            run_dir=home / "run",
            dags_folders=[self.dags],
            kill_grace_seconds=5.0,
            timeout_grace_seconds=1.0,
        )
        self._versions: dict[str, DagVersion] = {}

    @contextmanager
    def running(self, parallelism: int = 8) -> Iterator[Deployment]:
        """The host, the scheduler and the callbacks are at work within the block."""
        self.host = ProcessHost(self.settings, self.service.answer)
        self.host.start()
        try:
            for version in self._parse():
                self._versions[version.dag_id] = version
            find = partial(_source_of, self.store)
            executor = LocalExecutor(self.host, parallelism, find)
            callbacks = CallbackService(self.store, self.host.call_back, find)
            find_version = partial(_source_of_version, self.store)
            self.questions = QuestionService(self.host.ask, find_version)
            watchers = LocalWatchers(self.host, self.store)
            self.scheduler = Scheduler(
                self.store,
                executor,
                triggerer=LocalTriggerer(self.host, find, watchers),
                watchers=watchers,
                timetables=self.questions.ask,
                callbacks_owed=callbacks.wake,
            )
            self.scheduler.start()
            callbacks.start()
            try:
                yield self
            finally:
                callbacks.stop()
                watchers.stop()
                self.scheduler.stop(0)
        finally:
            self.host.stop(0)
        assert not self.scheduler.defects

    def ask(self, question: Question, version_id: str) -> Answered:
        """What the DAG's own code says."""
        return self.questions.ask_and_wait(question, version_id)

    def write(self, body: str, name: str = "one.py") -> Path:
        """A DAG file; `HERE` in it is the home."""
        path = self.dags / name
        path.write_text(f"{HEADER}HERE = Path({str(self.home)!r})\n{textwrap.dedent(body)}")
        return path

    def _parse(self) -> Iterator[DagVersion]:
        for path in sorted(self.dags.glob("*.py")):
            parsed = self.host.parse(path, self.dags).result(PATIENCE_SECONDS)
            assert parsed.error is None, parsed.error
            self.store.record_parsed([parsed])
            for spec in parsed.dags:
                self.store.set_paused([spec.dag_id], False)
                yield self.store.get_dag(spec.dag_id).latest

    def trigger(
        self,
        dag_id: str = "d",
        run_id: str = "r",
        *,
        at: datetime | None = None,
        conf: Mapping[str, str] | None = None,
        run_type: RunType = RunType.MANUAL,
    ) -> DagRun:
        """A run that begins at once; `at` is its logical date."""
        now = datetime.now(UTC)
        return self.store.create_run(
            NewRun(
                dag_id=dag_id,
                run_id=run_id,
                run_type=run_type,
                version_id=self._versions[dag_id].version_id,
                run_after=min(at or now, now),
                logical_date=at or now,
                conf=conf or {},
                triggered_by="test",
            )
        )

    def ended(self, run: DagRun) -> DagRun:
        """The run, once it has ended."""

        def look() -> DagRun | None:
            found = self.store.get_run(run.dag_id, run.run_id)
            return found if found.state in RUN_FINISHED else None

        return eventually(look, f"the end of {run.run_id}")

    def run(self, dag_id: str = "d", run_id: str = "r") -> DagRun:
        """A run from its trigger to its end."""
        return self.ended(self.trigger(dag_id, run_id))

    def states(self, run: DagRun) -> dict[str, str]:
        """`{task id, with the map index in brackets: state}`."""
        which = InstanceFilter(dag_ids=[run.dag_id], run_ids=[run.run_id])
        return {
            entry.instance.task_id
            if entry.instance.map_index < 0
            else f"{entry.instance.task_id}[{entry.instance.map_index}]": entry.instance.state.value
            for entry in self.store.iterate_instances(which)
        }

    def reason(self, run: DagRun, task_id: str) -> str:
        """Why a task instance is where it is."""
        return self.store.get_instance(run.dag_id, run.run_id, TaskKey(task_id)).instance.reason

    def wait_state(self, run: DagRun, task_id: str, state: TaskState) -> None:
        """Wait until a task instance is in that state."""

        eventually(lambda: self.states(run).get(task_id) == state, f"{task_id} to be {state}")

    def said(self, name: str = "said", lines: int = 1) -> list[str]:
        """The lines of a file in the home that DAGs write to, once there are so many."""
        path = self.home / name
        return eventually(
            lambda: (
                found
                if path.exists() and len(found := path.read_text().splitlines()) >= lines
                else None
            ),
            f"{lines} lines in {name}",
        )

    def variable(self, key: str) -> str:
        """A variable, once it is set."""
        return eventually(lambda: self.store.get_variable(key), f"the variable {key}").value


def _source_of(store: Store, attempt: Attempt) -> Source:
    return _source_of_version(store, attempt.run.version_id)


def _source_of_version(store: Store, version_id: str) -> Source:
    version = store.get_version(version_id)
    return Source(
        fileloc=version.fileloc,
        source_hash=version.source_hash,
        read=lambda: store.get_sources(version.source_hash),
    )


@contextmanager
def deployment_in(home: Path) -> Iterator[Deployment]:
    """A deployment on a database file in that folder, not yet running."""
    home.mkdir(parents=True, exist_ok=True)
    os.chmod(home, 0o700)
    store = open_store(f"sqlite:///{home}/store.db", xcom_url=str(home / "xcom"))
    store.migrate()
    try:
        yield Deployment(home, store)
    finally:
        store.close()
