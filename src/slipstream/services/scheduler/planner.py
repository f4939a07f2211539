"""Runs by timetable: when each DAG runs next, and making these runs when they are due."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from slipstream.core.timetable import Interval, RunInfo, next_run, run_id_for
from slipstream.model.errors import AlreadyExistsError, InvalidInputError
from slipstream.model.run import DagRun
from slipstream.model.schedule import Continuous, NoSchedule
from slipstream.model.states import RunType, TriggeredBy
from slipstream.services.scheduler.dags import DagBook, KnownDag
from slipstream.services.scheduler.keys import DagTimer, TimerKey
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.services.scheduler.run_queue import RunQueue
from slipstream.services.scheduler.timers import Timers
from slipstream.store.records import NewRun, NextRun

_log = logging.getLogger(__name__)

_AT_ONCE = 50
"""DAGs that one step looks at, so that a thousand new ones do not hold up what runs."""


@dataclass(slots=True)
class _Plan:
    """One DAG's runs by its timetable."""

    version_id: str
    last: Interval | None
    """The interval of the newest run that the timetable made."""
    next: RunInfo | None
    published: RunInfo | None
    """What the store says of the next run."""


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
    ) -> None:
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
            plan.last = plan.next.interval
            plan.next = _next(dag, plan.last, now)
            if run is not None:
                yield run
        if plan.next != plan.published:
            self._to_publish[dag.dag_id] = plan
        if plan.next is not None and plan.next.run_after > now and not dag.is_paused:
            self._timers.set(DagTimer(dag.dag_id), plan.next.run_after)
        else:
            self._timers.drop(DagTimer(dag.dag_id))

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
                last = None if run is None else _interval(run)
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
                    run_id=run_id_for(
                        RunType.SCHEDULED,
                        run_after=info.run_after,
                        logical_date=info.logical_date,
                    ),
                    run_type=RunType.SCHEDULED,
                    version_id=dag.version_id,
                    run_after=info.run_after,
                    logical_date=info.logical_date,
                    data_interval_start=info.interval.start,
                    data_interval_end=info.interval.end,
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
        plans = {dag_id: (plan, plan.next) for dag_id, plan in self._to_publish.items()}
        self._store.set_next_runs([_shown(dag_id, info) for dag_id, (_, info) in plans.items()])
        self._to_publish.clear()
        for plan, info in plans.values():
            plan.published = info


def _shown(dag_id: str, info: RunInfo | None) -> NextRun:
    if info is None:
        return NextRun(dag_id=dag_id)
    return NextRun(
        dag_id=dag_id,
        run_after=info.run_after,
        logical_date=info.logical_date,
        interval_start=info.interval.start,
        interval_end=info.interval.end,
    )


def _next(dag: KnownDag, last: Interval | None, now: datetime) -> RunInfo | None:
    spec = dag.spec
    try:
        return next_run(
            spec.schedule,
            last=last,
            start_date=spec.start_date,
            end_date=spec.end_date,
            catchup=spec.catchup,
            now=now,
        )
    except InvalidInputError as error:
        _log.warning("DAG %s runs on request only: %s", dag.dag_id, error)
        return None


def _interval(run: DagRun) -> Interval:
    logical_date = run.logical_date or run.run_after
    return Interval(run.data_interval_start or logical_date, run.data_interval_end or logical_date)
