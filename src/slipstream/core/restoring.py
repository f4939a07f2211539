"""A run's progress, rebuilt from its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slipstream.core import reasons
from slipstream.core.attempts import cancel_restarting
from slipstream.core.awaiting import want_input
from slipstream.core.codes import (
    AWAITING_INPUT,
    CODE,
    DEFERRED,
    FAILED,
    LIVE_CODES,
    NONE,
    RESTARTING,
    SCHEDULED,
    SUCCESS,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
    UPSTREAM_FAILED,
)
from slipstream.core.deferring import want_trigger
from slipstream.core.frozen import new_instance, ready
from slipstream.core.lengths import evaluate
from slipstream.core.progress import TaskProgress
from slipstream.core.records import Record
from slipstream.core.run_progress import RunProgress
from slipstream.core.stopping import skip_tasks
from slipstream.model.changes import Change, InstanceChanged, InstancesAdded, TimerSet
from slipstream.model.deferral import Deferral
from slipstream.model.events import TimerKind
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import FINISHED, RunType, TaskState


def load(
    run: RunProgress,
    instances: Sequence[TaskInstance],
    lengths: Mapping[TaskKey, Mapping[str, int]],
    pushed: Mapping[str, Mapping[str, int]],
    deferrals: Mapping[TaskKey, Deferral],
) -> tuple[list[TaskKey], list[TaskInstance]]:
    """Take the run's shape from its rows; gives the keys without a row, and orphaned rows."""
    rows: dict[str, list[TaskInstance]] = {}
    for instance in instances:
        rows.setdefault(instance.task_id, []).append(instance)
    missing: list[TaskKey] = []
    for task in run.tasks:
        found = rows.pop(task.node.task_id, [])
        _drop_by_dates(run, task, has_rows=bool(found))
        if not found:
            if not task.is_absent:
                missing.append(task.key(0))
            continue
        _shape(run, task, found, lengths, pushed)
        for index, record in task.records.items() if deferrals else ():
            if task.states[index] > NONE:
                record.deferral = deferrals.get(task.key(index))
        have = {row.map_index for row in found}
        missing.extend(
            task.key(index)
            for index in range(task.count if task.is_expanded else 0)
            if index not in have
        )
    is_plain = not instances and not any(task.is_absent for task in run.tasks)
    for task in run.tasks:
        if not is_plain:
            task.recount([run.tasks[edge.source] for edge in task.node.incoming])
        run.unfinished += task.unfinished
        run.waiting += task.waiting
        if task.node.is_leaf:
            failures = task.states.count(FAILED) + task.states.count(UPSTREAM_FAILED)
            if failures:
                run.failed_leaves[task.node.task_id] = failures
    orphans = [row for of in rows.values() for row in of if row.state not in FINISHED]
    return missing, orphans


def resume(run: RunProgress, missing: list[TaskKey], orphans: list[TaskInstance]) -> None:
    """Say anew what a scheduler has to know of a run that was under way, and judge everything."""
    changes: list[Change] = []
    for row in orphans:
        changes.append(InstanceChanged(_removed(row, run)))
    for task in run.tasks:
        _arm(run, task, changes)
        if task.unfinished:
            run.touch(task)
    if missing:
        rows = tuple(
            new_instance(run.run_pk, run.dag.tasks[key.task_id], key.map_index, reasons.BEGUN)
            for key in missing
        )
        changes.insert(0, InstancesAdded(rows))
    run.out.extend(changes)


def hold_to_decisions(
    run: RunProgress, decisions: Mapping[TaskKey, Mapping[str, Sequence[str]]]
) -> None:
    """Skip again what a branch left out and somebody cleared, as long as the branch was not."""
    known = run.plan.position_of
    for key, decision in decisions.items():
        if key.task_id not in known:
            continue
        task = run.tasks[known[key.task_id]]
        index = max(key.map_index, 0)
        if index >= task.count or task.states[index] != SUCCESS:
            continue
        left_out = set(decision.get("skipped", ()))
        if "followed" in decision:
            left_out.update(set(task.node.spec.downstream).difference(decision["followed"]))
        skip_tasks(run, task, index, {known[of] for of in left_out if of in known})


def _arm(run: RunProgress, task: TaskProgress, changes: list[Change]) -> None:
    """Say which instances wait for admission, for a moment, or for the end of an attempt."""
    states = task.states
    start = states.find(SCHEDULED)
    while start >= 0:
        stop = start
        while stop < task.count and states[stop] == SCHEDULED:
            stop += 1
        changes.append(ready(task.key(start), stop - start))
        start = states.find(SCHEDULED, stop)
    for index, record in sorted(task.records.items()):
        code = states[index]
        if code in (UP_FOR_RETRY, UP_FOR_RESCHEDULE):
            kind = TimerKind.RETRY if code == UP_FOR_RETRY else TimerKind.RESCHEDULE
            changes.append(TimerSet(kind, record.not_before or run.at, task.key(index)))
        elif code == RESTARTING:
            run.out, out = changes, run.out
            cancel_restarting(run, task, index)
            run.out = out
        elif code in (DEFERRED, AWAITING_INPUT):
            run.out, out = changes, run.out
            _wait_again(run, task, index, record)
            run.out = out


def _wait_again(run: RunProgress, task: TaskProgress, index: int, record: Record) -> None:
    if record.deferral is None:
        run.ready(task, index, reasons.WAIT_UNKNOWN)
    elif task.states[index] == DEFERRED:
        want_trigger(run, task, index, record.deferral)
    else:
        want_input(run, task, index, record.deferral)


def _drop_by_dates(run: RunProgress, task: TaskProgress, *, has_rows: bool) -> None:
    """Leave a task out whose dates do not include the run's."""
    spec = task.node.spec
    date = run.run.logical_date or run.run.run_after
    if run.run.run_type is RunType.BACKFILL:
        return
    starts_later = spec.start_date is not None and spec.start_date > date
    if starts_later and run.run.logical_date is None:
        task.held_until = spec.start_date
    elif not has_rows and (starts_later or (spec.end_date is not None and spec.end_date < date)):
        task.drop()


def _shape(
    run: RunProgress,
    task: TaskProgress,
    rows: list[TaskInstance],
    lengths: Mapping[TaskKey, Mapping[str, int]],
    pushed: Mapping[str, Mapping[str, int]],
) -> None:
    if task.node.task_id in pushed:
        task.pushed = dict(pushed[task.node.task_id])
    mapped = [row for row in rows if row.map_index != UNMAPPED]
    if mapped and task.node.is_mapped:
        _resize(run, task, mapped)
        rows = mapped
    else:
        rows = [row for row in rows if row.map_index == UNMAPPED]
        if rows and rows[0].state in FINISHED:
            task.lengths = dict(lengths.get(rows[0].key, {}))
    for row in rows:
        index = max(row.map_index, 0)
        code = CODE[row.state]
        task.states[index] = code
        if code < NONE:
            if not task.is_expanded:
                task.records[index] = Record.of(row)
        elif not _is_pristine(row, task):
            record = task.records[index] = Record.of(row)
            record.holds_places = code in LIVE_CODES
        elif code == SCHEDULED and row.scheduled_at is not None:
            if task.ready_at is None:
                task.ready_at = {}
            task.ready_at[index // task.width] = row.scheduled_at
    task.waiting = task.states.count(NONE)
    task.unfinished = task.count - sum(task.states.count(code) for code in range(NONE))


def _resize(run: RunProgress, task: TaskProgress, rows: list[TaskInstance]) -> None:
    """Give a map the shape that its rows have, whatever its lengths are now."""
    count = 1 + max(row.map_index for row in rows)
    there = [row.map_index for row in rows if row.state is not TaskState.REMOVED]
    rest = 1 + max(there, default=0)
    known: list[int] = []
    for length in task.node.lengths[:-1]:
        value = evaluate(length, run.length_of) or 1
        known.append(value)
        rest = max(1, rest // value)
    task.resize((*known, rest), count)


def _is_pristine(row: TaskInstance, task: TaskProgress) -> bool:
    """Whether the state says everything about the instance."""
    return (
        row.try_number == 0
        and row.attempt_id is None
        and row.max_tries == task.node.spec.retries
        and row.start_date is None
        and row.state in (TaskState.NONE, TaskState.SCHEDULED)
    )


def _removed(row: TaskInstance, run: RunProgress) -> TaskInstance:
    return TaskInstance(
        run_pk=row.run_pk,
        task_id=row.task_id,
        map_index=row.map_index,
        state=TaskState.REMOVED,
        try_number=row.try_number,
        max_tries=row.max_tries,
        attempt_id=row.attempt_id,
        start_date=row.start_date,
        end_date=run.at,
        reason=reasons.NOT_IN_DAG,
    )
