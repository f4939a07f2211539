"""Deadlines of runs: reckoned when a run is first seen, watched by timers, missed once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from slipstream.core.deadlines import due_at, is_renewed
from slipstream.model.deadline import DeadlineKind, DeadlineSpec
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun
from slipstream.services.scheduler.asking import AsksTimetables
from slipstream.services.scheduler.dags import DagBook
from slipstream.services.scheduler.keys import DeadlineTimer, TimerKey
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.services.scheduler.timers import Timers
from slipstream.store.deadline_records import DeadlineRecord, ReckonedDeadline
from slipstream.wire.questions import Answered, DeadlineQuestion

_log = logging.getLogger(__name__)


class Deadlines:
    """Costs a DAG without deadlines one look at its version for each run.

    What is reckoned is kept, so that a run that is read again has the same deadlines; one that is
    missed is written with the callback that is owed for it, in one transaction.
    """

    def __init__(
        self,
        store: SchedulingStore,
        dags: DagBook,
        timers: Timers[TimerKey],
        ask: AsksTimetables,
    ) -> None:
        self._store = store
        self._dags = dags
        self._timers = timers
        self._ask = ask
        self._to_reckon: dict[int, DagRun] = {}
        self._answers: list[tuple[DagRun, ReckonedDeadline]] = []
        self._watched: dict[int, list[int]] = {}
        """`{run: its open deadlines}`."""
        self._with_deadlines: set[int] = set()
        """Runs that have not ended, of which deadlines are kept."""
        self._must_meet_all = False
        self._due: list[int] = []
        self._ended: list[int] = []

    @property
    def is_due(self) -> bool:
        """Whether there is something to do."""
        some = self._to_reckon or self._answers or self._due or self._ended
        return bool(some) or self._must_meet_all

    def seen(self, run: DagRun) -> None:
        """The run waits or runs. It may have been seen before."""
        dag = self._dags.get(run.dag_id)
        if dag is None or (dag.version_id == run.version_id and not dag.spec.deadlines):
            return
        self._to_reckon[run.pk] = run

    def read_all(self) -> None:
        """Everything is read again: what ended unseen has to be found."""
        self._must_meet_all = True

    def fired(self, number: int) -> None:
        """The moment of that deadline has come."""
        self._due.append(number)

    def ended(self, run_pk: int) -> None:
        """The run has ended: what it has not missed, it has met."""
        if run_pk in self._with_deadlines:
            self._with_deadlines.discard(run_pk)
            self._ended.append(run_pk)
        self.forget(run_pk)

    def forget(self, run_pk: int) -> None:
        """The run is read again, or gone: watch for it no longer."""
        self._to_reckon.pop(run_pk, None)
        for number in self._watched.pop(run_pk, ()):
            self._timers.drop(DeadlineTimer(number))

    def work(self, callbacks_owed: Callable[[], None]) -> None:
        """Write what is to be written. Raises `StoreError`; what was not done is done by the next
        call."""
        while self._to_reckon:
            run_pk, run = next(iter(self._to_reckon.items()))
            self._reckon(run)
            self._to_reckon.pop(run_pk, None)
        while self._answers:
            run, reckoned = self._answers[-1]
            self._watch(run, self._store.put_deadlines(run, [reckoned]))
            self._answers.pop()
        if self._due:
            missed = self._store.miss_deadlines(self._due)
            self._due.clear()
            for deadline in missed:
                _log.warning(
                    "Run %s of %s has missed its deadline%s of %s",
                    deadline.run_id,
                    deadline.dag_id,
                    "" if deadline.name is None else f" {deadline.name!r}",
                    deadline.due_at,
                )
            # Even where nothing is new: a call that seemed to fail may have been carried out.
            callbacks_owed()
        if self._must_meet_all:
            self._store.meet_deadlines(None)
            self._must_meet_all = False
        if self._ended:
            self._store.meet_deadlines(self._ended)
            self._ended.clear()

    def _reckon(self, run: DagRun) -> None:
        try:
            deadlines = self._store.get_version(run.version_id).spec.deadlines
        except NotFoundError:
            return
        if not deadlines:
            return
        averages = [one.max_runs for one in deadlines if one.kind is DeadlineKind.AVERAGE_RUNTIME]
        durations = self._durations(run, max(averages)) if averages else ()
        known = [
            self._reckoned(at, deadline, due_at(deadline, run, durations, deadline.interval))
            for at, deadline in enumerate(deadlines)
            if deadline.kind is not DeadlineKind.CUSTOM and deadline.interval is not None
        ]
        open_ones = self._store.put_deadlines(run, known)
        self._watch(run, open_ones)
        for at, deadline in enumerate(deadlines):
            if deadline.is_asked:
                self._put_question(run, at, deadline)

    def _put_question(self, run: DagRun, at: int, deadline: DeadlineSpec) -> None:
        """Ask the DAG's code for the moment, or for the interval that a variable has."""
        question = DeadlineQuestion(dag_id=run.dag_id, index=at, run=run)

        def answered(answer: Answered, _when: datetime) -> None:
            if answer.error is not None:
                _log.error(
                    "The deadline %s of run %s of %s could not be reckoned, and is not watched: %s",
                    deadline.name or at,
                    run.run_id,
                    run.dag_id,
                    answer.error,
                )
                return
            moment = answer.moment
            if deadline.kind is not DeadlineKind.CUSTOM:
                interval = timedelta(seconds=answer.interval_seconds or 0.0)
                moment = self._after(run, deadline, interval)
            self._answers.append((run, self._reckoned(at, deadline, moment)))

        self._ask.ask(question, run.version_id, answered)

    def _after(self, run: DagRun, deadline: DeadlineSpec, interval: timedelta) -> datetime | None:
        averages = deadline.kind is DeadlineKind.AVERAGE_RUNTIME
        durations = self._durations(run, deadline.max_runs) if averages else ()
        return due_at(deadline, run, durations, interval)

    def _durations(self, run: DagRun, most: int) -> Sequence[timedelta]:
        """Of the runs before it: a scheduler that reads it again reckons the same."""
        before = run.queued_at if run.queued_at is not None else run.run_after
        return self._store.run_durations(run.dag_id, most, before)

    def _reckoned(
        self, at: int, deadline: DeadlineSpec, moment: datetime | None
    ) -> ReckonedDeadline:
        return ReckonedDeadline(at, deadline.name, moment, is_renewed(deadline))

    def _watch(self, run: DagRun, deadlines: list[DeadlineRecord]) -> None:
        if deadlines:
            self._with_deadlines.add(run.pk)
        watched = self._watched.setdefault(run.pk, [])
        for deadline in deadlines:
            if deadline.number not in watched:
                watched.append(deadline.number)
            self._timers.set(DeadlineTimer(deadline.number), deadline.due_at)
