"""Sensors in mode `reschedule` that wait for another DAG look when something has ended there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.services.scheduler.conftest import Bench, dag

from slipstream.model.attempt import Attempt, Rescheduled, Succeeded, Watched
from slipstream.model.dag import TaskSpec
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.services.scheduler import watching
from slipstream.testing.fake_executor import Script


class Waits:
    """DAG `d` has a sensor that waits for DAG `other`, whose three tasks take 10 s each."""

    def __init__(self, bench: Bench, *, look_seconds: float = 1.0, **what: object) -> None:
        work = [TaskSpec(task_id="first"), TaskSpec(task_id="g.in", upstream=("first",))]
        work.append(TaskSpec(task_id="last", upstream=("g.in",)))
        bench.store.put_dag(
            dag(tasks=[TaskSpec(task_id="sensor", details={"waits_for_dag": True})])
        )
        bench.store.put_dag(dag("other", tasks=work))
        bench.script = self._script
        bench.scheduler.open()
        self.bench, self.look_seconds, self.what = bench, look_seconds, what
        self.begun = bench.time.now()
        self.looks: list[float] = []
        """When the sensor looked, in seconds from the beginning."""

    def _script(self, attempt: Attempt) -> Script:
        if attempt.task_id != "sensor":
            return Script(outcome=Succeeded(), ends_after=10.0)
        now = self.bench.time.now()
        self.looks.append((now - self.begun).total_seconds())
        watched = Watched(dag_id="other", since=now, **self.what)  # type: ignore[arg-type]
        outcome = Rescheduled(at=now + timedelta(hours=1), watched=watched)
        return Script(outcome=outcome, ends_after=self.look_seconds)


@pytest.mark.parametrize(
    ("what", "ends"),
    [
        ({"task_ids": ("first",)}, [10]),
        ({"task_ids": ("first", "last")}, [10, 30]),
        ({"group_id": "g"}, [20]),
        ({}, [30]),
        ({"task_ids": ("other",)}, []),
    ],
)
def test_it_looks_again_when_what_it_waits_for_has_ended(
    bench: Bench, what: dict[str, object], ends: list[int]
) -> None:
    waits = Waits(bench, **what)
    bench.trigger()
    bench.trigger("other")
    bench.run(60)
    assert waits.looks == [0, *ends]


def test_what_ends_while_it_looks_is_not_missed(bench: Bench) -> None:
    waits = Waits(bench, task_ids=("first",))
    bench.trigger()
    bench.trigger("other")
    bench.run(15)
    # Somebody has waited for that DAG, so its ends are remembered.
    waits.look_seconds = 20.0
    bench.trigger("other", "again")
    bench.run(60)
    # That there is a new run makes it look at 15; the task ends at 25, and the look at 35.
    assert waits.looks == [0, 10, 15, 35]


def test_what_ends_while_the_first_who_waits_looks_is_not_missed(bench: Bench) -> None:
    waits = Waits(bench, task_ids=("first",), look_seconds=20.0)
    bench.trigger("other")
    bench.run(5)
    bench.trigger()
    bench.run(60)
    # It looks at 5; the task ends at 10, and the look at 25.
    assert waits.looks == [5, 25]


def test_what_may_have_ended_meanwhile_is_looked_at_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_MOST_RECENT", 2)
    waits = Waits(bench, task_ids=("first",), look_seconds=40.0)
    bench.trigger("other")
    bench.run(5)
    bench.trigger()
    bench.run(100)
    # The end at 10 is forgotten when the look ends at 45.
    assert waits.looks == [5, 45]


def test_sensors_of_a_run_that_is_read_anew_look_again(bench: Bench) -> None:
    waits = Waits(bench, task_ids=("never",))
    bench.trigger()
    bench.run(10)
    assert waits.looks == [0]
    bench.scheduler = bench.new_scheduler()
    bench.scheduler.open()
    bench.run(10)
    assert waits.looks == [0, 10]


def test_otherwise_it_looks_when_its_interval_is_over(bench: Bench) -> None:
    waits = Waits(bench)
    bench.trigger()
    bench.run(5000)
    assert waits.looks == [0, 3600]


def test_a_change_by_hand_makes_it_look(bench: Bench) -> None:
    waits = Waits(bench, task_ids=("first",))
    other = bench.trigger("other")
    bench.run(20)
    bench.trigger()
    bench.run(5)
    bench.store.set_instances_state(other.pk, [TaskKey("first")], TaskState.FAILED)
    bench.run(5)
    assert waits.looks == [20, 25]


def test_nobody_waits_any_longer_when_the_run_has_ended(bench: Bench) -> None:
    Waits(bench, task_ids=("never",))
    run = bench.trigger()
    bench.run(10)
    assert "1 watchers" in bench.scheduler.leaks()
    bench.store.set_instances_state(run.pk, [TaskKey("sensor")], TaskState.SUCCESS)
    bench.run(10)
    assert bench.state(run) == "success"
    assert "watchers" not in bench.scheduler.leaks()
