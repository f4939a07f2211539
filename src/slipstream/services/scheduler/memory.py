"""What the scheduler holds in memory, and how that is brought to what the store has.

The database is the truth. At the start everything active is read from it; after that a run is read
again when it becomes *stale*: somebody else changed it, or a write of it failed and may have been
carried out or not. The reports that unwritten decisions came from are told to the new machine; the
fence sees to it that each counts once.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import assert_never

from slipstream.core.admission import Admission
from slipstream.executors.interface import Executor
from slipstream.model.attempt import Attempt, Lost, Rescheduled
from slipstream.model.dag import DagSpec
from slipstream.model.errors import NotFoundError
from slipstream.model.events import AttemptEnded
from slipstream.model.ids import IdSource
from slipstream.model.run import DagRun
from slipstream.model.states import LIVE, RUN_FINISHED, RunState, TaskState
from slipstream.model.team import TeamOf, no_team
from slipstream.services.scheduler.active import ActiveRun, ActiveRuns, AttemptEvent
from slipstream.services.scheduler.asked_partitions import AskedPartitions
from slipstream.services.scheduler.asking import AsksTimetables
from slipstream.services.scheduler.asset_runs import AssetRuns
from slipstream.services.scheduler.backfills import Backfills
from slipstream.services.scheduler.dags import DagBook
from slipstream.services.scheduler.deadlines import Deadlines
from slipstream.services.scheduler.inputs import Inputs
from slipstream.services.scheduler.keys import NewsTimer, TimerKey
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.services.scheduler.outstanding import Outstanding
from slipstream.services.scheduler.past import PastQuestions
from slipstream.services.scheduler.patience import Patience
from slipstream.services.scheduler.planner import Planner
from slipstream.services.scheduler.run_queue import RunQueue
from slipstream.services.scheduler.timers import Timers
from slipstream.services.scheduler.waiting import Waiting
from slipstream.services.scheduler.watching import Watcher, Watching
from slipstream.services.triggerer import Triggerer
from slipstream.store.errors import StoreError
from slipstream.store.records import Notice, NoticeKind, RunFilter, RunSnapshot, Window

_PAGE = 1000
_READ_AT_ONCE = 16
"""Runs that are read in one transaction; each may have thousands of task instances."""


class Memory:
    """The active runs and everything around them."""

    def __init__(
        self,
        store: SchedulingStore,
        executor: Executor,
        triggerer: Triggerer,
        parallelism: int,
        timetables: AsksTimetables,
        new_id: IdSource,
        team_of: TeamOf | None = None,
    ) -> None:
        self._has_teams = team_of is not None
        self._store = store
        self.timers: Timers[TimerKey] = Timers()
        self.patience = Patience(self.timers)
        self.admission = Admission(parallelism)
        self.past = PastQuestions(store)
        self.inputs = Inputs(store)
        self.dags = DagBook(store, team_of or no_team)
        self.queue = RunQueue(self.timers)
        self.backfills = Backfills(store, self.dags, self.queue)
        self.deadlines = Deadlines(store, self.dags, self.timers, timetables)
        self.planner = Planner(store, self.dags, self.queue, self.timers, timetables)
        self.asset_runs = AssetRuns(
            store,
            self.dags,
            self.queue,
            new_id,
            AskedPartitions(store, self.timers, timetables),
        )
        self.outstanding = Outstanding(executor)
        self.waiting = Waiting(triggerer)
        self.watching = Watching()
        self.active = ActiveRuns(
            self.admission,
            self.timers,
            self.past,
            self.inputs,
            self.outstanding,
            self.dags.is_paused,
            self.dags.team,
        )
        self._stale: dict[int, list[AttemptEvent]] = {}
        """Runs to read again, with the reports to tell again."""
        self._fresh: dict[int, RunSnapshot] = {}
        """Snapshots of waiting runs that nothing has happened in yet."""
        self.pools: set[str] = set()
        self.is_taking_over = True
        """Whether live attempts may be there that an earlier scheduler submitted. Until they are
        known, nothing is started."""
        self.must_read_all = True
        self.edited: set[str] = set()
        """DAGs that others have changed, themselves or in their runs, to be told of."""

    @property
    def is_behind(self) -> bool:
        """Whether something is to be read."""
        return bool(self._stale) or self.must_read_all

    def is_stale(self, run_pk: int) -> bool:
        """Whether the run is to be read again."""
        return run_pk in self._stale

    def read_again(self, run_pk: int) -> None:
        """The run was changed in the store: it is stale."""
        self._stale.setdefault(run_pk, [])

    def keep(self, run_pk: int, event: AttemptEvent) -> None:
        """Tell this to the stale run when it was read."""
        self._stale[run_pk].append(event)

    def distrust(self, active: ActiveRun) -> None:
        """Forget a run's machine; the run is stale."""
        self._stale.setdefault(active.pk, []).extend(active.unsaved)
        self.active.suspend(active.pk)

    def distrust_everything(self) -> None:
        """Read all there is again."""
        for active in self.active:
            self.distrust(active)
        self.must_read_all = True

    def wake(self, watchers: Iterable[Watcher], now: datetime) -> None:
        """Have these look again in the next step."""
        for run_pk, key in watchers:
            self.timers.set(NewsTimer(run_pk, key), now)

    def watch(self, run_pk: int, event: AttemptEvent) -> None:
        """Remember who waits for what, if the event says so; have them look again if it may have
        happened already."""
        if isinstance(event, AttemptEnded) and isinstance(event.outcome, Rescheduled):
            watched = event.outcome.watched
            if watched is not None and self.watching.watch((run_pk, event.key), watched):
                self.wake([(run_pk, event.key)], event.at)

    # Reading.

    def catch_up(self, now: datetime) -> None:
        """Read what is to be read, as far as the store answers."""
        try:
            if self.must_read_all and not self.patience.is_waiting:
                self._read_all(now)
            while self._stale and not self.patience.is_waiting:
                self._read_runs(tuple(islice(self._stale, _READ_AT_ONCE)), now)
        except StoreError as error:
            self.patience.failed("read what is active", error, now)
        if self.is_taking_over and not self.is_behind:
            self._take_over(now)

    def _read_all(self, now: datetime) -> None:
        self.dags.read_all()
        self._read_pools()
        self.asset_runs.look_at_all()
        self.backfills.changed()
        self.backfills.read()
        self.deadlines.read_all()
        runs = self._list_active_runs()
        self.must_read_all = False
        for active in self.active:
            self.distrust(active)
        for run_pk in set(self.queue.waiting).difference(run.pk for run in runs):
            self._close(run_pk, "Its run is over.")
        for dag in self.dags:
            self._set_limits(dag.dag_id)
        for run in runs:
            if run.state is RunState.QUEUED and not run.revision and run.pk not in self._stale:
                self._wait(RunSnapshot(run=run, instances=(), lengths={}), now)
            else:
                self._stale.setdefault(run.pk, [])
        for dag in self.dags:
            self.planner.look(dag.dag_id)

    def _list_active_runs(self) -> Sequence[DagRun]:
        found: list[DagRun] = []
        active = RunFilter(states=(RunState.QUEUED, RunState.RUNNING))
        while True:
            page = self._store.list_runs(active, Window(limit=_PAGE, offset=len(found)))
            found.extend(page.items)
            if len(page.items) < _PAGE:
                return found

    def _read_pools(self) -> None:
        pools = self._store.list_pools(None, Window(limit=_PAGE)).items
        for pool in pools:
            self.admission.set_pool(
                pool.name,
                pool.slots,
                include_deferred=pool.include_deferred,
                team=pool.team_name if self._has_teams else None,
            )
        names = {pool.name for pool in pools}
        for name in self.pools - names:
            self.admission.remove_pool(name)
        self.pools = names

    def _read_runs(self, run_pks: Sequence[int], now: datetime) -> None:
        found = self._store.load_runs(run_pks)
        for run_pk in run_pks:
            snapshot = found.get(run_pk)
            spec = None if snapshot is None else self._spec_of(snapshot.run)
            if snapshot is None or spec is None:
                self._close(run_pk, "Its run was deleted.")
                self.past.edited(None)
            else:
                self._have_read(snapshot, spec, now)

    def _spec_of(self, run: DagRun) -> DagSpec | None:
        """None where its version went with it."""
        try:
            return self._store.get_version(run.version_id).spec
        except NotFoundError:
            return None

    def _have_read(self, snapshot: RunSnapshot, spec: DagSpec, now: datetime) -> None:
        run = snapshot.run
        run_pk = run.pk
        live = {i.attempt_id for i in snapshot.instances if i.state in LIVE}
        waits = {i.attempt_id for i in snapshot.instances if i.state is TaskState.DEFERRED}
        reports = self._stale.pop(run_pk)
        self._close(run_pk, "Its task instance was changed by somebody.", keep=live | waits)
        self.past.edited(run.dag_id)
        self.edited.add(run.dag_id)
        if run.backfill is not None:
            self.backfills.look_at_dag(run.dag_id)
        if run.state in RUN_FINISHED:
            self.deadlines.ended(run_pk)
            return
        self.deadlines.seen(run)
        if run.state is RunState.QUEUED:
            self._wait(snapshot, now)
            if not live and not waits:
                return
        else:
            self.queue.hold(run)
        active = self.active.open(snapshot, spec, now)
        for event in reports:
            self.active.feed(active, event)
            self.watch(run_pk, event)
        # What they wait for may have happened while nobody watched.
        self.wake(_waiting_for_dags(snapshot, spec), now)
        self._find_lost(active, now)

    def _take_over(self, now: datetime) -> None:
        """Ask the executor what is left of the attempts of an earlier scheduler."""
        unknown = {
            attempt.attempt_id: (active, attempt)
            for active in self.active
            for attempt in self._not_submitted(active)
        }
        gone = self.outstanding.adopt([attempt for _, attempt in unknown.values()])
        self.is_taking_over = False
        for attempt in gone:
            self._lost(*unknown[attempt.attempt_id], now)

    def _find_lost(self, active: ActiveRun, now: datetime) -> None:
        """Submit what was queued by a write that was thought to have failed."""
        if self.is_taking_over:
            return
        state_of = active.machine.state
        unknown = self._not_submitted(active)
        self.outstanding.submit([a for a in unknown if state_of(a.key) is TaskState.QUEUED])
        for attempt in unknown:
            if state_of(attempt.key) is TaskState.RUNNING:
                self._lost(active, attempt, now)

    def _not_submitted(self, active: ActiveRun) -> Sequence[Attempt]:
        """The run's live attempts that this scheduler has not given to the executor."""
        machine = active.machine
        return [
            machine.attempt_for(key)
            for key, attempt_id in machine.live_attempts()
            if attempt_id not in self.outstanding and machine.state(key) in LIVE
        ]

    def _lost(self, active: ActiveRun, attempt: Attempt, now: datetime) -> None:
        lost = Lost(message="nothing is left of it")
        self.active.feed(active, AttemptEnded(attempt.key, attempt.attempt_id, now, lost))

    # Runs that wait.

    def _wait(self, snapshot: RunSnapshot, now: datetime) -> None:
        self.deadlines.seen(snapshot.run)
        self.queue.add(snapshot.run, now)
        if not snapshot.instances:
            self._fresh[snapshot.run.pk] = snapshot

    def created(self, run: DagRun, now: datetime) -> None:
        """A run that was just made waits for its turn."""
        self._wait(RunSnapshot(run=run, instances=(), lengths={}), now)

    def take_up(self, run: DagRun, now: datetime) -> ActiveRun | None:
        """The machine of a run whose turn has come; None where it must wait, or be read, again."""
        active = self.active.get(run.pk)
        if active is not None:
            return active
        try:
            snapshot = self._fresh.pop(run.pk, None) or self._store.load_run(run.pk)
            spec = self._store.get_version(snapshot.run.version_id).spec
        except NotFoundError:
            self._close(run.pk, "Its run was deleted.")
            return None
        except StoreError as error:
            self.patience.failed("read a run", error, now)
            self.wait_again(run, now)
            return None
        if snapshot.run.state is not RunState.QUEUED:
            self._close(run.pk, "Its run was changed by somebody.")
            self._stale.setdefault(run.pk, [])
            return None
        return self.active.open(snapshot, spec, now)

    def wait_again(self, run: DagRun, now: datetime) -> None:
        """Put a run whose turn had come back in the queue."""
        self.queue.drop(run.pk)
        self.queue.add(run, now)

    def leave_queue(self, run_pk: int) -> None:
        """The run does not count against its DAG's `max_active_runs` any more."""
        dag_id = self.queue.drop(run_pk)
        if dag_id is not None:
            self.planner.look(dag_id)
            self.asset_runs.look(dag_id)
            self.backfills.look_at_dag(dag_id)

    def _close(self, run_pk: int, reason: str, *, keep: Container[str | None] = ()) -> None:
        """Forget a run, and end its attempts except for `keep`."""
        self._stale.pop(run_pk, None)
        self._fresh.pop(run_pk, None)
        self.deadlines.forget(run_pk)
        self.leave_queue(run_pk)
        self.active.close(run_pk)
        self.watching.forget_run(run_pk)
        for attempt_id in self.outstanding.of_run(run_pk):
            if attempt_id not in keep:
                self.outstanding.cancel(attempt_id, reason)
        for attempt_id in self.waiting.of_run(run_pk):
            if attempt_id not in keep:
                self.waiting.drop(attempt_id)

    # Notices.

    def take_notices(self, now: datetime) -> None:
        """Take in what people and other processes did."""
        if self.patience.is_waiting:
            self.must_read_all = True
            return
        try:
            while True:
                notices = self._store.take_notices(_PAGE)
                for notice in notices:
                    self._take(notice)
                # Whatever is left from here on wakes the scheduler anew.
                if len(notices) < _PAGE:
                    return
        except StoreError as error:
            # Some may have been removed already, unread.
            self.must_read_all = True
            self.patience.failed("read its notices", error, now)

    def _take(self, notice: Notice) -> None:
        match notice.kind:
            case NoticeKind.RUN_CREATED:
                run_pk = int(notice.subject)
                if self.active.get(run_pk) is None and run_pk not in self.queue:
                    self._stale.setdefault(run_pk, [])
            case NoticeKind.RUN_EDITED:
                run_pk = int(notice.subject)
                active = self.active.get(run_pk)
                if active is not None:
                    self.distrust(active)
                self._stale.setdefault(run_pk, [])
            case NoticeKind.RUN_DELETED:
                self._close(int(notice.subject), "Its run was deleted.")
                self.past.edited(None)
            case NoticeKind.DAG_CHANGED:
                self._dag_changed(notice.subject)
                self.edited.add(notice.subject)
            case NoticeKind.ASSETS_UPDATED:
                self.asset_runs.look(notice.subject)
            case NoticeKind.POOL_CHANGED:
                self._read_pools()
            case NoticeKind.BACKFILL_CHANGED:
                self.backfills.changed()
            case NoticeKind.INPUT_GIVEN:
                self.inputs.look(notice.subject)
            case _:
                assert_never(notice.kind)

    def _dag_changed(self, dag_id: str) -> None:
        was_paused, was_of = self.dags.is_paused(dag_id), self.dags.team(dag_id)
        self.dags.read(dag_id)
        if self.dags.team(dag_id) != was_of:
            for active in self.active:
                if active.machine.run.dag_id == dag_id:
                    self.distrust(active)
        is_paused = self.dags.is_paused(dag_id)
        if is_paused and not was_paused:
            self.active.withdraw(dag_id)
        elif was_paused and not is_paused:
            self.active.offer_again(dag_id)
        self._set_limits(dag_id)
        self.planner.look_anew(dag_id)
        self.asset_runs.look(dag_id)
        self.backfills.look_at_dag(dag_id)

    def _set_limits(self, dag_id: str) -> None:
        limit = self.dags.max_active_runs(dag_id)
        self.queue.set_dag(dag_id, limit, is_paused=self.dags.is_paused(dag_id))


def _waiting_for_dags(snapshot: RunSnapshot, spec: DagSpec) -> Iterator[Watcher]:
    """The sensors in mode `reschedule` that wait for another DAG."""
    for instance in snapshot.instances:
        if instance.state is TaskState.UP_FOR_RESCHEDULE:
            task = spec.tasks.get(instance.task_id)
            if task is not None and task.waits_for_dag:
                yield snapshot.run.pk, instance.key
