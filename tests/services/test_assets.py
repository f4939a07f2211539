"""Producers and consumers on a real scheduler, store and process host."""

from __future__ import annotations

import json

import pytest
from tests.services.deployment import Deployment, eventually

from slipstream.model.asset import WatcherRecord
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.store.records import AssetEventFilter, AssetFilter, RunFilter, Window

pytestmark = pytest.mark.processes

PRODUCER = """
from slipstream.sdk import Asset, AssetAlias, Metadata
A, B, X = Asset("a", "s3://b/a", extra={"of": "a"}), Asset("b"), AssetAlias("x")
with DAG("producer", is_paused_upon_creation=False):
    @task(outlets=[A])
    def first(*, outlet_events):
        outlet_events[A].extra = {"rows": 3}
        return 7
    @task(outlets=[X, B])
    def second():
        yield Metadata(B, {"late": True})
        yield Metadata(Asset("found", "s3://b/found"), {"k": 1}, alias=X)
    first() >> second()
"""

CONSUMER = """
def tell(ti, triggering_asset_events, inlet_events, dag_run):
    said = {
        "triggering": {
            key.name: [
                (e.extra, e.source_task_id, e.source_task_instance.xcom_pull()) for e in events
            ]
            for key, events in triggering_asset_events.items()
        },
        "inlets": [e.extra for e in inlet_events[A]],
        "of": A.ref(name="a").name,
        "type": str(dag_run.run_type),
        "dates": [dag_run.logical_date, dag_run.data_interval_start],
    }
    (HERE / f"said-{ti.dag_id}").write_text(__import__("json").dumps(said))
with DAG("both", schedule=A & B, is_paused_upon_creation=False):
    PythonOperator(task_id="t", python_callable=tell, inlets=[A])
with DAG("alias", schedule=[X], is_paused_upon_creation=False):
    PythonOperator(task_id="t", python_callable=tell, inlets=[A])
with DAG("never", schedule=A & Asset("missing"), is_paused_upon_creation=False):
    EmptyOperator(task_id="t")
"""


def runs_of(deployment: Deployment, dag_id: str) -> list[DagRun]:
    return list(deployment.store.list_runs(RunFilter(dag_ids=[dag_id]), Window()).items)


def only_run(deployment: Deployment, dag_id: str) -> DagRun:
    """The one run of the DAG, when it has ended."""
    eventually(lambda: runs_of(deployment, dag_id), f"a run of {dag_id}")
    (run,) = runs_of(deployment, dag_id)
    ended = deployment.ended(run)
    assert ended.state is RunState.SUCCESS, ended.reason
    return ended


def test_what_a_task_updates_starts_those_that_wait_for_it(deployment: Deployment) -> None:
    deployment.write(PRODUCER + CONSUMER)
    with deployment.running():
        producer = deployment.ended(deployment.trigger("producer"))
        assert producer.state is RunState.SUCCESS
        both, alias = only_run(deployment, "both"), only_run(deployment, "alias")
        said = {
            name: json.loads((deployment.home / f"said-{name}").read_text())
            for name in ("both", "alias")
        }
    assert both.run_type is alias.run_type is RunType.ASSET_TRIGGERED
    assert both.run_id.startswith("asset_triggered__")
    assert both.reason
    assert said["both"]["triggering"] == {
        "a": [[{"rows": 3}, "first", 7]],
        "b": [[{"late": True}, "second", None]],
    }
    assert said["both"]["inlets"] == [{"rows": 3}]
    assert said["both"]["dates"] == [None, None]
    assert said["alias"]["triggering"] == {
        "found": [[{"k": 1}, "second", None]],
        "x": [[{"k": 1}, "second", None]],
    }
    assert runs_of(deployment, "never") == []
    assert {one.asset.name for one in deployment.store.read_asset_queue("never").assets} == {"a"}


def test_a_failed_task_updates_nothing(deployment: Deployment) -> None:
    deployment.write(
        """
from slipstream.sdk import Asset
with DAG("d", is_paused_upon_creation=False):
    def fail(outlet_events):
        outlet_events[Asset("a")].extra = {"rows": 3}
        raise AirflowFailException("no")
    PythonOperator(task_id="t", python_callable=fail, outlets=[Asset("a")])
with DAG("waits", schedule=Asset("a"), is_paused_upon_creation=False):
    EmptyOperator(task_id="t")
"""
    )
    with deployment.running():
        assert deployment.ended(deployment.trigger("d")).state is RunState.FAILED
    assert deployment.store.read_asset_queue("waits").assets == []


WATCHER = """
import asyncio
from slipstream.sdk import Asset, AssetWatcher
from slipstream.sdk._triggers import BaseEventTrigger, TriggerEvent

class Lines(BaseEventTrigger):
    \"\"\"Tells of every line that is added to a file; how far it has come is in a file, too.\"\"\"
    def __init__(self, name):
        super().__init__()
        self.name = name
    def serialize(self):
        return f"{__name__}.Lines", {"name": self.name}
    async def run(self):
        while True:
            lines = (HERE / self.name).read_text().splitlines()
            done = len((HERE / "done").read_text())
            for line in lines[done:]:
                with (HERE / "begun").open("a") as file:
                    file.write(".")
                if line == "die" and len((HERE / "begun").read_text()) == done + 1:
                    raise RuntimeError("it does not like this line")
                if line == "kill" and len((HERE / "begun").read_text()) == done + 2:
                    os.kill(os.getpid(), 9)
                yield TriggerEvent({"line": line})
                with (HERE / "done").open("a") as file:
                    file.write(".")
            await asyncio.sleep(0.02)

watchers = [AssetWatcher("lines", trigger=Lines("lines"))]
for name in ("a", "b"):
    with DAG(f"of_{name}", schedule=Asset(name, watchers=watchers)):
        EmptyOperator(task_id="t")
"""


def watcher(deployment: Deployment) -> WatcherRecord:
    """The watcher of the asset a."""
    (found,) = deployment.store.list_assets(AssetFilter(name="a"), Window()).items[0].watchers
    return found


def test_what_a_watcher_sees_starts_runs_whatever_becomes_of_it(deployment: Deployment) -> None:
    for name in ("done", "begun"):
        (deployment.home / name).touch()
    (deployment.home / "lines").write_text("first\n")
    deployment.write(WATCHER)
    with deployment.running():
        store = deployment.store

        def events() -> list[tuple[str, object]]:
            found = store.list_asset_events(AssetEventFilter(), Window(limit=100)).items
            return [(one.name, one.extra["payload"]) for one in found]

        eventually(lambda: len(events()) == 2, "events of the first line")
        # It fails at the next one, and takes it when it is started again.
        with (deployment.home / "lines").open("a") as file:
            file.write("die\n")
        eventually(lambda: "does not like" in str(watcher(deployment).problem), "its problem")
        eventually(lambda: len(events()) == 4, "events of the second line")
        eventually(lambda: watcher(deployment).problem is None, "the problem to be over")
        # And its whole process dies at the third.
        with (deployment.home / "lines").open("a") as file:
            file.write("kill\n")
        eventually(lambda: len(events()) == 6, "events of the third line")
        eventually(lambda: len((deployment.home / "done").read_text()) == 3, "the watcher to go on")
        wanted = [(n, {"line": line}) for line in ("first", "die", "kill") for n in ("a", "b")]
        assert events() == wanted
        for dag_id in ("of_a", "of_b"):
            eventually(lambda: len(runs_of(deployment, dag_id)) == 3, "three runs")  # noqa: B023
        logs = deployment.home / "logs" / "dag_id=of_a" / "run_id=asset_watchers"
        (log,) = logs.rglob("*.log")
        assert "it does not like this line" in log.read_text()
    assert {run.run_type for run in runs_of(deployment, "of_a")} == {RunType.ASSET_TRIGGERED}


def test_of_two_assets_with_one_name_the_first_is_in_use(deployment: Deployment) -> None:
    body = """
from slipstream.sdk import Asset
with DAG("{dag}", is_paused_upon_creation=False):
    EmptyOperator(task_id="t", outlets=Asset("same", uri="s3://{dag}/x"))
"""
    deployment.write(body.format(dag="first"), "a.py")
    deployment.write(body.format(dag="second"), "b.py")
    with deployment.running():
        first = deployment.ended(deployment.trigger("first"))
        second = deployment.ended(deployment.trigger("second"))
        reason = deployment.reason(second, "t")
    assert (first.state, second.state) == (RunState.SUCCESS, RunState.FAILED)
    assert "not in use: Asset(name='same', uri='s3://second/x')" in reason
    events = deployment.store.list_asset_events(AssetEventFilter(), Window()).items
    assert [event.uri for event in events] == ["s3://first/x"]
