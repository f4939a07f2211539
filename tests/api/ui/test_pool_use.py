"""How many slots of a pool were taken."""

from __future__ import annotations

from datetime import timedelta

from tests.api.conftest import Client
from tests.api.making import NOON, a_run, recorded

from slipstream.api.ui.pool_use import most_taken
from slipstream.model.changes import InstancesAdded
from slipstream.model.run import TaskInstance
from slipstream.model.states import TaskState
from slipstream.store.interface import Store
from slipstream.store.records import PoolSpan, RunWrite

HOUR = timedelta(hours=1)


def test_each_stretch_has_the_most_that_was_taken_at_once() -> None:
    spans = [
        PoolSpan(2, NOON, NOON + 2 * HOUR),
        PoolSpan(1, NOON + 1.25 * HOUR, NOON + 1.5 * HOUR),
        PoolSpan(3, NOON + 2 * HOUR, NOON + 3.5 * HOUR),
        PoolSpan(4, NOON + 4 * HOUR, None),
    ]
    assert most_taken(spans, NOON, NOON + 6 * HOUR, 6) == [2, 3, 3, 3, 4, 4]


def test_nothing_is_taken_by_nothing() -> None:
    assert most_taken([], NOON, NOON + HOUR, 3) == [0, 0, 0]


def test_what_runs_takes_slots_until_now(api: Client, store: Store) -> None:
    run = a_run(store, recorded(store))
    instance = TaskInstance(
        run_pk=run.pk, task_id="extract", state=TaskState.RUNNING, start_date=NOON
    )
    assert not store.apply([RunWrite(run.pk, 0, [InstancesAdded((instance,))])])
    answer = api.get("/ui/pools/default_pool/use", params={"hours": 1}).json()
    assert len(answer["times"]) == len(answer["most"])
    assert answer["most"][-1] == 1
    assert api.get("/ui/pools/none/use").status_code == 404
