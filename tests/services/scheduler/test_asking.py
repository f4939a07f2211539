"""Timetables of users: asked elsewhere, again when they fail, and never waited for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tests.services.scheduler.conftest import Bench, chain

from slipstream.core.timetable import Interval, next_run
from slipstream.model.schedule import Custom, Delta
from slipstream.testing.virtual_time import START
from slipstream.wire.questions import Answered, PlannedRun, TimetableQuestion

MINE = Custom(importable="plugins.Mine")
HOURLY = Delta(delta=timedelta(hours=1))
HOUR = timedelta(hours=1)


class Author:
    """A timetable that goes by the hour, in a process that is slow to answer."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.asked: list[TimetableQuestion] = []
        self.broken = ""
        self.never = False

    def ask(
        self, question: TimetableQuestion, version_id: str, then: Callable[[Answered], None]
    ) -> None:
        assert self.bench.store.get_version(version_id).dag_id == question.dag_id
        self.asked.append(question)
        self.bench.time.call_in(0.5, lambda: then(self.answer(question)))

    def answer(self, question: TimetableQuestion) -> Answered:
        if self.broken or self.never:
            return Answered(error=self.broken or None)
        found: list[PlannedRun] = []
        last = None if question.last is None else _interval(question.last)
        while len(found) < question.most and (not found or found[-1].run_after <= question.at):
            run = next_run(
                HOURLY,
                last=last,
                start_date=question.earliest,
                end_date=question.latest,
                catchup=question.catchup,
                now=question.at,
            )
            if run is None:
                break
            found.append(
                PlannedRun(
                    run_after=run.run_after,
                    interval_start=run.span.start,
                    interval_end=run.span.end,
                    run_id=f"mine_{run.run_after:%d_%H}",
                )
            )
            last = run.span
        return Answered(runs=found)


def _interval(run: PlannedRun) -> Interval:
    return Interval(run.interval_start or run.run_after, run.interval_end or run.run_after)


def with_author(bench: Bench, **more: object) -> Author:
    author = Author(bench)
    bench.store.put_dag(chain(1, schedule=MINE, start_date=START - 3 * HOUR, **more))
    bench.store.take_notices()
    bench.scheduler = bench.new_scheduler(timetables=author.ask)
    bench.scheduler.open()
    return author


def made(bench: Bench) -> list[str]:
    return [run.run_id for run in bench.store.runs()]


def next_at(bench: Bench) -> datetime | None:
    return bench.store.get_dag("d").next_run_after


def test_its_runs_are_made_when_they_are_due_under_its_names(bench: Bench) -> None:
    author = with_author(bench)
    bench.run(seconds=2.5 * 3600)
    assert made(bench) == ["mine_01_00", "mine_01_01", "mine_01_02"]
    assert next_at(bench) == START + 3 * HOUR
    assert len(author.asked) == 4
    assert author.asked[1].last == PlannedRun(
        run_after=START, interval_start=START, interval_end=START
    )


def test_many_runs_of_the_past_are_one_question(bench: Bench) -> None:
    author = with_author(bench, catchup=True)
    bench.run(seconds=60)
    assert made(bench) == ["mine_31_21", "mine_31_22", "mine_31_23", "mine_01_00"]
    assert len(author.asked) == 1


def test_a_failure_is_told_and_the_question_put_again_ever_later(bench: Bench) -> None:
    author = with_author(bench)
    author.broken = "KeyError: 'holidays'"
    bench.run(seconds=60)
    problem = bench.store.get_dag("d").schedule_problem
    assert problem == "Its timetable failed: KeyError: 'holidays'"
    # After 10, 20, … seconds.
    assert len(author.asked) == 3
    assert made(bench) == []
    author.broken = ""
    bench.run(seconds=60)
    assert bench.store.get_dag("d").schedule_problem == ""
    assert made(bench) == ["mine_01_00"]


def test_one_that_has_no_run_is_asked_again_later(bench: Bench) -> None:
    author = with_author(bench)
    author.never = True
    bench.run(seconds=3000)
    assert len(author.asked) == 4  # after 5, 10 and 20 minutes
    assert next_at(bench) is None
    assert bench.store.get_dag("d").schedule_problem == ""


def test_a_new_version_is_asked_at_once_and_an_old_answer_does_not_count(bench: Bench) -> None:
    author = with_author(bench)
    author.broken = "it is old"
    bench.step()
    author.broken = ""
    bench.store.put_dag(chain(1, schedule=MINE, start_date=START + HOUR))
    bench.run(seconds=60)
    assert len(author.asked) == 2
    assert bench.store.get_dag("d").schedule_problem == ""
    assert next_at(bench) == START + HOUR


def test_without_a_process_to_ask_the_problem_is_told(bench: Bench) -> None:
    bench.store.put_dag(chain(1, schedule=MINE, start_date=START))
    bench.scheduler.open()
    bench.step()
    assert "no process" in bench.store.get_dag("d").schedule_problem
