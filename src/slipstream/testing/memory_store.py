"""The scheduler's half of the store, in memory: what the simulation runs on.

It keeps the contract of `slipstream.store.interface` for the verbs that it has, and is stricter
than a database where a write makes no sense: such a write is an error of the scheduler's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count

from slipstream.model.changes import (
    CallbackOwed,
    DeferralDropped,
    DeferralKept,
    InstanceChanged,
    InstancesAdded,
    MapExpanded,
    RangeChanged,
    RowChange,
    RunChanged,
)
from slipstream.model.dag import DagSpec
from slipstream.model.deferral import Deferral
from slipstream.model.errors import AlreadyExistsError, ConflictError, NotFoundError
from slipstream.model.run import UNMAPPED, DagRun, TaskInstance, TaskKey
from slipstream.model.states import FINISHED, LIVE, RUN_FINISHED, RunState, TaskState, TriggeredBy
from slipstream.model.version import DagVersion
from slipstream.store.records import (
    DagFilter,
    DagRecord,
    InstanceInRun,
    NewRun,
    NextRun,
    Notice,
    NoticeKind,
    Page,
    PoolRecord,
    RunFilter,
    RunSnapshot,
    RunWrite,
    Window,
)


class ImpossibleWriteError(AssertionError):
    """The scheduler wrote what cannot be: its picture of the run is wrong."""


@dataclass(slots=True)
class _Run:
    run: DagRun
    instances: dict[TaskKey, TaskInstance] = field(default_factory=dict)
    xcoms: dict[TaskKey, dict[str, int | None]] = field(default_factory=dict)
    """`{instance: {xcom key: items or None}}`."""
    deferrals: dict[TaskKey, Deferral] = field(default_factory=dict)


class MemoryStore:
    """DAGs, runs, pools and notices in dictionaries. Not for several threads at once."""

    def __init__(self, clock: Callable[[], datetime], ids: Callable[[], str]) -> None:
        self._clock = clock
        self._ids = ids
        self._numbers = count(1)
        self._notice_numbers = count(1)
        self._runs: dict[int, _Run] = {}
        self._dags: dict[str, DagRecord] = {}
        self._versions: dict[str, DagVersion] = {}
        self._pools: dict[str, PoolRecord] = {
            "default_pool": PoolRecord(name="default_pool", slots=128)
        }
        self._notices: deque[Notice] = deque()
        self._listeners: list[Callable[[], None]] = []
        self.commits = 0
        self.owed: list[tuple[int, CallbackOwed]] = []
        """`(run, callbacks)` that are to be called."""

    # What the scheduler writes and reads.

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """Write all whose revision still holds; gives the others."""
        refused = set()
        for write in writes:
            entry = self._runs.get(write.run_pk)
            if entry is None or entry.run.revision != write.seen_revision:
                refused.add(write.run_pk)
                continue
            for change in write.changes:
                self._change(entry, change)
            entry.run = replace(entry.run, revision=write.seen_revision + 1)
        self.commits += 1
        return frozenset(refused)

    def _change(self, entry: _Run, change: RowChange) -> None:
        match change:
            case InstancesAdded():
                for instance in change.instances:
                    self._insert(entry, instance)
            case MapExpanded():
                self._expand(entry, change)
            case RangeChanged():
                for index in range(change.start, change.stop):
                    self._move(entry, TaskKey(change.task_id, index), change)
            case InstanceChanged():
                before = self._known(entry, change.instance.key)
                entry.instances[before.key] = replace(change.instance, note=before.note)
                for xcom in change.xcoms:
                    entry.xcoms.setdefault(before.key, {})[xcom.key] = xcom.length
            case DeferralKept():
                _check_kept_once(entry.deferrals.get(change.key), change)
                entry.deferrals[change.key] = change.deferral
            case DeferralDropped():
                if entry.deferrals.pop(change.key, None) is None:
                    raise ImpossibleWriteError(f"{change.key} was not deferred")
            case RunChanged():
                entry.run = replace(change.run, revision=entry.run.revision, note=entry.run.note)
            case CallbackOwed():
                ended = {True: RunState.SUCCESS, False: RunState.FAILED}[change.succeeded]
                if change.instance is None and entry.run.state is not ended:
                    raise ImpossibleWriteError(f"{change} of a run that is {entry.run.state}")
                self.owed.append((entry.run.pk, change))

    def _known(self, entry: _Run, key: TaskKey) -> TaskInstance:
        if key not in entry.instances:
            raise ImpossibleWriteError(f"{key} was changed before it was added")
        return entry.instances[key]

    def _insert(self, entry: _Run, instance: TaskInstance) -> None:
        if instance.key in entry.instances:
            raise ImpossibleWriteError(f"{instance.key} was added twice")
        entry.instances[instance.key] = instance

    def _expand(self, entry: _Run, change: MapExpanded) -> None:
        if change.length < 1:
            raise ImpossibleWriteError(f"{change.task_id} was expanded to {change.length}")
        entry.instances.pop(TaskKey(change.task_id), None)
        for index in range(change.length):
            key = TaskKey(change.task_id, index)
            present = entry.instances.get(key)
            if present is not None:
                at = change.at if change.state is TaskState.SCHEDULED else present.scheduled_at
                entry.instances[key] = replace(
                    present, state=change.state, reason=change.reason, scheduled_at=at
                )
                continue
            self._insert(
                entry,
                TaskInstance(
                    run_pk=entry.run.pk,
                    task_id=change.task_id,
                    map_index=index,
                    max_tries=change.max_tries,
                    state=change.state,
                    scheduled_at=change.at if change.state is TaskState.SCHEDULED else None,
                    reason=change.reason,
                ),
            )

    def _move(self, entry: _Run, key: TaskKey, change: RangeChanged) -> None:
        before = self._known(entry, key)
        if before.state in LIVE:
            raise ImpossibleWriteError(f"{key} is {before.state} and was moved with its map")
        after = replace(before, state=change.state, reason=change.reason)
        if change.state is TaskState.SCHEDULED:
            after = replace(after, scheduled_at=change.at)
        if change.state in FINISHED:
            after = replace(after, end_date=change.at, start_date=before.start_date or change.at)
        entry.instances[key] = after

    def active_run_pks(self) -> Sequence[int]:
        """Queued and running runs, oldest `run_after` first."""
        active = [e.run for e in self._runs.values() if e.run.state not in RUN_FINISHED]
        return [run.pk for run in sorted(active, key=lambda run: (run.run_after, run.pk))]

    def load_run(self, run_pk: int) -> RunSnapshot:
        """A run as it is now."""
        entry = self._entry(run_pk)
        lengths: dict[TaskKey, dict[str, int]] = {}
        pushed: dict[str, dict[str, int]] = {}
        for key, xcoms in entry.xcoms.items():
            for name, length in xcoms.items():
                if key.map_index != UNMAPPED:
                    counts = pushed.setdefault(key.task_id, {})
                    counts[name] = counts.get(name, 0) + 1
                elif length is not None:
                    lengths.setdefault(key, {})[name] = length
        return RunSnapshot(
            run=entry.run,
            instances=tuple(entry.instances.values()),
            lengths=lengths,
            pushed=pushed,
            deferrals=dict(entry.deferrals),
        )

    def take_notices(self, limit: int = 1000) -> Sequence[Notice]:
        """Remove and give the oldest notices."""
        return [self._notices.popleft() for _ in range(min(limit, len(self._notices)))]

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` whenever a notice was left; gives the undo."""
        self._listeners.append(wake)

        def undo() -> None:
            if wake in self._listeners:
                self._listeners.remove(wake)

        return undo

    def past_instance(self, run: DagRun, key: TaskKey) -> InstanceInRun | None:
        """That instance in the DAG's previous run."""
        earlier = self._previous(run)
        if earlier is None or key not in earlier.instances:
            return None
        return InstanceInRun(instance=earlier.instances[key], run=earlier.run)

    def previous_run(self, run: DagRun, state: RunState | None) -> DagRun | None:
        """The DAG's run before this one; not by state."""
        assert state is None
        earlier = self._previous(run)
        return None if earlier is None else earlier.run

    def past_downstream_done(self, run: DagRun, task_ids: Sequence[str]) -> bool:
        """Whether all instances of these tasks succeeded or were skipped in the previous run."""
        earlier = self._previous(run)
        if earlier is None:
            return True
        return all(
            instance.state in {TaskState.SUCCESS, TaskState.SKIPPED}
            for instance in earlier.instances.values()
            if instance.task_id in task_ids
        )

    def _previous(self, run: DagRun) -> _Run | None:
        def moment(of: DagRun) -> datetime:
            return of.logical_date or of.run_after

        earlier = [
            entry
            for entry in self._runs.values()
            if entry.run.dag_id == run.dag_id
            and moment(entry.run) < moment(run)
            and (run.logical_date is None or entry.run.logical_date is not None)
        ]
        return max(earlier, key=lambda entry: moment(entry.run), default=None)

    def create_run(self, new: NewRun) -> DagRun:
        """Create a run in state `QUEUED` and leave a notice."""
        for entry in self._runs.values():
            run = entry.run
            if run.dag_id == new.dag_id and (
                run.run_id == new.run_id
                or (run.logical_date == new.logical_date and new.logical_date is not None)
            ):
                raise AlreadyExistsError(
                    f"DAG {new.dag_id} has a run {run.run_id} at {run.logical_date} already."
                )
        created = DagRun(
            pk=next(self._numbers),
            dag_id=new.dag_id,
            run_id=new.run_id,
            run_type=new.run_type,
            state=RunState.QUEUED,
            version_id=new.version_id,
            run_after=new.run_after,
            logical_date=new.logical_date,
            data_interval_start=new.data_interval_start,
            data_interval_end=new.data_interval_end,
            queued_at=self._clock(),
            triggered_by=TriggeredBy(new.triggered_by),
            triggering_user=new.triggering_user,
            conf=new.conf,
            note=new.note,
            reason=new.reason,
        )
        self._runs[created.pk] = _Run(created)
        self._notify(NoticeKind.RUN_CREATED, str(created.pk))
        return created

    def set_next_runs(self, runs: Sequence[NextRun]) -> None:
        """Keep for people when these DAGs run next."""
        for run in runs:
            known = self._dags.get(run.dag_id)
            if known is None:
                continue
            self._dags[run.dag_id] = replace(
                known,
                next_logical_date=run.logical_date,
                next_interval_start=run.interval_start,
                next_interval_end=run.interval_end,
                next_run_after=run.run_after,
            )

    def last_scheduled_run(self, dag_id: str) -> DagRun | None:
        """The newest run by the timetable, or None."""
        runs = [
            entry.run
            for entry in self._runs.values()
            if entry.run.dag_id == dag_id and entry.run.run_type in {"scheduled", "backfill"}
        ]
        return max(runs, key=lambda run: run.logical_date or run.run_after, default=None)

    def running_instances_by_dag(self) -> Mapping[str, int]:
        """`{dag_id: queued and running instances}`."""
        counts: dict[str, int] = {}
        for entry in self._runs.values():
            live = sum(instance.state in LIVE for instance in entry.instances.values())
            counts[entry.run.dag_id] = counts.get(entry.run.dag_id, 0) + live
        return counts

    def heartbeat(self, job: str, hostname: str, pid: int) -> None:
        """Nobody asks for health here: the moment is not kept."""

    # What the scheduler asks of DAGs, runs and pools.

    def get_dag(self, dag_id: str) -> DagRecord:
        """Raises `NotFoundError`."""
        try:
            return self._dags[dag_id]
        except KeyError:
            raise NotFoundError(f"There is no DAG {dag_id}.") from None

    def list_dags(self, which: DagFilter, window: Window) -> Page[DagRecord]:
        """A page of DAGs; of the filter, `exclude_stale` alone is looked at."""
        found = [
            self._dags[dag_id]
            for dag_id in sorted(self._dags)
            if not (which.exclude_stale and self._dags[dag_id].is_stale)
        ]
        return Page(found[window.offset : window.offset + window.limit], len(found))

    def get_version(self, version_id: str) -> DagVersion:
        """Raises `NotFoundError`."""
        try:
            return self._versions[version_id]
        except KeyError:
            raise NotFoundError(f"There is no DAG version {version_id}.") from None

    def list_runs(self, which: RunFilter, window: Window) -> Page[DagRun]:
        """A page of runs by DAG and state, newest first."""
        found = [
            entry.run
            for entry in self._runs.values()
            if (which.dag_ids is None or entry.run.dag_id in which.dag_ids)
            and (which.states is None or entry.run.state in which.states)
        ]
        found.sort(key=lambda run: (run.run_after, run.pk), reverse=True)
        return Page(found[window.offset : window.offset + window.limit], len(found))

    def list_pools(self, pattern: str | None, window: Window) -> Page[PoolRecord]:
        """All pools."""
        del pattern, window
        return Page(tuple(self._pools.values()), len(self._pools))

    # What people do.

    def put_dag(self, spec: DagSpec, *, is_paused: bool = False) -> DagVersion:
        """Store a DAG, or a new version of it."""
        known = self._dags.get(spec.dag_id)
        version = DagVersion(
            version_id=self._ids(),
            dag_id=spec.dag_id,
            number=1 if known is None else known.latest.number + 1,
            spec=spec,
            fileloc=spec.fileloc,
            source_hash="",
            created_at=self._clock(),
        )
        self._versions[version.version_id] = version
        if known is None:
            self._dags[spec.dag_id] = DagRecord(
                dag_id=spec.dag_id,
                is_paused=is_paused,
                is_stale=False,
                fileloc=spec.fileloc,
                relative_fileloc=spec.relative_fileloc,
                bundle_name="dags-folder",
                latest=version,
                last_parsed_at=self._clock(),
            )
        else:
            self._dags[spec.dag_id] = replace(known, latest=version)
        self._notify(NoticeKind.DAG_CHANGED, spec.dag_id)
        return version

    def set_paused(self, dag_ids: Sequence[str], paused: bool) -> Sequence[str]:
        """Pause or unpause; gives the ids that changed."""
        changed = [dag_id for dag_id in dag_ids if self.get_dag(dag_id).is_paused != paused]
        for dag_id in changed:
            self._dags[dag_id] = replace(self._dags[dag_id], is_paused=paused)
            self._notify(NoticeKind.DAG_CHANGED, dag_id)
        return changed

    def set_pool(self, pool: PoolRecord) -> bool:
        """Create or replace; True when it was new."""
        new = pool.name not in self._pools
        self._pools[pool.name] = pool
        self._notify(NoticeKind.POOL_CHANGED, pool.name)
        return new

    def clear_instances(
        self, run_pk: int, keys: Sequence[TaskKey], *, run_state: RunState = RunState.QUEUED
    ) -> Sequence[InstanceInRun]:
        """Let these run again, with all their retries."""
        entry = self._entry(run_pk)
        version = self.get_version(entry.run.version_id)
        cleared = []
        for key in keys:
            instance = entry.instances.get(key)
            if instance is None:
                continue
            cleared.append(InstanceInRun(instance=instance, run=entry.run))
            entry.instances[key] = _cleared(instance, version.spec)
            if instance.state not in LIVE:
                entry.deferrals.pop(key, None)
            entry.xcoms.pop(key, None)
        entry.run = replace(entry.run, state=run_state, end_date=None, reason="It was cleared.")
        self._edited(entry)
        return cleared

    def set_instances_state(
        self, run_pk: int, keys: Sequence[TaskKey], state: TaskState
    ) -> Sequence[InstanceInRun]:
        """Mark instances; a live attempt is fenced off and ended."""
        entry = self._entry(run_pk)
        marked = []
        for key in keys:
            instance = entry.instances.get(key)
            if instance is None or instance.state is state:
                continue
            marked.append(InstanceInRun(instance=instance, run=entry.run))
            entry.instances[key] = replace(
                instance, state=state, end_date=self._clock(), reason=f"It was marked {state}."
            )
            entry.deferrals.pop(key, None)
        self._edited(entry)
        return marked

    def set_run_state(self, run_pk: int, state: RunState) -> DagRun:
        """Mark a run: the end states end what is live and skip what has not begun."""
        entry = self._entry(run_pk)
        if state in RUN_FINISHED:
            for key, instance in entry.instances.items():
                if instance.state in FINISHED:
                    continue
                live = instance.state in LIVE
                entry.instances[key] = replace(
                    instance,
                    state=TaskState.FAILED if live else TaskState.SKIPPED,
                    end_date=self._clock(),
                    reason=f"The run was marked {state}.",
                )
                entry.deferrals.pop(key, None)
        ended = self._clock() if state in RUN_FINISHED else None
        entry.run = replace(entry.run, state=state, end_date=ended, reason="It was marked.")
        self._edited(entry)
        return entry.run

    def delete_run(self, run_pk: int) -> None:
        """Remove a run. Raises `ConflictError` while it is running."""
        entry = self._entry(run_pk)
        if entry.run.state is RunState.RUNNING:
            raise ConflictError(f"Run {entry.run.run_id} is running. Mark it first.")
        del self._runs[run_pk]
        self._notify(NoticeKind.RUN_DELETED, str(run_pk))

    # What tests look at.

    def runs(self) -> Sequence[DagRun]:
        """All runs, in order of creation."""
        return [entry.run for entry in self._runs.values()]

    def dag_ids(self) -> Sequence[str]:
        """All DAGs."""
        return sorted(self._dags)

    def pools(self) -> Sequence[PoolRecord]:
        """All pools."""
        return [self._pools[name] for name in sorted(self._pools)]

    def pool(self, name: str) -> PoolRecord:
        """One pool."""
        return self._pools[name]

    def forget_listeners(self) -> None:
        """The process that listened has died."""
        self._listeners.clear()

    def instances(self, run_pk: int) -> Mapping[TaskKey, TaskInstance]:
        """A run's instances."""
        return self._entry(run_pk).instances

    def deferral(self, run_pk: int, key: TaskKey) -> Deferral | None:
        """What an instance waits on, or has waited on in this try."""
        return self._entry(run_pk).deferrals.get(key)

    def _entry(self, run_pk: int) -> _Run:
        try:
            return self._runs[run_pk]
        except KeyError:
            raise NotFoundError(f"There is no run {run_pk}.") from None

    def _edited(self, entry: _Run) -> None:
        entry.run = replace(entry.run, revision=entry.run.revision + 1)
        self._notify(NoticeKind.RUN_EDITED, str(entry.run.pk))

    def _notify(self, kind: NoticeKind, subject: str) -> None:
        self._notices.append(Notice(next(self._notice_numbers), kind, subject))
        for wake in tuple(self._listeners):
            wake()


def _check_kept_once(known: Deferral | None, change: DeferralKept) -> None:
    is_same = known is not None and known.attempt_id == change.deferral.attempt_id
    if known is not None and is_same and known.event is not None:
        raise ImpossibleWriteError(f"{change.key} has the event of {known.attempt_id} already")


def _cleared(instance: TaskInstance, spec: DagSpec) -> TaskInstance:
    task = spec.tasks.get(instance.task_id)
    retries = task.retries if task is not None else instance.max_tries
    state = TaskState.RESTARTING if instance.state in LIVE else TaskState.NONE
    return replace(
        instance,
        state=state,
        max_tries=instance.try_number + retries,
        not_before=None,
        losses=0,
        start_date=instance.start_date if state is TaskState.RESTARTING else None,
        end_date=None,
        reason="It was cleared.",
    )
