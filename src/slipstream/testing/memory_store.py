"""The scheduler's half of the store, in memory: what the simulation runs on.

It keeps the contract of `slipstream.store.interface` for the verbs that it has: the stores'
conformance suite holds it to that. Where a write makes no sense it is stricter than a database:
such a write is an error of the scheduler's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count

from slipstream.model.asset import AssetQueue
from slipstream.model.changes import AssetsUpdated, CallbackOwed, InputTimedOut
from slipstream.model.dag import DagSpec
from slipstream.model.deferral import Deferral
from slipstream.model.errors import AlreadyExistsError, ConflictError, NotFoundError
from slipstream.model.run import DagRun, PastRun, TaskInstance, TaskKey
from slipstream.model.states import RUN_FINISHED, RunState, RunType, TaskState, TriggeredBy
from slipstream.model.version import DagVersion
from slipstream.store import edits
from slipstream.store.input_records import GivenInput
from slipstream.store.records import (
    DagFilter,
    DagRecord,
    InstanceInRun,
    NewAssetRun,
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
from slipstream.store.wakeups import LocalWakeups, Topic
from slipstream.testing.memory_assets import MemoryAssets
from slipstream.testing.memory_backfills import MemoryBackfills
from slipstream.testing.memory_deadlines import MemoryDeadlines
from slipstream.testing.memory_run import MemoryRun

NEWEST_FIRST = ("-run_after", "-id")
_HOLDING = (TaskState.QUEUED, TaskState.RUNNING)


class MemoryStore:
    """DAGs, runs, pools and notices in dictionaries. Not for several threads at once."""

    def __init__(self, clock: Callable[[], datetime], ids: Callable[[], str]) -> None:
        self._clock = clock
        self._ids = ids
        self._numbers = count(1)
        self._notice_numbers = count(1)
        self._runs: dict[int, MemoryRun] = {}
        self._by_name: dict[tuple[str, str], int] = {}
        self._by_date: dict[tuple[str, datetime], int] = {}
        self._dags: dict[str, DagRecord] = {}
        self._versions: dict[str, DagVersion] = {}
        self._pools: dict[str, PoolRecord] = {
            "default_pool": PoolRecord(name="default_pool", slots=128)
        }
        self._notices: deque[Notice] = deque()
        backfills = MemoryBackfills(self, clock)
        self.create_backfill = backfills.create_backfill
        self.get_backfill = backfills.get_backfill
        self.list_backfills = backfills.list_backfills
        self.backfill_progress = backfills.backfill_progress
        self.set_backfill_paused = backfills.set_backfill_paused
        self.cancel_backfill = backfills.cancel_backfill
        self.runs_of_dates = backfills.runs_of_dates
        self.open_backfills = backfills.open_backfills
        self.advance_backfill = backfills.advance_backfill
        self.complete_backfill = backfills.complete_backfill
        self.deadlines = deadlines = MemoryDeadlines(self.runs, clock)
        self.put_deadlines = deadlines.put_deadlines
        self.miss_deadlines = deadlines.miss_deadlines
        self.meet_deadlines = deadlines.meet_deadlines
        self.run_durations = deadlines.run_durations
        self.list_deadlines = deadlines.list_deadlines
        self._wakeups = LocalWakeups()
        self.assets = MemoryAssets(clock)
        self.commits = 0
        self.owed: list[tuple[int, CallbackOwed]] = []
        """`(run, callbacks)` that are to be called."""
        self.answers: dict[str, GivenInput] = {}
        """`{attempt that asked: what people have answered}`."""

    # What the scheduler writes and reads.

    def apply(self, writes: Sequence[RunWrite]) -> frozenset[int]:
        """Write all whose revision still holds; gives the others."""
        refused: set[int] = set()
        for write in writes:
            entry = self._runs.get(write.run_pk)
            known = None if write.run_pk in refused or entry is None else entry.run.revision
            late = any(
                isinstance(change, InputTimedOut) and change.attempt_id in self.answers
                for change in write.changes
            )
            if entry is None or known != write.seen_revision or late:
                # What follows in this run was decided on the same old state.
                refused.add(write.run_pk)
                continue
            for change in write.changes:
                entry.change(change)
                if isinstance(change, CallbackOwed):
                    self.owed.append((entry.run.pk, change))
                elif isinstance(change, AssetsUpdated):
                    self._record_updates(entry.run, change)
            entry.run = replace(entry.run, revision=write.seen_revision + 1)
        self.commits += 1
        return frozenset(refused)

    def given_inputs(self, attempt_ids: Sequence[str]) -> Sequence[GivenInput]:
        """The answers to what these attempts have asked, of those that are there."""
        return [self.answers[one] for one in attempt_ids if one in self.answers]

    def active_run_pks(self) -> Sequence[int]:
        """Queued and running runs, oldest `run_after` first."""
        active = [e.run for e in self._runs.values() if e.run.state not in RUN_FINISHED]
        return [run.pk for run in sorted(active, key=lambda run: (run.run_after, run.pk))]

    def load_run(self, run_pk: int) -> RunSnapshot:
        """A run as it is now."""
        return self._entry(run_pk).snapshot()

    def load_runs(self, run_pks: Sequence[int]) -> Mapping[int, RunSnapshot]:
        """`{number: run as it is now}` of those that exist."""
        known = [run_pk for run_pk in run_pks if run_pk in self._runs]
        return {run_pk: self._runs[run_pk].snapshot() for run_pk in known}

    def take_notices(self, limit: int = 1000) -> Sequence[Notice]:
        """Remove and give the oldest notices."""
        return [self._notices.popleft() for _ in range(min(limit, len(self._notices)))]

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """Call `wake` whenever a notice was left; gives the undo."""
        return self._wakeups.listen(wake, topic)

    def previous_run(self, run: DagRun, state: RunState | None) -> DagRun | None:
        """The DAG's run before this one, of that state."""
        earlier = self._previous(run, state)
        return None if earlier is None else earlier.run

    def past_run(
        self, run: DagRun, task_ids: Sequence[str], *, only_scheduled: bool
    ) -> PastRun | None:
        """The DAG's run before this one, with the states of these tasks in it."""
        earlier = [
            entry
            for entry in self._earlier(run)
            if not only_scheduled or entry.run.run_type is not RunType.MANUAL
        ]
        if not earlier:
            return None
        states: dict[str, dict[TaskState, int]] = {}
        for instance in earlier[-1].instances.values():
            if instance.task_id in task_ids:
                counts = states.setdefault(instance.task_id, {})
                counts[instance.state] = counts.get(instance.state, 0) + 1
        return PastRun(
            run=earlier[-1].run,
            states=states,
            has_earlier=any(
                key.task_id == task_ids[0]
                for entry in self._earlier(run)
                for key in entry.instances
            ),
        )

    def _previous(self, run: DagRun, state: RunState | None = None) -> MemoryRun | None:
        earlier = [entry for entry in self._earlier(run) if state in (None, entry.run.state)]
        return earlier[-1] if earlier else None

    def _earlier(self, run: DagRun) -> list[MemoryRun]:
        """The DAG's runs before this one, the oldest first."""
        mine = run.logical_date or run.run_after
        earlier = [
            (at, entry.run.pk, entry)
            for entry in self._runs.values()
            if entry.run.dag_id == run.dag_id
            and entry.run.pk != run.pk
            and (at := entry.run.logical_date if run.logical_date else entry.run.run_after)
            and at < mine
        ]
        return [entry for _, _, entry in sorted(earlier, key=lambda found: found[:2])]

    def create_run(self, new: NewRun) -> DagRun:
        """Create a run in state `QUEUED` and leave a notice."""
        if (new.dag_id, new.run_id) in self._by_name:
            raise AlreadyExistsError(f"The DAG {new.dag_id!r} has a run {new.run_id!r} already.")
        same = (
            None if new.logical_date is None else self._by_date.get((new.dag_id, new.logical_date))
        )
        if same is not None:
            raise AlreadyExistsError(
                f"The DAG {new.dag_id!r} has the run {self._runs[same].run.run_id!r} for the "
                f"logical date {new.logical_date} already."
            )
        version = self._versions.get(new.version_id)
        if version is None or version.dag_id != new.dag_id:
            raise NotFoundError(f"The DAG {new.dag_id!r} has no version {new.version_id!r}.")
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
            partition_key=new.partition_key,
            partition_date=new.partition_date,
            backfill=new.backfill,
        )
        self._runs[created.pk] = MemoryRun(created)
        self._by_name[created.dag_id, created.run_id] = created.pk
        if created.logical_date is not None:
            self._by_date[created.dag_id, created.logical_date] = created.pk
        self._notify(NoticeKind.RUN_CREATED, str(created.pk))
        return created

    def _record_updates(self, run: DagRun, change: AssetsUpdated) -> None:
        for update in change.updates:
            told = self.assets.record(
                run, change.key, update, lambda dag_id: self._dags[dag_id].is_paused
            )
            for dag_id in told:
                self._notify(NoticeKind.ASSETS_UPDATED, dag_id)

    def read_asset_queue(self, dag_id: str) -> AssetQueue:
        """Everything that waits to start a run of the DAG."""
        return self.assets.queue_of(dag_id)

    def read_asset_queues(self, dag_ids: Sequence[str]) -> Mapping[str, AssetQueue]:
        """The same of several DAGs."""
        return {dag_id: self.assets.queue_of(dag_id) for dag_id in dag_ids}

    def dags_with_asset_queue(self) -> Sequence[str]:
        """The DAGs that something waits for."""
        return self.assets.waiting()

    def sort_partitions(self, dag_id: str, sorted_into: Mapping[int, Sequence[str]]) -> None:
        """Say which partitions of the DAG entries without one belong to."""
        self.assets.sort(dag_id, sorted_into)

    def create_asset_run(
        self, new: NewRun, assets: Sequence[int], partitions: Sequence[int]
    ) -> DagRun | None:
        """Make a run for what is queued; None where a part of it is not there any more."""
        if not self.assets.can_take(new.dag_id, assets, partitions):
            return None
        run = self.create_run(new)
        self.assets.take(run, assets, partitions)
        return run

    def create_asset_runs(self, wanted: Sequence[NewAssetRun]) -> Sequence[DagRun | None]:
        """The same for several; where one raises, none is made."""
        for one in wanted:
            is_there = (one.run.dag_id, one.run.run_id) in self._by_name
            if is_there and self.assets.can_take(one.run.dag_id, one.assets, one.partitions):
                raise AlreadyExistsError(f"The run {one.run.run_id!r} is there already.")
        return [self.create_asset_run(one.run, one.assets, one.partitions) for one in wanted]

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
                schedule_problem=run.problem,
            )

    def last_scheduled_run(self, dag_id: str) -> DagRun | None:
        """The newest run by the timetable, or None."""
        runs = [
            entry.run
            for entry in self._runs.values()
            if entry.run.dag_id == dag_id
            and entry.run.run_type in (RunType.SCHEDULED, RunType.BACKFILL)
        ]
        return max(runs, key=lambda run: (run.run_after, run.pk), default=None)

    def running_instances_by_dag(self) -> Mapping[str, int]:
        """`{dag_id: queued and running instances}`."""
        counts: dict[str, int] = {}
        for entry in self._runs.values():
            holding = sum(one.state in _HOLDING for one in entry.instances.values())
            if holding:
                counts[entry.run.dag_id] = counts.get(entry.run.dag_id, 0) + holding
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
        """A page of runs by DAG and state, in order of creation or newest first by date."""
        found = [
            entry.run
            for entry in self._runs.values()
            if (which.dag_ids is None or entry.run.dag_id in which.dag_ids)
            and (which.states is None or entry.run.state in which.states)
        ]
        if window.order_by == NEWEST_FIRST:
            found.sort(key=_by_date, reverse=True)
        elif window.order_by:
            raise NotImplementedError(f"runs are not ordered by {window.order_by} here")
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
        self.assets.keep(spec)
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

    def set_paused(
        self, dag_ids: Sequence[str], paused: bool, *, reason: str = ""
    ) -> Sequence[str]:
        """Pause or unpause; gives the ids that changed."""
        known = sorted({dag_id for dag_id in dag_ids if dag_id in self._dags})
        changed = [dag_id for dag_id in known if self._dags[dag_id].is_paused != paused]
        for dag_id in changed:
            why = reason if paused else ""
            self._dags[dag_id] = replace(self._dags[dag_id], is_paused=paused, pause_reason=why)
            self._notify(NoticeKind.DAG_CHANGED, dag_id)
        return changed

    def set_pool(self, pool: PoolRecord) -> bool:
        """Create or replace; True when it was new."""
        new = pool.name not in self._pools
        self._pools[pool.name] = pool
        self._notify(NoticeKind.POOL_CHANGED, pool.name)
        return new

    def clear_instances(
        self,
        run_pk: int,
        keys: Sequence[TaskKey],
        *,
        run_state: RunState | None = RunState.QUEUED,
        dry_run: bool = False,
        latest_version: bool | None = None,
    ) -> Sequence[InstanceInRun]:
        """Let these run again, with all their retries."""
        edits.check_clear_to(run_state)
        entry = self._entry(run_pk)
        version = self._dags[entry.run.dag_id].latest
        if not edits.reruns_latest(version.spec, latest_version):
            version = self.get_version(entry.run.version_id)
        instances = _found(entry, keys)
        if dry_run:
            return [InstanceInRun(instance, entry.run) for instance in instances]
        cleared = [edits.clear_instance(one, version.spec) for one in instances]
        run = entry.run
        if cleared:
            run = edits.reopen_run(run, run_state, self._clock())
            run = replace(run, version_id=version.version_id)
            for instance in cleared:
                entry.xcoms.pop(instance.key, None)
            run = self._edit(entry, run, cleared)
        return [InstanceInRun(instance, run) for instance in cleared]

    def set_instances_state(
        self, run_pk: int, keys: Sequence[TaskKey], state: TaskState, *, dry_run: bool = False
    ) -> Sequence[InstanceInRun]:
        """Mark instances; a live attempt is fenced off."""
        edits.check_mark(state)
        entry, now = self._entry(run_pk), self._clock()
        instances = _found(entry, keys)
        if dry_run:
            return [InstanceInRun(instance, entry.run) for instance in instances]
        marked = [edits.mark_instance(one, state, now) for one in instances]
        run = self._edit(entry, entry.run, marked) if marked else entry.run
        return [InstanceInRun(instance, run) for instance in marked]

    def set_run_state(self, dag_id: str, run_id: str, state: RunState) -> DagRun:
        """Mark a run, or queue it again."""
        edits.check_run_mark(state)
        entry = self._named(dag_id, run_id)
        spec = self.get_version(entry.run.version_id).spec
        instances = tuple(entry.instances.values())
        run, ended = edits.mark_run(entry.run, instances, spec, state, self._clock())
        return self._edit(entry, run, ended)

    def answer(self, run_pk: int, key: TaskKey, event: str) -> bool:
        """Answer what an instance may have asked; False where it does not wait, or did already."""
        instance = self._entry(run_pk).instances.get(key)
        waits = (TaskState.QUEUED, TaskState.RUNNING, TaskState.AWAITING_INPUT)
        if instance is None or instance.attempt_id is None or instance.state not in waits:
            return False
        if instance.attempt_id in self.answers:
            return False
        given = GivenInput(run_pk=run_pk, key=key, attempt_id=instance.attempt_id, event=event)
        self.answers[given.attempt_id] = given
        self._notify(NoticeKind.INPUT_GIVEN, given.attempt_id)
        return True

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Remove a run. Raises `ConflictError` while it is running."""
        run = self._named(dag_id, run_id).run
        if run.state is RunState.RUNNING:
            raise ConflictError(f"The run {run_id!r} of {dag_id!r} is running.")
        self._forget(run.pk)
        self._notify(NoticeKind.RUN_DELETED, str(run.pk))

    def _forget(self, run_pk: int) -> None:
        run = self._runs.pop(run_pk).run
        del self._by_name[run.dag_id, run.run_id]
        if run.logical_date is not None:
            self._by_date.pop((run.dag_id, run.logical_date), None)

    # What backfills need.

    def has_dag(self, dag_id: str) -> bool:
        """Whether there is the DAG."""
        return dag_id in self._dags

    def reopen_for_backfill(self, run: DagRun, *, latest_version: bool) -> None:
        """Let all of the run run again; it becomes what it is given as."""
        entry = self._entry(run.pk)
        version = self._dags[run.dag_id].latest
        if not latest_version:
            version = self.get_version(run.version_id)
        cleared = [edits.clear_instance(one, version.spec) for one in entry.instances.values()]
        entry.xcoms.clear()
        run = edits.reopen_run(run, RunState.QUEUED, self._clock())
        self._edit(entry, replace(run, version_id=version.version_id), cleared)

    def end_run(self, run: DagRun) -> None:
        """Write the end of a run that waits."""
        self._edit(self._entry(run.pk), run, ())

    def notify(self, kind: NoticeKind, subject: str) -> None:
        """Leave a notice."""
        self._notify(kind, subject)

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
        self._wakeups.close()

    def instances(self, run_pk: int) -> Mapping[TaskKey, TaskInstance]:
        """A run's instances."""
        return self._entry(run_pk).instances

    def deferral(self, run_pk: int, key: TaskKey) -> Deferral | None:
        """What an instance waits on, or has waited on in this try."""
        return self._entry(run_pk).deferrals.get(key)

    def _entry(self, run_pk: int) -> MemoryRun:
        try:
            return self._runs[run_pk]
        except KeyError:
            raise NotFoundError(f"There is no run with the number {run_pk}.") from None

    def _named(self, dag_id: str, run_id: str) -> MemoryRun:
        for entry in self._runs.values():
            if (entry.run.dag_id, entry.run.run_id) == (dag_id, run_id):
                return entry
        raise NotFoundError(f"The DAG {dag_id!r} has no run {run_id!r}.")

    def _edit(self, entry: MemoryRun, run: DagRun, instances: Sequence[TaskInstance]) -> DagRun:
        """Keep the run and the instances as people want them, and tell the scheduler."""
        entry.edit(run, instances)
        self._notify(NoticeKind.RUN_EDITED, str(run.pk))
        return entry.run

    def _notify(self, kind: NoticeKind, subject: str) -> None:
        self._notices.append(Notice(next(self._notice_numbers), kind, subject))
        self._wakeups.wake([Topic.NOTICES])


def _found(entry: MemoryRun, keys: Sequence[TaskKey]) -> list[TaskInstance]:
    """The run's instances of these keys, in their order. Raises `NotFoundError`."""
    missing = set(keys) - entry.instances.keys()
    if missing:
        raise NotFoundError(f"The run has not these task instances: {sorted(missing)}.")
    wanted = set(keys)
    return [instance for key, instance in entry.instances.items() if key in wanted]


def _by_date(run: DagRun) -> tuple[datetime, int]:
    """The order of `NEWEST_FIRST`, backwards."""
    return run.run_after, run.pk
