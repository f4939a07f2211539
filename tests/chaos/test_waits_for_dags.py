"""Tasks that wait for another DAG, on real servers that are killed, are told at once of its end.

Their `poke_interval` is far longer than the tests' patience: who looks by the clock is too late.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.servers import PATIENCE_SECONDS, eventually, processes_of, running

from slipstream.model.errors import NotFoundError
from slipstream.model.run import TaskKey
from slipstream.model.states import RunType, TaskState, TriggeredBy
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import NewRun

pytestmark = pytest.mark.processes

NOW = datetime.now(UTC)
SECONDS = 600
assert SECONDS > 4 * PATIENCE_SECONDS

DAG_FILE = f"""
import time
from pathlib import Path

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import DAG, task

THERE = Path(__file__).parent.parent / "there"
COMMON = dict(poke_interval={SECONDS})

with DAG("other", schedule=None, is_paused_upon_creation=False):

    @task
    def makes():
        while not THERE.exists():
            time.sleep(0.01)

    makes()

with DAG("waits", schedule=None, is_paused_upon_creation=False):
    for name, options in {{
        "deferred": dict(deferrable=True),
        "deferred_for_task": dict(deferrable=True, external_task_id="makes"),
        "poke": dict(mode="poke"),
        "reschedule": dict(mode="reschedule", external_task_id="makes"),
    }}.items():
        ExternalTaskSensor(task_id=name, external_dag_id="other", **options, **COMMON)
    TriggerDagRunOperator(
        task_id="triggers",
        trigger_dag_id="other",
        wait_for_completion=True,
        deferrable=True,
        **COMMON,
    )
"""
DEFERRED = ("deferred", "deferred_for_task", "triggers")
TASKS = (*DEFERRED, "poke", "reschedule")


@dataclass
class Waiting:
    """A home with a DAG whose tasks wait for another one."""

    home: Path
    store: Store

    def trigger(self, dag_id: str) -> None:
        version = eventually(lambda: self._version(dag_id))
        self.store.create_run(
            NewRun(
                dag_id=dag_id,
                run_id="run",
                run_type=RunType.MANUAL,
                version_id=version,
                run_after=NOW,
                logical_date=NOW,
                triggered_by=TriggeredBy.TEST,
            )
        )

    def _version(self, dag_id: str) -> str | None:
        try:
            return self.store.get_dag(dag_id).latest.version_id
        except NotFoundError:
            return None

    def state(self, task_id: str) -> TaskState | None:
        try:
            return self.store.get_instance("waits", "run", TaskKey(task_id)).instance.state
        except NotFoundError:
            return None

    def wait_for(self, state: TaskState, *task_ids: str) -> None:
        for task_id in task_ids:
            eventually(lambda task_id=task_id: self.state(task_id) is state)

    def is_followed(self) -> bool:
        """Whether the one triggerer that lives is told of the other DAG."""
        known = {one.pk for one in self.store.list_triggerers()}
        found = self.store.followed_dags()
        return (
            {one.triggerer_pk for one in found} == known
            and len(known) == 1
            and all(one.dag_id == "other" and one.changes > 0 for one in found)
        )


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def waiting(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Waiting]:
    home = tmp_path / "home"
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "waits.py").write_text(DAG_FILE)
    url = (
        f"sqlite:///{home / 'slipstream.db'}"
        if request.param == "sqlite"
        else request.getfixturevalue("postgres_server").new_database()
    )
    (home / "slipstream.toml").write_text(f'[database]\nsql_alchemy_conn = "{url}"\n')
    with closing(open_store(url, xcom_url=str(home / "xcom"))) as store:
        store.migrate()
        yield Waiting(home, store)
    assert processes_of(home) == []


@pytest.mark.parametrize("killed", ["nobody", "triggerer", "server"])
def test_who_waits_in_a_triggerer_of_its_own_is_told_whoever_dies(
    waiting: Waiting, killed: str
) -> None:
    with ExitStack() as servers:
        server = servers.enter_context(running(waiting.home, "standalone"))
        triggerer = servers.enter_context(running(waiting.home, "triggerer"))
        eventually(waiting.store.list_triggerers)
        waiting.trigger("other")
        waiting.trigger("waits")
        waiting.wait_for(TaskState.DEFERRED, *DEFERRED)
        waiting.wait_for(TaskState.RUNNING, "poke")
        waiting.wait_for(TaskState.UP_FOR_RESCHEDULE, "reschedule")
        eventually(lambda: len(waiting.store.trigger_orders()) == len(DEFERRED))
        eventually(waiting.is_followed)
        match killed:
            case "triggerer":
                second = servers.enter_context(running(waiting.home, "triggerer"))
                eventually(lambda: len(waiting.store.list_triggerers()) == 2)
                triggerer.end(signal.SIGKILL)
                triggerer = second
                eventually(waiting.is_followed)
            case "server":
                # What the other DAG comes to while nobody schedules is seen by the next server.
                server.end(signal.SIGKILL)
                (waiting.home / "there").touch()
                server = servers.enter_context(running(waiting.home, "standalone"))
        (waiting.home / "there").touch()
        waiting.wait_for(TaskState.SUCCESS, *TASKS)
        eventually(lambda: not waiting.store.trigger_orders())
        assert triggerer.end() == 0
        assert server.end() == 0
    assert not waiting.store.followed_dags()
