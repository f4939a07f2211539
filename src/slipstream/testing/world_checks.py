"""What must hold in a simulated world, at every submission and at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from slipstream.core.past import judge_past, only_scheduled, tasks_asked_of
from slipstream.model.attempt import Attempt
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.deferral import BY_PEOPLE, Deferral
from slipstream.model.input import timeout_event
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import LIVE, RUN_FINISHED, WAITS, RunState, TaskState
from slipstream.services.scheduler import Scheduler
from slipstream.services.triggerer import Waiter
from slipstream.store.records import PoolRecord
from slipstream.testing.memory_store import MemoryStore
from slipstream.testing.unreliable_executor import UnreliableExecutor
from slipstream.testing.unreliable_triggerer import UnreliableTriggerer
from slipstream.testing.world_people import answered_by


def check_submission(
    store: MemoryStore,
    executor: UnreliableExecutor,
    attempts: Sequence[Attempt],
    *,
    parallelism: int,
    pools: Mapping[str, int],
) -> str | None:
    """What is wrong with starting these now, or None."""
    living = {(attempt.run.pk, attempt.key): attempt.attempt_id for attempt in executor.live}
    for attempt in attempts:
        other = living.get((attempt.run.pk, attempt.key))
        if other is not None:
            return f"{attempt.key} of run {attempt.run.pk} has a live attempt {other} already"
        living[attempt.run.pk, attempt.key] = attempt.attempt_id
        row = store.instances(attempt.run.pk).get(attempt.key)
        if row is None or row.attempt_id != attempt.attempt_id or row.state not in LIVE:
            return f"{attempt.attempt_id} is submitted and the store has {row}"
        waited = store.deferral(attempt.run.pk, attempt.key)
        if not _goes_on_with(attempt, waited):
            return f"{attempt} does not go on with {waited}"
    return _exceeded(store, frozenset(living.values()), parallelism, pools)


def check_waiters(store: MemoryStore, waiters: Sequence[Waiter]) -> str | None:
    """What is wrong with running these triggers now, or None."""
    for waiter in waiters:
        attempt = waiter.attempt
        row = store.instances(attempt.run.pk).get(attempt.key)
        if row is None or row.attempt_id != attempt.attempt_id:
            return f"the trigger of {attempt.attempt_id} is run and the store has {row}"
        if row.state is not TaskState.DEFERRED:
            return f"a trigger is run for {attempt.key}, which is {row.state}"
        if store.deferral(attempt.run.pk, attempt.key) != waiter.deferral:
            return f"the trigger of {attempt.attempt_id} is not the one that was kept"
    return None


def _goes_on_with(attempt: Attempt, waited: Deferral | None) -> bool:
    """Whether the attempt is given what its instance has waited for, unchanged."""
    if waited is None:
        return attempt.next_method is None and attempt.next_event is None
    if waited.event is not None and not _is_event_of(waited):
        return False
    return (attempt.next_method, attempt.next_kwargs, attempt.next_event) == (
        waited.next_method,
        waited.next_kwargs,
        waited.event,
    )


def _is_event_of(waited: Deferral) -> bool:
    if waited.classpath != BY_PEOPLE:
        return waited.event == f'"{waited.attempt_id}"'
    if waited.event == f'{{"answered":"{waited.attempt_id}"}}' or waited.event == timeout_event():
        return True
    return waited.kwargs != "null" and '"timedout": true' in (waited.event or "")


def _exceeded(
    store: MemoryStore, living: frozenset[str], parallelism: int, pools: Mapping[str, int]
) -> str | None:
    """Which limit the instances with a living attempt exceed, or None."""
    total = 0
    by_pool: Counter[str] = Counter()
    by_task: Counter[tuple[str, str]] = Counter()
    running_runs: Counter[str] = Counter()
    for run in store.runs():
        if run.state in RUN_FINISHED:
            continue
        spec = store.get_version(run.version_id).spec
        if run.backfill is None:
            running_runs[run.dag_id] += run.state is RunState.RUNNING
        live = [
            instance
            for instance in store.instances(run.pk).values()
            if instance.state in LIVE and instance.attempt_id in living
        ]
        total += len(live)
        if 0 < spec.max_active_tasks < len(live):
            return f"run {run.pk} has {len(live)} live tasks, at most {spec.max_active_tasks}"
        in_run = Counter(instance.task_id for instance in live)
        for task_id, number in in_run.items():
            by_pool[spec.tasks[task_id].pool] += number * spec.tasks[task_id].pool_slots
        in_run.update(
            instance.task_id
            for instance in store.instances(run.pk).values()
            if instance.state in WAITS
        )
        for task_id, number in in_run.items():
            task = spec.tasks[task_id]
            by_task[run.dag_id, task_id] += number
            most = task.max_active_tis_per_dagrun
            if most is not None and number > most:
                return f"{task_id} of run {run.pk} has {number} live instances, at most {most}"
            most = task.max_active_tis_per_dag
            if most is not None and by_task[run.dag_id, task_id] > most:
                return f"{task_id} of {run.dag_id} has too many live instances, at most {most}"
    for dag_id, number in running_runs.items():
        limit = store.get_dag(dag_id).latest.spec.max_active_runs
        if 0 < limit < number:
            return f"{number} runs of {dag_id} are running, at most {limit}"
    for pool, slots in by_pool.items():
        if 0 <= pools[pool] < slots:
            return f"{slots} slots of pool {pool} are taken, and it has {pools[pool]}"
    if 0 < parallelism < total:
        return f"{total} instances are live, at most {parallelism}"
    return None


def check_end(
    store: MemoryStore,
    scheduler: Scheduler,
    executor: UnreliableExecutor,
    triggerer: UnreliableTriggerer,
) -> str | None:
    """What is wrong with a world in which nothing happens any more, or None."""
    for run in store.runs():
        if run.state not in RUN_FINISHED:
            states = Counter(i.state.value for i in store.instances(run.pk).values())
            return f"run {run.pk} never ended: it is {run.state}, its tasks are {dict(states)}"
        for instance in store.instances(run.pk).values():
            if instance.state in LIVE or instance.state in (
                TaskState.DEFERRED,
                TaskState.AWAITING_INPUT,
            ):
                return f"{instance.key} of the ended run {run.pk} is {instance.state}"
            if store.deferral(run.pk, instance.key) is not None:
                return f"{instance.key} of the ended run {run.pk} has a deferral"
    for backfill in store.open_backfills():
        return f"backfill {backfill.pk} is never done: {store.backfill_progress(backfill.pk)}"
    problem = _check_deadlines(store)
    if problem is not None:
        return problem
    if executor.live:
        return f"{len(executor.live)} attempts live on"
    if triggerer.live:
        return f"{len(triggerer.live)} triggers run on"
    leaks = scheduler.leaks()
    return f"the scheduler still holds {leaks}" if leaks else None


@dataclass(frozen=True, slots=True)
class Excuse:
    """Why a run waits for ever, rightly, and what people would do."""

    reason: str
    help: Callable[[], object]


def find_excuse(store: MemoryStore) -> Excuse | None:
    """A reason for the first run that has not ended; None where there is no run or no reason."""
    for run in store.runs():
        if run.state in RUN_FINISHED:
            continue
        if store.get_dag(run.dag_id).is_paused:
            return _unpause(store, run.dag_id)
        spec = store.get_version(run.version_id).spec
        for instance in store.instances(run.pk).values():
            excuse = _excuse_of(store, run, spec, instance)
            if excuse is not None:
                return excuse
    for backfill in store.open_backfills():
        if store.get_dag(backfill.dag_id).is_paused:
            return _unpause(store, backfill.dag_id)
    return None


def _check_deadlines(store: MemoryStore) -> str | None:
    """Whether each deadline was missed once, or met."""
    told = Counter((one.number, one.due_at) for one in store.deadlines.owed)
    twice = [of for of, number in told.items() if number > 1]
    if twice:
        return f"missed deadlines are told of twice: {twice}"
    there = {run.pk for run in store.runs()}
    for dag_id in store.dag_ids():
        for one in store.list_deadlines(dag_id):
            if one.run_pk in there and one.missed_at is None and one.met_at is None:
                return f"deadline {one.number} of the ended run {one.run_pk} is open"
            if one.missed_at is not None and one.missed_at < one.due_at:
                return f"deadline {one.number} was missed before its time"
    return None


def check_backfills(store: MemoryStore) -> str | None:
    """Whether more runs of a backfill are under way than may be."""
    limits = {backfill.pk: backfill.max_active_runs for backfill in store.open_backfills()}
    if not limits:
        return None
    running = Counter(run.backfill for run in store.runs() if run.state is RunState.RUNNING)
    for number, limit in limits.items():
        if running[number] > limit:
            return f"{running[number]} runs of backfill {number} run, and {limit} may"
    return None


def _unpause(store: MemoryStore, dag_id: str) -> Excuse:
    return Excuse(f"{dag_id} is paused", lambda: store.set_paused([dag_id], False))


def _excuse_of(
    store: MemoryStore, run: DagRun, spec: DagSpec, instance: TaskInstance
) -> Excuse | None:
    task = spec.tasks[instance.task_id]
    key = instance.key
    if instance.state is TaskState.SCHEDULED:
        slots = store.pool(task.pool).slots
        if 0 <= slots < task.pool_slots:
            bigger = PoolRecord(name=task.pool, slots=task.pool_slots)
            return Excuse(f"pool {task.pool} is too small", lambda: store.set_pool(bigger))
    if instance.state is TaskState.AWAITING_INPUT:
        event = answered_by(store, run.pk, key)
        return Excuse(
            f"{key} of run {run.pk} waits for an answer",
            lambda: store.answer(run.pk, key, event),
        )
    if instance.state is TaskState.NONE and _waits_for_past(store, run, spec, task):
        return Excuse(
            f"{key} of run {run.pk} waits for the run before",
            lambda: store.set_instances_state(run.pk, [TaskKey(*key)], TaskState.SUCCESS),
        )
    return None


def _waits_for_past(store: MemoryStore, run: DagRun, dag: DagSpec, task: TaskSpec) -> bool:
    if not (task.depends_on_past or task.wait_for_downstream):
        return False
    past = store.past_run(run, tasks_asked_of(task), only_scheduled=only_scheduled(dag))
    return not judge_past(dag, task, past)[0]
