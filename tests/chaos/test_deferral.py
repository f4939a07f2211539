"""Deferred tasks on a real server, whose processes die at bad moments."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from tests.chaos.conftest import children_of, kill, root_zygote
from tests.cli.servers import RunningServer, eventually, processes_of, running

from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import NewRun

pytestmark = pytest.mark.processes

TRIGGERS = """
import asyncio
import os
from pathlib import Path

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

RECORD = Path(__file__).parent.parent / "record"


def note(what):
    with open(RECORD / "log", "a") as record:
        record.write(f"{what} {os.getpid()}\\n")


class FileTrigger(BaseTrigger):
    def __init__(self, name):
        super().__init__()
        self.name = name

    def serialize(self):
        return "triggers.FileTrigger", {"name": self.name}

    async def run(self):
        self.log.info("waiting for %s", self.name)
        note("begin")
        while not (RECORD / self.name).exists():
            await asyncio.sleep(0.01)
        yield TriggerEvent({"found": self.name})

    async def on_kill(self):
        note(f"on_kill-{self.name}")

    async def cleanup(self):
        note("cleanup")


class EndTrigger(FileTrigger):
    def serialize(self):
        return "triggers.EndTrigger", {"name": self.name}

    async def run(self):
        yield TaskSuccessEvent(xcoms={"return_value": "from the trigger"})


class GiveUpTrigger(FileTrigger):
    def serialize(self):
        return "triggers.GiveUpTrigger", {"name": self.name}

    async def run(self):
        yield TaskFailedEvent()
"""

DAG_FILE = """
from datetime import timedelta

from airflow.models.baseoperator import BaseOperator
from airflow.sdk import DAG
from airflow.triggers.base import StartTriggerArgs
from triggers import EndTrigger, FileTrigger, GiveUpTrigger, note


class Waits(BaseOperator):
    def __init__(self, file="there", trigger=FileTrigger, wait=None, times=1, **kwargs):
        super().__init__(**kwargs)
        self.file, self.trigger, self.wait, self.times = file, trigger, wait, times

    def execute(self, context):
        note(f"execute-{self.task_id}")
        self.defer(
            trigger=self.trigger(self.file),
            method_name="go_on",
            kwargs={"left": self.times - 1},
            timeout=self.wait,
        )

    def go_on(self, context, event=None, left=0):
        note(f"go_on-{self.task_id}")
        print("goes on with", event)
        if left:
            more = {"left": left - 1}
            self.defer(trigger=FileTrigger(self.file), method_name="go_on", kwargs=more)
        return {"event": event, "try": context["ti"].try_number}


class Starts(Waits):
    start_from_trigger = True
    start_trigger_args = StartTriggerArgs(
        trigger_cls="triggers.FileTrigger",
        trigger_kwargs={"name": "there"},
        next_method="go_on",
        next_kwargs={"left": 0},
        timeout=None,
    )


class Unknown(FileTrigger):
    def serialize(self):
        return "not_there.Trigger", {}


def tell(context):
    note(f"callback-{context['ti'].state}")


with DAG("waiting", schedule=None, is_paused_upon_creation=False) as dag:
    Waits(task_id="waits", retries=2)
    Waits(task_id="twice", times=2)
    Waits(task_id="too_long", file="never", wait=timedelta(seconds=0.1))
    Waits(task_id="unknown", trigger=Unknown)
    Waits(task_id="ended", trigger=EndTrigger, on_success_callback=tell)
    Waits(task_id="given_up", trigger=GiveUpTrigger, on_failure_callback=tell)
    Starts(task_id="starts")
"""


@dataclass
class Waiting:
    """A home with a DAG whose tasks wait."""

    home: Path
    store: Store

    def trigger(self) -> DagRun:
        """Start a run, once the DAG is known."""
        version = eventually(self._version)
        return self.store.create_run(
            NewRun(
                dag_id="waiting",
                run_id="run",
                run_type=RunType.MANUAL,
                version_id=version,
                run_after=self.store.get_dag("waiting").last_parsed_at,
                triggered_by=TriggeredBy.TEST,
            )
        )

    def _version(self) -> str | None:
        try:
            return self.store.get_dag("waiting").latest.version_id
        except NotFoundError:
            return None

    def instance(self, task_id: str) -> TaskInstance:
        """A task of the run."""
        return self.store.get_instance("waiting", "run", TaskKey(task_id)).instance

    def wait_for(self, task_id: str, state: TaskState) -> TaskInstance:
        """The instance, once it is in that state."""

        def look() -> TaskInstance | None:
            try:
                found = self.instance(task_id)
            except NotFoundError:
                return None
            return found if found.state is state else None

        return eventually(look)

    def let_fire(self) -> None:
        """What the triggers wait for comes."""
        (self.home / "record" / "there").touch()

    def notes(self) -> list[str]:
        """What was written down, without process numbers."""
        log = self.home / "record" / "log"
        return [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []

    def log(self, task_id: str) -> list[str]:
        """The lines of the task's first try."""
        (path,) = (self.home / "logs").glob(f"**/task_id={task_id}/attempt=1.log")
        return [json.loads(line)["event"] for line in path.read_text().splitlines()]

    def xcom(self, task_id: str) -> object:
        """What the task returned."""
        found = self.store.get_xcom(
            dag_id="waiting", run_id="run", task_id=task_id, map_index=-1, key="return_value"
        )
        return None if found is None else json.loads(found.value)


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    home = tmp_path / "home"
    with closing(made(home, f"sqlite:///{home / 'slipstream.db'}")) as store:
        yield Waiting(home, store)


def made(home: Path, url: str) -> Store:
    """A home with the DAG, and the store at the URL."""
    (home / "dags").mkdir(parents=True)
    (home / "record").mkdir()
    (home / "dags" / "waiting.py").write_text(DAG_FILE)
    (home / "dags" / "triggers.py").write_text(TRIGGERS)
    store = open_store(url, xcom_url=str(home / "xcom"))
    store.migrate()
    return store


def test_tasks_wait_without_a_process_and_go_on(waiting: Waiting) -> None:
    with running(waiting.home, "standalone") as server:
        waiting.trigger()
        for task_id in ("waits", "twice", "starts"):
            waiting.wait_for(task_id, TaskState.DEFERRED)
        assert "triggers.FileTrigger since" in waiting.instance("waits").reason
        health = server.get("/api/v2/monitor/health")
        assert isinstance(health, dict)
        assert health["triggerer"]["status"] == "healthy"
        waiting.let_fire()
        for task_id in ("waits", "twice", "starts", "ended"):
            assert waiting.wait_for(task_id, TaskState.SUCCESS).try_number == 1
        for task_id in ("too_long", "unknown", "given_up"):
            assert waiting.wait_for(task_id, TaskState.FAILED).try_number == 1
        eventually(lambda: {"callback-success", "callback-failed"} <= set(waiting.notes()))
        assert server.end() == 0
    assert waiting.xcom("waits") == {"event": {"found": "there"}, "try": 1}
    assert waiting.xcom("ended") == "from the trigger"
    assert waiting.notes().count("go_on-twice") == 2
    assert waiting.notes().count("execute-starts") == 0
    assert waiting.notes().count("go_on-starts") == 1
    lines = waiting.log("waits")
    order = ["waiting for there", "goes on with {'found': 'there'}"]
    assert [line for line in lines if line in order] == order
    assert sum("Task started" in line for line in lines) == 2
    assert "TaskDeferralTimeout" in waiting.instance("too_long").reason
    assert any("No module named 'not_there'" in line for line in waiting.log("unknown"))
    assert processes_of(waiting.home) == []


def test_a_wait_survives_the_death_of_everything(waiting: Waiting) -> None:
    with running(waiting.home, "standalone") as server:
        waiting.trigger()
        waiting.wait_for("waits", TaskState.DEFERRED)
        waiting.wait_for("starts", TaskState.DEFERRED)
        eventually(lambda: waiting.notes().count("begin") >= 3)
        server.end(signal.SIGKILL)
    eventually(lambda: not processes_of(waiting.home))
    before = waiting.notes().count("begin")
    with running(waiting.home, "standalone") as server:
        eventually(lambda: waiting.notes().count("begin") >= before + 3)
        kill(triggers_of(waiting, server))
        eventually(lambda: waiting.notes().count("begin") >= before + 6)
        waiting.let_fire()
        for task_id in ("waits", "twice", "starts"):
            waiting.wait_for(task_id, TaskState.SUCCESS)
        assert server.end() == 0
    assert waiting.notes().count("go_on-waits") == 1
    assert waiting.notes().count("execute-waits") == 1
    assert waiting.notes().count("go_on-twice") == 2
    assert "on_kill-there" not in waiting.notes()


@pytest.mark.parametrize("how", ["cleared", "marked", "run marked"])
def test_who_ends_a_wait_ends_its_trigger(waiting: Waiting, how: str) -> None:
    with running(waiting.home, "standalone") as server:
        run = waiting.trigger()
        waiting.wait_for("waits", TaskState.DEFERRED)
        eventually(lambda: waiting.notes().count("begin") >= 3)
        match how:
            case "cleared":
                waiting.store.clear_instances(run.pk, [TaskKey("waits")])
            case "marked":
                waiting.store.set_instances_state(run.pk, [TaskKey("waits")], TaskState.FAILED)
            case _:
                waiting.store.set_run_state("waiting", "run", RunState.FAILED)
        eventually(lambda: "on_kill-there" in waiting.notes())
        eventually(lambda: "cleanup" in waiting.notes())
        if how == "cleared":
            waiting.let_fire()
            assert waiting.wait_for("waits", TaskState.SUCCESS).try_number == 2
        assert server.end() == 0


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def test_a_killed_triggerers_triggers_go_on_in_another(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    home = tmp_path / "home"
    url = (
        f"sqlite:///{home / 'slipstream.db'}"
        if database == "sqlite"
        else request.getfixturevalue("postgres_server").new_database()
    )
    with closing(made(home, url)) as store:
        waiting = Waiting(home, store)
        (home / "slipstream.toml").write_text(f'[database]\nsql_alchemy_conn = "{url}"\n')
        with (
            running(home, "standalone") as server,
            running(home, "triggerer") as first,
            running(home, "triggerer", "--skip-serve-logs") as second,
        ):
            eventually(lambda: len(store.list_triggerers()) == 2)
            waiting.trigger()
            for task_id in ("waits", "twice", "starts"):
                waiting.wait_for(task_id, TaskState.DEFERRED)
            eventually(lambda: waiting.notes().count("begin") >= 3)
            owners = {ancestor_of(pid, first, second) for pid in beginners(waiting)}
            assert owners == {first.process.pid, second.process.pid}
            first.end(signal.SIGKILL)
            orders = eventually(lambda: store.trigger_orders() if gone(store) else None)
            assert {one.triggerer_pk for one in orders} == {store.list_triggerers()[0].pk}
            waiting.let_fire()
            for task_id in ("waits", "twice", "starts", "ended"):
                waiting.wait_for(task_id, TaskState.SUCCESS)
            eventually(lambda: not store.trigger_orders())
            # Without any triggerer the scheduler's server runs them itself.
            assert second.end() == 0
            eventually(lambda: not store.list_triggerers())
            assert server.end() == 0
        assert waiting.notes().count("go_on-waits") == 1
        assert waiting.notes().count("go_on-twice") == 2
        assert waiting.notes().count("go_on-starts") == 1
        assert waiting.notes().count("callback-success") == 1
        assert "on_kill-there" not in waiting.notes()


def gone(store: Store) -> bool:
    """Whether the killed triggerer was noticed, and what it had is another's."""
    known = [one.pk for one in store.list_triggerers()]
    return len(known) == 1 and all(one.triggerer_pk in known for one in store.trigger_orders())


def beginners(waiting: Waiting) -> set[int]:
    """The processes that triggers have begun in."""
    lines = (waiting.home / "record" / "log").read_text().splitlines()
    return {int(line.split()[1]) for line in lines if line.startswith("begin")}


def ancestor_of(pid: int, *servers: RunningServer) -> int:
    """Which of the servers has started the process."""
    above = {parent.pid for parent in psutil.Process(pid).parents()}
    (owner,) = above & {server.process.pid for server in servers}
    return owner


def triggers_of(waiting: Waiting, server: RunningServer) -> int:
    """The process that triggers run in: the last that a trigger noted down."""
    log = (waiting.home / "record" / "log").read_text().splitlines()
    pid = int([line for line in log if line.startswith("begin")][-1].split()[1])
    assert pid in children_of(root_zygote(server.process.pid))
    return pid
