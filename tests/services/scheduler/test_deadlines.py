"""Deadlines under the real scheduler, on virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.services.scheduler.conftest import Bench, chain

from slipstream.model.attempt import Succeeded
from slipstream.model.deadline import DeadlineKind, DeadlineSpec
from slipstream.model.run import DagRun
from slipstream.testing.fake_executor import Script
from slipstream.testing.virtual_time import START
from slipstream.wire.questions import Answered, DeadlineQuestion, Question

MINUTE = timedelta(minutes=1)


def by(kind: DeadlineKind, minutes: float = 5, **more: object) -> DeadlineSpec:
    interval = timedelta(minutes=minutes)
    return DeadlineSpec(kind=kind, interval=interval, **more)  # type: ignore[arg-type]  # its fields


def ready(bench: Bench, *deadlines: DeadlineSpec, minutes: float = 10, **more: object) -> None:
    bench.script = lambda attempt: Script(outcome=Succeeded(), ends_after=minutes * 60)
    bench.store.put_dag(chain(1, deadlines=deadlines, **more))
    bench.scheduler.open()


def missed(bench: Bench) -> list[tuple[str, datetime | None]]:
    return [(one.run_id, one.missed_at) for one in bench.store.deadlines.owed]


@pytest.mark.parametrize(
    ("deadline", "at"),
    [
        (by(DeadlineKind.QUEUED_AT), START + 5 * MINUTE),
        (by(DeadlineKind.LOGICAL_DATE), START + 5 * MINUTE),
        (by(DeadlineKind.FIXED, 1, at=START + 2 * MINUTE), START + 3 * MINUTE),
        (by(DeadlineKind.FIXED, -9, at=START), START),
        (by(DeadlineKind.QUEUED_AT, 15), None),
        (by(DeadlineKind.AVERAGE_RUNTIME, max_runs=2, min_runs=1), None),
    ],
)
def test_a_deadline_is_missed_when_its_moment_comes(
    bench: Bench, deadline: DeadlineSpec, at: datetime | None
) -> None:
    ready(bench, deadline)
    bench.trigger()
    bench.run(seconds=3600)
    assert missed(bench) == ([] if at is None else [("r1", at)])
    kept = bench.store.list_deadlines("d")
    assert all(one.met_at is None or one.missed_at is None for one in kept)


def test_of_the_average_of_the_latest_runs(bench: Bench) -> None:
    ready(bench, by(DeadlineKind.AVERAGE_RUNTIME, 1, max_runs=3, min_runs=2))
    for number in (1, 2):
        bench.trigger(run_id=f"r{number}", days=-number)
        bench.run(seconds=3600)
    bench.script = lambda attempt: Script(outcome=Succeeded(), ends_after=1200)
    now = bench.time.now()
    bench.trigger(run_id="r3")
    bench.run(seconds=3600)
    assert missed(bench) == [("r3", now + 11 * MINUTE)]


def test_the_average_is_that_of_runs_before_however_often_it_is_reckoned(bench: Bench) -> None:
    ready(bench, by(DeadlineKind.AVERAGE_RUNTIME, 1, max_runs=3, min_runs=1))
    bench.script = lambda attempt: Script(
        outcome=Succeeded(), ends_after=7200 if attempt.run.run_id == "long" else 60
    )
    bench.trigger(run_id="long", days=-1)
    bench.trigger(run_id="short", days=-2)
    bench.run(seconds=600)
    assert list(bench.store.run_durations("d", 3, bench.time.now())) == [MINUTE]
    bench.store.forget_listeners()
    bench.scheduler = bench.new_scheduler()
    bench.scheduler.open()
    bench.run(seconds=3600)
    assert missed(bench) == []


def test_several_of_one_dag_are_told_one_by_one_and_those_in_time_are_met(bench: Bench) -> None:
    ready(bench, *(by(DeadlineKind.QUEUED_AT, minutes) for minutes in (3, 6, 30)))
    bench.trigger()
    bench.run(seconds=3600)
    assert [at for _, at in missed(bench)] == [START + 3 * MINUTE, START + 6 * MINUTE]
    assert bench.store.list_deadlines("d")[0].met_at == START + 10 * MINUTE
    assert not bench.scheduler.leaks()


def test_it_is_watched_while_the_run_waits_and_by_the_next_scheduler(bench: Bench) -> None:
    ready(bench, by(DeadlineKind.QUEUED_AT))
    bench.store.set_paused(["d"], True)
    bench.trigger()
    bench.run(seconds=60)
    bench.store.forget_listeners()
    bench.scheduler = bench.new_scheduler()
    bench.time.advance_to(START + 20 * MINUTE)
    bench.scheduler.open()
    bench.run(seconds=60)
    assert missed(bench) == [("r1", START + 20 * MINUTE)]


def test_a_cleared_run_gets_those_of_its_queue_anew(bench: Bench) -> None:
    ready(bench, by(DeadlineKind.QUEUED_AT), by(DeadlineKind.LOGICAL_DATE))
    run = bench.trigger()
    bench.run(seconds=3600)
    assert len(missed(bench)) == 2
    bench.store.clear_instances(run.pk, bench.keys("t0"))
    bench.run(seconds=3600)
    assert missed(bench)[2:] == [("r1", START + 65 * MINUTE)]


def test_a_run_that_ends_or_goes_has_no_deadline_any_more(bench: Bench) -> None:
    ready(bench, by(DeadlineKind.QUEUED_AT), minutes=1)
    bench.trigger()
    other = bench.trigger(run_id="r2", days=1)
    bench.run(seconds=30)
    bench.store.delete_run("d", other.run_id)
    bench.run(seconds=3600)
    assert missed(bench) == []


def test_what_the_authors_code_says_is_asked(bench: Bench) -> None:
    asked: list[DeadlineQuestion] = []

    def ask(question: Question, version_id: str, then: Callable[[Answered], None]) -> None:
        assert isinstance(question, DeadlineQuestion)
        asked.append(question)
        answers = [
            Answered(moment=START + 4 * MINUTE),
            Answered(interval_seconds=120.0),
            Answered(error="KeyError: 'x'"),
        ]
        bench.time.call_in(1.0, lambda: then(answers[question.index]))

    bench.scheduler = bench.new_scheduler(timetables=ask)
    by_variable = replace(by(DeadlineKind.QUEUED_AT), interval=None)
    ready(bench, by(DeadlineKind.CUSTOM), by_variable, by(DeadlineKind.CUSTOM))
    run: DagRun = bench.trigger()
    bench.run(seconds=3600)
    assert [question.run.pk for question in asked] == [run.pk] * 3
    assert [at for _, at in missed(bench)] == [START + 2 * MINUTE, START + 4 * MINUTE]


def test_other_dags_are_not_looked_at(bench: Bench) -> None:
    bench.store.put_deadlines = None  # type: ignore[method-assign,assignment]  # it must not be called
    ready(bench)
    bench.trigger()
    bench.run(seconds=3600)
    assert bench.store.list_deadlines("d") == []
