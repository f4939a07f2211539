"""Runs by timetable: when each DAG runs next, and making these runs when they are due."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from slipstream.core.timetable import Interval, RunInfo, next_run, run_id_for
from slipstream.model.errors import AlreadyExistsError, InvalidInputError
from slipstream.model.run import DagRun
from slipstream.model.schedule import Continuous, Custom, NoSchedule, by_the_clock
from slipstream.model.states import RunType, TriggeredBy
from slipstream.services.scheduler.asking import Asking, AsksTimetables, question_of
from slipstream.services.scheduler.dags import DagBook, KnownDag
from slipstream.services.scheduler.keys import DagTimer, TimerKey
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.services.scheduler.run_queue import RunQueue
from slipstream.services.scheduler.timers import Timers
from slipstream.store.records import NewRun, NextRun
from slipstream.wire.questions import Answered

_log = logging.getLogger(__name__)

_AT_ONCE = 50
"""DAGs that one step looks at, so that a thousand new ones do not hold up what runs."""


@dataclass(slots=True)
class _Plan:
    """One DAG's runs by its timetable."""

    version_id: str
    last: RunInfo | None
    """The newest run that the timetable made."""
    next: RunInfo | None
    published: NextRun
    """What the store says of the next run."""
    asking: Asking | None = None
    """Of a timetable of the user's, which is asked elsewhere."""


class Planner:
    """Looks at a DAG when it becomes known, when it changes, when a run of it is due and when one
    ends; never at all of them.

    No run is made while the DAG is paused or has `max_active_runs` runs that wait or run.
    """

    def __init__(
        self,
        store: SchedulingStore,
        dags: DagBook,
        queue: RunQueue,
        timers: Timers[TimerKey],
        timetables: AsksTimetables,
    ) -> None:
        self._timetables = timetables
        self._store = store
        self._dags = dags
        self._queue = queue
        self._timers = timers
        self._plans: dict[str, _Plan] = {}
        self._to_look: dict[str, None] = {}
        self._to_publish: dict[str, _Plan] = {}

    @property
    def is_due(self) -> bool:
        """Whether there are DAGs to look at."""
        return bool(self._to_look or self._to_publish)

    def look(self, dag_id: str) -> None:
        """A run of the DAG may be due, or there may be room for one."""
        self._to_look[dag_id] = None

    def look_anew(self, dag_id: str) -> None:
        """The DAG changed: what was planned may be wrong."""
        self._plans.pop(dag_id, None)
        self.look(dag_id)

    def make_due_runs(self, now: datetime) -> Iterator[DagRun]:
        """Make the runs that are due, and plan the next ones. Raises `StoreError` in between;
        what was not done is done by the next call."""
        for dag_id in tuple(self._to_look)[:_AT_ONCE]:
            dag = self._dags.get(dag_id)
            if dag is None or dag.is_stale:
                self._plans.pop(dag_id, None)
                self._timers.drop(DagTimer(dag_id))
            else:
                yield from self._make(dag, now)
            del self._to_look[dag_id]
        self._publish()

    def _make(self, dag: KnownDag, now: datetime) -> Iterator[DagRun]:
        plan = self._plan(dag, now)
        while plan.next is not None and self._may_make(dag):
            if isinstance(dag.spec.schedule, Continuous):
                # It begins where the last one ended, and that has ended only now.
                plan.next = _next(dag, plan.last, now)
            if plan.next is None or plan.next.run_after > now:
                break
            run = self._create(dag, plan.next)
            plan.last = plan.next
            plan.next = _following(dag, plan, now)
            if run is not None:
                yield run
        if plan.asking is not None:
            self._ask(dag, plan, plan.asking, now)
        if _shown(dag.dag_id, plan) != plan.published:
            self._to_publish[dag.dag_id] = plan
        wake = _wake_at(plan, now, is_paused=dag.is_paused)
        if wake is None:
            self._timers.drop(DagTimer(dag.dag_id))
        else:
            self._timers.set(DagTimer(dag.dag_id), wake)

    def _ask(self, dag: KnownDag, plan: _Plan, asking: Asking, now: datetime) -> None:
        """Have the DAG's own timetable asked, unless it has given its answer or is being asked."""
        if plan.next is not None or not asking.is_due(now):
            return
        asking.begin()

        def answered(answer: Answered, at: datetime) -> None:
            # A plan that was made anew meanwhile has a question of its own.
            if self._plans.get(dag.dag_id) is plan:
                asking.take(answer, at)
                plan.next = asking.next()
                self.look(dag.dag_id)

        self._timetables.ask(question_of(dag, plan.last, now), dag.version_id, answered)

    def _may_make(self, dag: KnownDag) -> bool:
        spec = dag.spec
        return (
            not dag.is_paused
            and (spec.allowed_run_types is None or RunType.SCHEDULED in spec.allowed_run_types)
            and not 0 < spec.max_active_runs <= self._queue.count(dag.dag_id)
        )

    def _plan(self, dag: KnownDag, now: datetime) -> _Plan:
        plan = self._plans.get(dag.dag_id)
        if plan is None or plan.version_id != dag.version_id:
            last = None
            if not isinstance(dag.spec.schedule, NoSchedule):
                run = self._store.last_scheduled_run(dag.dag_id)
                last = None if run is None else info_of(run)
            if isinstance(by_the_clock(dag.spec.schedule), Custom):
                plan = _Plan(dag.version_id, last, None, dag.next_run, Asking())
            else:
                plan = _Plan(dag.version_id, last, _next(dag, last, now), dag.next_run)
            self._plans[dag.dag_id] = plan
        return plan

    def _create(self, dag: KnownDag, info: RunInfo) -> DagRun | None:
        """The run, or None where it is there already: somebody asked for that moment by hand, or
        an earlier attempt to make it was carried out although it seemed to fail."""
        try:
            return self._store.create_run(
                NewRun(
                    dag_id=dag.dag_id,
                    run_id=info.run_id or _run_id(info),
                    run_type=RunType.SCHEDULED,
                    version_id=dag.version_id,
                    run_after=info.run_after,
                    logical_date=info.logical_date,
                    data_interval_start=info.interval and info.interval.start,
                    data_interval_end=info.interval and info.interval.end,
                    partition_key=info.partition_key,
                    partition_date=info.partition_date,
                    triggered_by=TriggeredBy.TIMETABLE,
                    reason=f"Its schedule asked for a run at {info.run_after.isoformat()}.",
                )
            )
        except AlreadyExistsError:
            return None

    def _publish(self) -> None:
        """Keep the next runs in the store, for people."""
        if not self._to_publish:
            return
        plans = {dag_id: (plan, _shown(dag_id, plan)) for dag_id, plan in self._to_publish.items()}
        self._store.set_next_runs([shown for _, shown in plans.values()])
        self._to_publish.clear()
        for plan, shown in plans.values():
            plan.published = shown


def _shown(dag_id: str, plan: _Plan) -> NextRun:
    """What people are told of the next run."""
    info = plan.next
    problem = "" if plan.asking is None else plan.asking.problem
    if info is None:
        return NextRun(dag_id=dag_id, problem=problem)
    return NextRun(
        dag_id=dag_id,
        run_after=info.run_after,
        logical_date=info.logical_date,
        interval_start=info.interval and info.interval.start,
        interval_end=info.interval and info.interval.end,
        problem=problem,
    )


def _wake_at(plan: _Plan, now: datetime, *, is_paused: bool) -> datetime | None:
    """When to look at the DAG again, if nothing happens; None for never."""
    if plan.next is not None:
        return None if is_paused or plan.next.run_after <= now else plan.next.run_after
    return None if plan.asking is None else plan.asking.again_at


def _following(dag: KnownDag, plan: _Plan, now: datetime) -> RunInfo | None:
    """The run after the last one, as far as it is known."""
    if plan.asking is not None:
        return plan.asking.next()
    return _next(dag, plan.last, now)


def _next(dag: KnownDag, last: RunInfo | None, now: datetime) -> RunInfo | None:
    spec = dag.spec
    try:
        return next_run(
            spec.schedule,
            last=None if last is None else last.span,
            start_date=spec.start_date,
            end_date=spec.end_date,
            catchup=spec.catchup,
            now=now,
        )
    except InvalidInputError as error:
        _log.warning("DAG %s runs on request only: %s", dag.dag_id, error)
        return None


def info_of(run: DagRun) -> RunInfo:
    """The run as the timetable gave it."""
    start, end = run.data_interval_start, run.data_interval_end
    interval = None if start is None or end is None else Interval(start, end)
    if interval is None and run.partition_key is None and run.logical_date is not None:
        interval = Interval(run.logical_date, run.logical_date)
    return RunInfo(
        run_after=run.run_after,
        interval=interval,
        partition_key=run.partition_key,
        partition_date=run.partition_date,
    )


def _run_id(info: RunInfo) -> str:
    """The usual name of a run; one about a partition has its key and chance in it."""
    if info.partition_key is None:
        return run_id_for(RunType.SCHEDULED, run_after=info.run_after)
    moment = info.run_after.isoformat()
    return f"{RunType.SCHEDULED}__{moment}__{info.partition_key}"
