"""Reads what is around a task instance, so that it can be said what it waits for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from statistics import median

from slipstream.core.waiting import Busy, Surroundings
from slipstream.model.errors import NotFoundError
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import FINISHED, RunState, TaskState
from slipstream.model.team import TeamOf
from slipstream.store.interface import Store
from slipstream.store.records import (
    InstanceFilter,
    InstanceInRun,
    RunFilter,
    Window,
)

_ACTIVE = (TaskState.QUEUED, TaskState.RUNNING, TaskState.RESTARTING)
_ACTIVE_OF_TASK = (*_ACTIVE, TaskState.DEFERRED, TaskState.AWAITING_INPUT)
"""What counts under the limits of a task: those that wait for a trigger or for people, too."""
_REMEMBERED = Window(limit=10, order_by=("-end_date",))
_MOST_UPSTREAM = 50
_MOST_RUNNING = 1000


def instance_or_plan(store: Store, run: DagRun, key: TaskKey) -> InstanceInRun:
    """The instance; of a run that has not made any of the task, the one that it will make.

    Raises `NotFoundError`, which says what the task is where the run has no such instance.
    """
    try:
        return store.get_instance(run.dag_id, run.run_id, key)
    except NotFoundError:
        which = InstanceFilter(dag_ids=[run.dag_id], run_ids=[run.run_id], task_ids=[key.task_id])
        made = store.list_instances(which, Window(limit=1)).total
        if made:
            raise NotFoundError(
                f"Task {key.task_id!r} is mapped: run {run.run_id!r} has {made} instance(s) of it, "
                f"and none with the map index {key.map_index}. Choose one: --map-index NUMBER on "
                "the command line, map_index=NUMBER in a request."
            ) from None
        if key.task_id not in store.get_version(run.version_id).spec.tasks:
            raise NotFoundError(
                f"Run {run.run_id!r} of DAG {run.dag_id!r} has no task {key.task_id!r}; "
                f"`slipstream tasks list {run.dag_id}` shows all."
            ) from None
    planned = TaskInstance(run_pk=run.pk, task_id=key.task_id, map_index=key.map_index)
    return InstanceInRun(planned, run)


def surroundings(
    store: Store,
    found: InstanceInRun,
    now: datetime,
    *,
    alive_within: timedelta,
    team_of: TeamOf | None = None,
) -> Surroundings:
    """What is around the instance. A scheduler that said nothing for longer than `alive_within`
    counts as gone. `team_of` says whose a DAG is, where there are teams."""
    run, instance = found.run, found.instance
    dag = store.get_version(run.version_id).spec
    seen = _last_heard(store, "scheduler")
    facts = Surroundings(
        now=now,
        dag=dag,
        run=run,
        instance=instance,
        is_paused=store.get_dag(run.dag_id).is_paused,
        scheduler_seen=seen,
        scheduler_is_alive=seen is not None and now - seen <= alive_within,
    )
    task = dag.tasks.get(instance.task_id)
    match instance.state:
        case TaskState.RUNNING:
            return replace(facts, typical=_typical(store, run.dag_id, instance.task_id))
        case TaskState.DEFERRED:
            heard = _last_heard(store, "triggerer")
            facts = replace(
                facts,
                triggerer_seen=heard,
                triggerer_is_alive=heard is not None and now - heard <= alive_within,
            )
            record = store.deferrals_of([found]).get((run.pk, instance.key))
            if record is None:
                return facts
            deferral = record.deferral
            return replace(facts, trigger=deferral.classpath, trigger_until=deferral.timeout_at)
    if run.state is RunState.QUEUED:
        return _with_runs(store, facts)
    if instance.state is TaskState.SCHEDULED and task is not None:
        pool = store.get_pool(task.pool)
        use = store.pool_use().get(task.pool)
        taken = 0 if use is None else use.running + use.queued
        key = (run.dag_id, instance.task_id)
        if team_of is not None and pool is not None and pool.team_name is not None:
            team = team_of(store.get_dag(run.dag_id).fileloc)
            facts = replace(facts, pool_team=pool.team_name, team=team)
        return replace(
            facts,
            pool_slots=None if pool is None else pool.slots,
            pool_taken=taken + (use.deferred if use and pool and pool.include_deferred else 0),
            active_in_dag=_count(store, run, None),
            active_of_task=_count(store, None, key),
            active_of_task_in_run=_count(store, run, key),
            active_everywhere=_count(store, None, None),
        )
    if instance.state is TaskState.NONE and task is not None and task.upstream:
        which = InstanceFilter(
            dag_ids=[run.dag_id],
            run_ids=[run.run_id],
            task_ids=list(task.upstream),
            states=[state for state in TaskState if state not in FINISHED],
        )
        busy = store.list_instances(which, Window(limit=_MOST_UPSTREAM)).items
        return replace(facts, upstream=[_busy(store, run, one) for one in busy])
    return facts


def _busy(store: Store, run: DagRun, one: InstanceInRun) -> Busy:
    is_running = one.instance.state is TaskState.RUNNING
    typical = _typical(store, run.dag_id, one.instance.task_id) if is_running else None
    return Busy(instance=one.instance, typical=typical)


def _with_runs(store: Store, facts: Surroundings) -> Surroundings:
    """With the runs that count against the limit of this one: runs of a backfill have their own."""
    dag_id, number = facts.run.dag_id, facts.run.backfill
    running = RunFilter(dag_ids=[dag_id], states=[RunState.RUNNING])
    order = Window(limit=_MOST_RUNNING, order_by=("start_date",))
    page = store.list_runs(running, order)
    active = [run for run in page.items if run.backfill == number]
    ended = RunFilter(dag_ids=[dag_id], states=[RunState.SUCCESS])
    return replace(
        facts,
        backfill=None if number is None else store.get_backfill(number),
        active_runs=len(active),
        oldest_active=active[0].start_date if active else None,
        typical_run=_median(
            (run.start_date, run.end_date) for run in store.list_runs(ended, _REMEMBERED).items
        ),
    )


def _count(store: Store, run: DagRun | None, task: tuple[str, str] | None) -> int:
    dag_id = run.dag_id if run is not None else task[0] if task is not None else None
    which = InstanceFilter(
        dag_ids=None if dag_id is None else [dag_id],
        run_ids=None if run is None else [run.run_id],
        task_ids=None if task is None else [task[1]],
        states=_ACTIVE if task is None else _ACTIVE_OF_TASK,
    )
    return store.list_instances(which, Window(limit=1)).total


def _last_heard(store: Store, job: str) -> datetime | None:
    return max(
        (beat.latest for beat in store.health() if beat.job == job and beat.latest), default=None
    )


def _typical(store: Store, dag_id: str, task_id: str) -> timedelta | None:
    which = InstanceFilter(dag_ids=[dag_id], task_ids=[task_id], states=[TaskState.SUCCESS])
    found = store.list_instances(which, _REMEMBERED).items
    return _median((one.instance.start_date, one.instance.end_date) for one in found)


def _median(spans: Iterable[tuple[datetime | None, datetime | None]]) -> timedelta | None:
    seconds = [
        (end - start).total_seconds()
        for start, end in spans
        if start is not None and end is not None
    ]
    return timedelta(seconds=median(seconds)) if seconds else None
