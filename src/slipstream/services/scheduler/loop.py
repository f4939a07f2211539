"""The scheduler: takes events, has the core decide, writes, and only then acts.

One step of the loop is: collect everything that has arrived; tell the machines of the runs; let
admission give places; write all of it, with the newly queued attempts, in one transaction; then
hand the attempts to the executor. What was not written is not acted on.

A run whose write was refused (somebody else changed it) or whose write failed (it may have been
carried out or not) is *stale*: its machine is thrown away, the run is read again, and the reports
that the lost decisions came from are told again. The fence sees to it that a report counts once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never

from slipstream.core.admission import Admission
from slipstream.executors.interface import Executor, Report
from slipstream.model.attempt import Attempt, Cancelled, Lost
from slipstream.model.errors import NotFoundError
from slipstream.model.events import Admitted, AttemptEnded, RunStarted, TimerFired
from slipstream.model.ids import IdSource, new_uuid7
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import LIVE, RUN_FINISHED, RunState, TaskState
from slipstream.services.scheduler.active import ActiveRun, ActiveRuns, AttemptEvent
from slipstream.services.scheduler.dags import DagBook
from slipstream.services.scheduler.inbox import Inbox
from slipstream.services.scheduler.keys import DagTimer, DueTimer, LoopTimer, RunTimer, TimerKey
from slipstream.services.scheduler.ledger import Ledger
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.services.scheduler.past import PastQuestions
from slipstream.services.scheduler.run_queue import RunQueue
from slipstream.services.scheduler.timers import Timers
from slipstream.store.errors import StoreError
from slipstream.store.records import Notice, NoticeKind, RunFilter, RunSnapshot, Window

_log = logging.getLogger(__name__)

_START_MAY_WAIT = timedelta(milliseconds=5)
"""How long the news that an attempt has started waits for a commit that is due anyway."""

_FIRST_RETRY = timedelta(milliseconds=50)
_LAST_RETRY = timedelta(seconds=5)
"""Between two attempts to reach a store that fails; doubling."""

_PAGE = 1000


def _nothing() -> None:
    return None


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


class Scheduler:
    """Drives every active run of the store through the executor.

    One thread runs it: `start` makes one, or the caller calls `open` and then `run_once` again and
    again. Other threads talk to it through the store's notices and the executor's reports.
    """

    def __init__(
        self,
        store: SchedulingStore,
        executor: Executor,
        *,
        clock: Callable[[], datetime] = utc_now,
        new_id: IdSource = new_uuid7,
        parallelism: int = 0,
    ) -> None:
        limits = [limit for limit in (parallelism, executor.parallelism) if limit > 0]
        self._store = store
        self._executor = executor
        self._clock = clock
        self._new_id = new_id
        self._inbox = Inbox()
        self._timers: Timers[TimerKey] = Timers()
        self._admission = Admission(min(limits, default=0))
        self._past = PastQuestions(store)
        self._dags = DagBook(store)
        self._queue = RunQueue(self._timers)
        self._ledger = Ledger()
        self._active = ActiveRuns(self._admission, self._timers, self._past, self._dags.is_paused)
        self._fresh: dict[int, RunSnapshot] = {}
        """Snapshots of waiting runs that nothing has happened in yet."""
        self._stale: dict[int, list[AttemptEvent]] = {}
        """Runs to read again, with the reports to tell again."""
        self._admitted: list[tuple[int, TaskKey]] = []
        self._pools: set[str] = set()
        self._must_resync = False
        self._retry_at: datetime | None = None
        self._retry_delay = _FIRST_RETRY
        self._is_draining = False
        self._is_taking_over = True
        self.defects = 0
        """How often a machine was told what cannot be. Anything but 0 is an error of ours."""
        self._is_running = threading.Event()
        self._thread: threading.Thread | None = None
        self._stop_listening: Callable[[], None] = _nothing

    # The face.

    def start(self) -> None:
        """Take up all active runs, then work in a thread of its own until `stop`."""
        self.open()
        self._is_running.set()
        self._thread = threading.Thread(target=self._work, name="scheduler", daemon=True)
        self._thread.start()

    def stop(self, grace_seconds: float = 0.0) -> None:
        """End all attempts, write what became of them, and end the thread.

        Attempts that had to be ended are lost ones: the next scheduler starts them again.
        """
        self._inbox.call(self._drain)
        self._executor.stop(grace_seconds)
        self._is_running.clear()
        self._inbox.nudge()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._active.is_urgent = True
        self.run_once(0)
        self._stop_listening()

    def _drain(self) -> None:
        self._is_draining = True

    def open(self) -> None:
        """Listen, and rebuild every active run from the store; attempts that are gone are lost."""
        self._stop_listening = self._store.listen(self._inbox.notices_may_be_there)
        self._executor.start(self._inbox.report)
        self._must_resync = True
        now = self._clock()
        self._resync(now)
        self._read_stale(now)

    def run_once(self, timeout: float | None) -> bool:
        """Handle what has arrived, or is due; waits for the first of it. False if nothing was."""
        mail = self._inbox.collect(self._wait(timeout))
        now = self._clock()
        for command in mail.commands:
            command()
        fired = self._fire_timers(now)
        if mail.notices:
            self._read_notices(now)
        if self._must_resync:
            self._resync(now)
        self._read_stale(now)
        self._take_reports(mail.reports)
        worked = self._finish_step(now)
        return bool(mail.reports or mail.notices or mail.commands or fired or worked)

    def call(self, command: Callable[[], None]) -> None:
        """Run `command` on the scheduler's thread, soon."""
        self._inbox.call(command)

    @property
    def next_wake(self) -> datetime | None:
        """When there is something to do again if nothing arrives; None for never."""
        return self._clock() if self._has_work else self._timers.next_at()

    @property
    def is_idle(self) -> bool:
        """Whether no run is in memory and no attempt is at the executor."""
        return not self._active and not self._ledger and not self._stale

    # A step.

    def _work(self) -> None:
        while self._is_running.is_set():
            try:
                self.run_once(None)
            except Exception:  # noqa: BLE001  # Nothing may end the loop.
                _log.exception("The scheduler failed in a step; it reads everything again.")
                self._distrust_everything()

    def _wait(self, timeout: float | None) -> float | None:
        if self._has_work:
            return 0
        at = self._timers.next_at()
        if at is None:
            return timeout
        until = max(0.0, (at - self._clock()).total_seconds())
        return until if timeout is None else min(until, timeout)

    @property
    def _has_work(self) -> bool:
        """Whether something can be done at once, without any event."""
        if self._retry_at is not None:
            return False
        return bool(self._stale or self._must_resync or self._past.is_due)

    def _finish_step(self, now: datetime) -> bool:
        self._settle_past(now)
        for active in self._take_broken():
            self._distrust(active)
        if not self._is_draining:
            self._start_runs(now)
            self._admit(now)
        return self._save(now)

    def _take_reports(self, reports: Sequence[Report]) -> None:
        for report in reports:
            event = report.event
            if isinstance(event, AttemptEnded):
                self._ledger.remove(event.attempt_id)
            active = self._active.get(report.run_pk)
            if active is not None:
                self._active.feed(active, event)
            elif report.run_pk in self._stale:
                self._stale[report.run_pk].append(event)

    def _fire_timers(self, now: datetime) -> bool:
        fired = False
        for timer, _ in self._timers.due(now):
            fired = True
            match timer:
                case RunTimer():
                    active = self._active.get(timer.run_pk)
                    if active is not None:
                        active.timers.discard(timer)
                        self._active.feed(active, TimerFired(timer.kind, now, timer.key))
                case DueTimer():
                    self._queue.due(timer.run_pk)
                case DagTimer():
                    continue
                case LoopTimer.SAVE_STARTS:
                    self._active.is_urgent = True
                case LoopTimer.TRY_STORE:
                    self._retry_at = None
                case LoopTimer.HEARTBEAT:
                    continue
                case _:
                    assert_never(timer)
        return fired

    def _settle_past(self, now: datetime) -> None:
        if not self._past.is_due or self._retry_at is not None:
            return
        try:
            for run_pk, answer in self._past.settle(now):
                active = self._active.get(run_pk)
                if active is not None:
                    self._active.feed(active, answer)
        except StoreError as error:
            self._store_failed("look at the previous run", error, now)

    def _start_runs(self, now: datetime) -> None:
        if self._retry_at is not None:
            return
        for run in self._queue.admit():
            if self._retry_at is None:
                self._start_run(run, now)
            else:
                self._wait_again(run, now)

    def _start_run(self, run: DagRun, now: datetime) -> None:
        """Let a waiting run begin, or wait again where the store does not answer."""
        active = self._active.get(run.pk)
        if active is None:
            snapshot = self._fresh.pop(run.pk, None)
            try:
                if snapshot is None:
                    snapshot = self._store.load_run(run.pk)
                spec = self._store.get_version(snapshot.run.version_id).spec
            except NotFoundError:
                self._queue.drop(run.pk)
                return
            except StoreError as error:
                self._store_failed("read a run", error, now)
                self._wait_again(run, now)
                return
            if snapshot.run.state is not RunState.QUEUED:
                self._queue.drop(run.pk)
                self._stale.setdefault(run.pk, [])
                return
            active = self._active.open(snapshot, spec, now)
        self._active.feed(active, RunStarted(now))

    def _wait_again(self, run: DagRun, now: datetime) -> None:
        self._queue.drop(run.pk)
        self._queue.add(run, now)

    def _take_broken(self) -> Sequence[ActiveRun]:
        broken, self._active.broken = self._active.broken, []
        self.defects += len(broken)
        return broken

    def _admit(self, now: datetime) -> None:
        for admittee in self._admission.admit():
            active = self._active.get(admittee.run_pk)
            assert active is not None, "admission knows of a run that is not in memory"
            self._active.feed(active, Admitted(admittee.key, self._new_id(), now))
            self._admitted.append((admittee.run_pk, admittee.key))

    # Writing.

    def _save(self, now: datetime) -> bool:
        dirty = self._active.dirty
        if not dirty:
            return False
        if not self._active.is_urgent:
            self._timers.set(LoopTimer.SAVE_STARTS, now + _START_MAY_WAIT)
            return False
        self._active.is_urgent = False
        self._timers.drop(LoopTimer.SAVE_STARTS)
        batch = tuple(dirty.values())
        dirty.clear()
        admitted, self._admitted = self._admitted, []
        writes = [active.write() for active in batch if active.rows]
        try:
            refused = self._store.apply(writes) if writes else frozenset()
        except StoreError as error:
            for active in batch:
                self._distrust(active)
            self._store_failed("write what was decided", error, now)
            return True
        self._retry_delay = _FIRST_RETRY
        for active in batch:
            if active.pk in refused:
                self._distrust(active)
        self._act(batch, admitted, refused)
        return True

    def _act(
        self,
        batch: Sequence[ActiveRun],
        admitted: Iterable[tuple[int, TaskKey]],
        refused: frozenset[int],
    ) -> None:
        """Do what the written decisions ask for."""
        attempts = []
        for run_pk, key in admitted:
            active = self._active.get(run_pk)
            if active is not None and run_pk not in refused:
                attempts.append(active.machine.attempt_for(key))
        self._submit(attempts)
        for active in batch:
            if active.pk in refused:
                continue
            for cancel in active.cancels:
                self._cancel(active.pk, cancel.key, cancel.attempt_id, cancel.reason)
            if active.ended:
                self._past.ended(active.run.dag_id, active.ended)
            active.saved()
            if active.run.state in RUN_FINISHED:
                self._queue.drop(active.pk)
                if active.machine.is_finished:
                    self._active.close(active.pk)

    def _submit(self, attempts: Sequence[Attempt]) -> None:
        if attempts:
            self._ledger.add(attempts)
            self._executor.submit(attempts)

    def _cancel(self, run_pk: int, key: TaskKey, attempt_id: str, reason: str) -> None:
        if attempt_id in self._ledger:
            self._executor.cancel(attempt_id, reason)
            return
        # Nobody has it any more, so nobody will report its end.
        gone = AttemptEnded(key, attempt_id, self._clock(), Cancelled(message=reason))
        self._inbox.report([Report(run_pk, gone)])

    # Stale runs.

    def _distrust(self, active: ActiveRun) -> None:
        """Forget a run's machine, and read the run again."""
        self._stale.setdefault(active.pk, []).extend(active.unsaved)
        self._active.close(active.pk)

    def _distrust_everything(self) -> None:
        for active in self._active:
            self._distrust(active)
        self._admitted.clear()
        self._must_resync = True
        self._back_off(self._clock())

    def _store_failed(self, what: str, error: Exception, now: datetime) -> None:
        _log.warning("The scheduler could not %s; it tries again: %s", what, error)
        self._back_off(now)

    def _back_off(self, now: datetime) -> None:
        self._retry_at = now + self._retry_delay
        self._retry_delay = min(2 * self._retry_delay, _LAST_RETRY)
        self._timers.set(LoopTimer.TRY_STORE, self._retry_at)

    def _read_stale(self, now: datetime) -> None:
        while self._stale and self._retry_at is None:
            run_pk = next(iter(self._stale))
            try:
                self._read_run(run_pk, now)
            except StoreError as error:
                self._store_failed("read a run", error, now)
                return
        if not self._stale and not self._must_resync:
            self._is_taking_over = False

    def _read_run(self, run_pk: int, now: datetime) -> None:
        """Bring memory to what the store has of the run."""
        try:
            snapshot = self._store.load_run(run_pk)
            spec = self._store.get_version(snapshot.run.version_id).spec
        except NotFoundError:
            self._close(run_pk, "Its run was deleted.")
            self._past.edited(None)
            return
        run = snapshot.run
        reports = self._stale.get(run_pk, [])
        self._active.close(run_pk)
        self._queue.drop(run_pk)
        self._past.edited(run.dag_id)
        live = {
            instance.attempt_id: instance
            for instance in snapshot.instances
            if instance.state in LIVE and instance.attempt_id is not None
        }
        for attempt_id in self._ledger.of_run(run_pk):
            if attempt_id not in live:
                self._executor.cancel(attempt_id, "Its task instance was changed by somebody.")
        self._stale.pop(run_pk, None)
        if run.state in RUN_FINISHED:
            return
        if run.state is RunState.QUEUED:
            self._queue.add(run, now)
            if not live:
                self._remember(snapshot)
                return
        else:
            self._queue.hold(run)
        active = self._active.open(snapshot, spec, now)
        for event in reports:
            self._active.feed(active, event)
        self._find_lost(active, now)

    def _resync(self, now: datetime) -> None:
        """Read everything: at the start, and where notices may have been lost."""
        if self._retry_at is not None:
            return
        try:
            self._dags.read_all()
            for dag in self._dags:
                self._set_limits(dag.dag_id)
            self._read_pools()
            runs = self._list_active_runs()
        except StoreError as error:
            self._store_failed("read what is active", error, now)
            return
        self._must_resync = False
        for active in self._active:
            self._distrust(active)
        for run_pk in self._queue.waiting - {run.pk for run in runs}:
            self._close(run_pk, "Its run is over.")
        for run in runs:
            if run.state is RunState.QUEUED and not run.revision and run.pk not in self._stale:
                self._queue.add(run, now)
                self._fresh[run.pk] = RunSnapshot(run=run, instances=(), lengths={})
            else:
                self._stale.setdefault(run.pk, [])

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
            self._admission.set_pool(pool.name, pool.slots, include_deferred=pool.include_deferred)
        names = {pool.name for pool in pools}
        for name in self._pools - names:
            self._admission.remove_pool(name)
        self._pools = names

    # Notices.

    def _read_notices(self, now: datetime) -> None:
        """Take what people and other processes did."""
        try:
            while notices := self._store.take_notices():
                for notice in notices:
                    self._take_notice(notice)
        except StoreError as error:
            # Some may have been removed already, unread.
            self._must_resync = True
            self._store_failed("read its notices", error, now)

    def _take_notice(self, notice: Notice) -> None:
        match notice.kind:
            case NoticeKind.RUN_CREATED:
                run_pk = int(notice.subject)
                if self._active.get(run_pk) is None and run_pk not in self._queue:
                    self._stale.setdefault(run_pk, [])
            case NoticeKind.RUN_EDITED:
                run_pk = int(notice.subject)
                active = self._active.get(run_pk)
                if active is not None:
                    self._distrust(active)
                self._fresh.pop(run_pk, None)
                self._stale.setdefault(run_pk, [])
            case NoticeKind.RUN_DELETED:
                self._close(int(notice.subject), "Its run was deleted.")
                self._past.edited(None)
            case NoticeKind.DAG_CHANGED:
                self._dag_changed(notice.subject)
            case NoticeKind.POOL_CHANGED:
                self._read_pools()
            case _:
                assert_never(notice.kind)

    def _dag_changed(self, dag_id: str) -> None:
        was_paused = self._dags.is_paused(dag_id)
        self._dags.read(dag_id)
        is_paused = self._dags.is_paused(dag_id)
        if is_paused and not was_paused:
            self._active.withdraw(dag_id)
        elif was_paused and not is_paused:
            self._active.offer_again(dag_id)
        self._set_limits(dag_id)

    def _set_limits(self, dag_id: str) -> None:
        self._queue.set_dag(
            dag_id, self._dags.max_active_runs(dag_id), is_paused=self._dags.is_paused(dag_id)
        )

    def _find_lost(self, active: ActiveRun, now: datetime) -> None:
        """See to attempts that the store has and this scheduler has not given to the executor."""
        machine = active.machine
        unknown = [
            machine.attempt_for(key)
            for key, attempt_id in machine.live_attempts()
            if attempt_id not in self._ledger and machine.state(key) in LIVE
        ]
        if not unknown:
            return
        if self._is_taking_over:
            gone = self._executor.adopt(unknown)
            missing = {attempt.attempt_id for attempt in gone}
            self._ledger.add([a for a in unknown if a.attempt_id not in missing])
        else:
            # Queued by a write that was thought to have failed.
            queued = [a for a in unknown if machine.state(a.key) is TaskState.QUEUED]
            self._submit(queued)
            gone = [a for a in unknown if machine.state(a.key) is not TaskState.QUEUED]
        for attempt in gone:
            lost = Lost(message="nothing is left of it")
            self._active.feed(active, AttemptEnded(attempt.key, attempt.attempt_id, now, lost))

    def _remember(self, snapshot: RunSnapshot) -> None:
        if not snapshot.instances:
            self._fresh[snapshot.run.pk] = snapshot

    def _close(self, run_pk: int, reason: str) -> None:
        """The run is gone."""
        self._queue.drop(run_pk)
        self._stale.pop(run_pk, None)
        self._fresh.pop(run_pk, None)
        self._active.close(run_pk)
        for attempt_id in self._ledger.of_run(run_pk):
            self._executor.cancel(attempt_id, reason)
