"""Deferred tasks: what is written before what is done, and in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from tests.services.scheduler.conftest import Bench, chain

from slipstream.executors.interface import Report, Sink
from slipstream.model.attempt import Attempt, Deferred, Succeeded
from slipstream.model.deferral import Fired, TriggerEnd
from slipstream.model.events import TriggerEnded
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import TaskState
from slipstream.services.scheduler import Scheduler
from slipstream.services.triggerer import Waiter
from slipstream.testing.fake_executor import Script

T0 = TaskKey("t0")


class Triggers:
    """A triggerer that a test plays."""

    def __init__(self) -> None:
        self.running: dict[str, Waiter] = {}
        self.dropped: list[tuple[str, TriggerEnd | None]] = []
        self.on_run: Callable[[Waiter], None] = lambda _: None
        self._sink: Sink | None = None

    def start(self, sink: Sink) -> None:
        self._sink = sink

    def run(self, waiters: Sequence[Waiter]) -> None:
        for waiter in waiters:
            self.on_run(waiter)
            self.running[waiter.attempt.attempt_id] = waiter

    def drop(self, attempt_id: str, counted: TriggerEnd | None = None) -> None:
        self.running.pop(attempt_id, None)
        self.dropped.append((attempt_id, counted))

    def end(self, waiter: Waiter, end: TriggerEnd, at: object) -> None:
        attempt = waiter.attempt
        event = TriggerEnded(attempt.key, attempt.attempt_id, at, end)  # type: ignore[arg-type]
        assert self._sink is not None
        self._sink([Report(attempt.run.pk, event)])


@pytest.fixture
def triggers() -> Triggers:
    return Triggers()


@pytest.fixture
def run(bench: Bench, triggers: Triggers) -> DagRun:
    """A run whose first task waits."""

    def script(attempt: Attempt) -> Script:
        waits = attempt.task_id == "t0" and attempt.next_method is None
        outcome = Deferred(trigger_classpath="a.B", method_name="go_on") if waits else Succeeded()
        return Script(outcome=outcome, ends_after=1.0)

    bench.script = script
    bench.store.put_dag(chain(2))
    bench.scheduler = scheduler(bench, triggers)
    bench.scheduler.open()
    run = bench.trigger()
    bench.step()
    bench.time.advance_to(bench.time.now() + timedelta(seconds=1))
    bench.step()
    return run


def scheduler(bench: Bench, triggers: Triggers) -> Scheduler:
    return Scheduler(
        bench.store,
        bench.executor,
        triggerer=triggers,
        clock=bench.time.now,
        new_id=bench.new_id,
    )


def test_a_trigger_runs_once_its_task_is_written_as_deferred(
    bench: Bench, triggers: Triggers, run: DagRun
) -> None:
    (waiter,) = triggers.running.values()
    assert bench.store.instances(run.pk)[T0].state is TaskState.DEFERRED
    assert bench.store.deferral(run.pk, T0) == waiter.deferral
    assert waiter.attempt.key == T0


def test_the_event_and_the_queued_attempt_are_one_commit(
    bench: Bench, triggers: Triggers, run: DagRun
) -> None:
    (waiter,) = triggers.running.values()
    before = bench.store.commits
    end = Fired(payload='"seen"')
    triggers.end(waiter, end, bench.time.now())
    bench.step()
    assert bench.store.commits == before + 1
    assert bench.store.instances(run.pk)[T0].state is TaskState.QUEUED
    kept = bench.store.deferral(run.pk, T0)
    assert kept is not None
    assert kept.event == '"seen"'
    assert bench.submitted[-1].next_event == '"seen"'
    assert triggers.dropped == [(waiter.attempt.attempt_id, end)]
    bench.run()
    assert bench.state(run) == "success"
    assert bench.scheduler.is_idle


def test_an_event_for_a_run_that_is_gone_lets_the_trigger_go(
    bench: Bench, triggers: Triggers, run: DagRun
) -> None:
    (waiter,) = triggers.running.values()
    bench.store.set_instances_state(run.pk, [T0], TaskState.SUCCESS)
    bench.run()
    assert (waiter.attempt.attempt_id, None) in triggers.dropped
    triggers.end(waiter, Fired(), bench.time.now())
    bench.run()
    assert bench.state(run) == "success"
    assert not triggers.running


def test_another_scheduler_runs_the_trigger_again(
    bench: Bench, triggers: Triggers, run: DagRun
) -> None:
    (waiter,) = triggers.running.values()
    triggers.running.clear()
    bench.store.forget_listeners()
    bench.scheduler = scheduler(bench, triggers)
    bench.scheduler.open()
    bench.step()
    (again,) = triggers.running.values()
    assert (again.attempt.key, again.deferral) == (waiter.attempt.key, waiter.deferral)
    triggers.end(again, Fired(), bench.time.now())
    bench.run()
    assert bench.state(run) == "success"
