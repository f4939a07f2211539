"""A real server with a DAG of two hundred tasks, each of which keeps a record of its doings."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cli.servers import eventually

from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun
from slipstream.model.states import RunType, TaskState, TriggeredBy
from slipstream.model.version import DagVersion
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import InstanceFilter, NewRun

LAYERS, WIDTH = 10, 20
TASKS = LAYERS * WIDTH

DAG_FILE = f"""
import fcntl
import os
import time
from datetime import timedelta
from pathlib import Path

from slipstream.sdk import DAG
from slipstream.sdk.operators.python import PythonOperator

RECORD = Path(__file__).parent.parent / "record"


def note(what, name):
    line = f"{{what}} {{name}} {{os.getpid()}}\\n".encode()
    record = os.open(RECORD / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(record, line)
    os.close(record)


def work(name):
    # The lock is let go of when its process ends, however that comes about.
    lock = os.open(RECORD / name, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        note("overlap", name)
    note("start", name)
    time.sleep(0.05)
    note("end", name)


with DAG("chaos", schedule=None, is_paused_upon_creation=False, max_active_tasks=16) as dag:
    layers = []
    for layer in range({LAYERS}):
        names = [f"t{{layer}}_{{place}}" for place in range({WIDTH})]
        tasks = [
            PythonOperator(
                task_id=name,
                python_callable=work,
                op_args=[name],
                retries=3,
                retry_delay=timedelta(0),
            )
            for name in names
        ]
        for place, task in enumerate(tasks):
            if layers:
                task.set_upstream([layers[-1][place], layers[-1][(place * 7 + 3) % {WIDTH}]])
        layers.append(tasks)
"""


@dataclass
class Deployment:
    """A home, its store, and what its tasks have recorded."""

    home: Path
    store: Store

    def trigger(self) -> DagRun:
        """Start the run, once the DAG is known."""
        version = eventually(self._version)
        now = version.created_at
        return self.store.create_run(
            NewRun(
                dag_id="chaos",
                run_id="run",
                run_type=RunType.MANUAL,
                version_id=version.version_id,
                run_after=now,
                logical_date=now,
                triggered_by=TriggeredBy.TEST,
            )
        )

    def _version(self) -> DagVersion | None:
        try:
            return self.store.get_dag("chaos").latest
        except NotFoundError:
            return None

    def wait_for(self, ends: int) -> None:
        """Until so many tasks have ended."""
        eventually(lambda: self.counts()["end"] >= ends)

    def wait_for_end(self) -> str:
        """The state of the run once it has ended."""
        return eventually(self._end_state)

    def _end_state(self) -> str | None:
        run = self.store.get_run("chaos", "run")
        return run.state.value if run.end_date is not None else None

    def lines(self) -> Sequence[tuple[str, str, int]]:
        """`(what, task, process)` as the tasks wrote them, in order."""
        try:
            text = (self.home / "record" / "log").read_text()
        except FileNotFoundError:
            return []
        return [(what, name, int(pid)) for what, name, pid in map(str.split, text.splitlines())]

    def counts(self) -> Counter[str]:
        """How many lines of each kind there are."""
        return Counter(what for what, _, _ in self.lines())

    def running_tasks(self) -> Sequence[int]:
        """Processes of tasks that have begun and not ended."""
        begun = {pid: name for what, name, pid in self.lines() if what == "start"}
        ended = {pid for what, _, pid in self.lines() if what == "end"}
        return [pid for pid in begun if pid not in ended and Path(f"/proc/{pid}").exists()]

    def states(self) -> Counter[TaskState]:
        """How many task instances are in which state."""
        found = self.store.iterate_instances(InstanceFilter(dag_ids=["chaos"]))
        return Counter(entry.instance.state for entry in found)

    def check_record(self) -> None:
        """Every task was done, and none by two processes at once."""
        counts = self.counts()
        assert counts["overlap"] == 0
        done = {name for what, name, _ in self.lines() if what == "end"}
        assert len(done) == TASKS
        assert self.states() == {TaskState.SUCCESS: TASKS}


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "record").mkdir()
    (home / "dags" / "chaos.py").write_text(DAG_FILE)
    store = open_store(f"sqlite:///{home / 'slipstream.db'}", xcom_url=str(home / "xcom"))
    store.migrate()
    yield Deployment(home, store)
    store.close()


def children_of(pid: int) -> list[int]:
    """The processes whose parent that is."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(entry.name))
    return sorted(found)


def root_zygote(server: int) -> int:
    """The server's child that tasks descend from: it has children of its own."""
    return eventually(lambda: next((pid for pid in children_of(server) if children_of(pid)), None))


def kill(pid: int) -> None:
    """At once, without a word."""
    os.kill(pid, signal.SIGKILL)
