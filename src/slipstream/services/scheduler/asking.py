"""What is known of a timetable that a DAG's author has written, which is asked elsewhere."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from slipstream.core.timetable import Interval, RunInfo
from slipstream.services.scheduler.dags import KnownDag
from slipstream.services.scheduler.inbox import Inbox
from slipstream.wire.questions import (
    Answered,
    DeadlineQuestion,
    PlannedRun,
    Question,
    TimetableAsk,
    TimetableQuestion,
)

_AT_ONCE = 25
"""Runs of the past that one question asks for, where all of them are caught up."""

_AFTER_FAILURE = (timedelta(seconds=10), timedelta(minutes=10))
_AFTER_NOTHING = (timedelta(minutes=5), timedelta(hours=1))
"""How long to wait before a timetable is asked again, at first and at most: each time twice as
long. Nobody tells that it would answer otherwise now."""


class AsksTimetables(Protocol):
    """Asks a DAG's own timetable, in a process of that version of its file."""

    def ask(
        self,
        question: Question,
        version_id: str,
        then: Callable[[Answered, datetime], None],
    ) -> None:
        """Put the question; `then` is called with the answer, later, on the scheduler's thread."""


Asker: TypeAlias = Callable[[Question, str, Callable[[Answered], None]], None]
"""Puts a question to the timetable of a DAG version; calls back with the answer, in any thread."""


class Timetables:
    """Timetables whose answers come to the scheduler's own thread."""

    def __init__(self, ask: Asker, inbox: Inbox, clock: Callable[[], datetime]) -> None:
        self._ask = ask
        self._inbox = inbox
        self._clock = clock

    def ask(
        self,
        question: Question,
        version_id: str,
        then: Callable[[Answered, datetime], None],
    ) -> None:
        """Put the question."""

        def answered(answer: Answered) -> None:
            self._inbox.call(lambda: then(answer, self._clock()))

        self._ask(question, version_id, answered)


class NoTimetables:
    """Where no code of people's can be run: the question is never answered."""

    def ask(
        self,
        question: Question,
        version_id: str,
        then: Callable[[Answered, datetime], None],
    ) -> None:
        """Say so."""
        del version_id
        at = question.run.run_after if isinstance(question, DeadlineQuestion) else question.at
        then(Answered(error="this scheduler has no process to ask it in"), at)


class Asking:
    """Answers that are not used up, and when to ask again."""

    def __init__(self) -> None:
        self._ahead: deque[RunInfo] = deque()
        self._is_asking = False
        self._in_vain = 0
        self.problem = ""
        """Why there is no answer, for people; empty where there is one."""
        self.again_at: datetime | None = None

    def next(self) -> RunInfo | None:
        """The next run, as far as the answers go."""
        return self._ahead.popleft() if self._ahead else None

    def is_due(self, now: datetime) -> bool:
        """Whether it is time to ask."""
        return not self._is_asking and (self.again_at is None or self.again_at <= now)

    def begin(self) -> None:
        """It is being asked."""
        self._is_asking = True
        self.again_at = None

    def take(self, answer: Answered, now: datetime) -> None:
        """It has answered, or could not."""
        self._is_asking = False
        self.problem = "" if answer.error is None else f"Its timetable failed: {answer.error}"
        if answer.error is None and answer.runs:
            self._in_vain = 0
            self._ahead.extend(run_of(run) for run in answer.runs)
            return
        self.again_at = now + pause_after(self._in_vain, failed=answer.error is not None)
        self._in_vain += 1


def pause_after(in_vain: int, *, failed: bool) -> timedelta:
    """How long to wait before code of a DAG is asked again, after so many questions in vain."""
    first, most = _AFTER_FAILURE if failed else _AFTER_NOTHING
    return min(first * (1 << min(in_vain, 16)), most)


def question_of(dag: KnownDag, last: RunInfo | None, now: datetime) -> TimetableQuestion:
    """What to ask the timetable of the DAG."""
    return TimetableQuestion(
        dag_id=dag.dag_id,
        ask=TimetableAsk.NEXT,
        at=now,
        last=None if last is None else planned_of(last),
        earliest=dag.spec.start_date,
        latest=dag.spec.end_date,
        catchup=dag.spec.catchup,
        most=_AT_ONCE if dag.spec.catchup else 1,
    )


def run_of(planned: PlannedRun) -> RunInfo:
    """The run that the timetable gave."""
    start, end = planned.interval_start, planned.interval_end
    return RunInfo(
        run_after=planned.run_after,
        interval=None if start is None or end is None else Interval(start, end),
        partition_key=planned.partition_key,
        partition_date=planned.partition_date,
        run_id=planned.run_id,
    )


def planned_of(run: RunInfo) -> PlannedRun:
    """A run as questions name it."""
    return PlannedRun(
        run_after=run.run_after,
        interval_start=run.interval and run.interval.start,
        interval_end=run.interval and run.interval.end,
        partition_key=run.partition_key,
        partition_date=run.partition_date,
    )
