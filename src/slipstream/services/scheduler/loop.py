"""The scheduler: takes events, has the core decide, writes, and only then acts.

One step of the loop is: collect everything that has arrived; tell the machines of the runs; let
admission give places; write all of it, with the newly queued attempts, in one transaction; then
hand the attempts to the executor. What was not written is not acted on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import assert_never

from slipstream.executors.interface import Executor, Report
from slipstream.model.attempt import Cancelled
from slipstream.model.changes import AttemptCancelled, TriggerDropped
from slipstream.model.events import (
    Admitted,
    AttemptEnded,
    RunStarted,
    TimerFired,
    TimerKind,
    TriggerEnded,
    Woken,
)
from slipstream.model.ids import IdSource, new_uuid7
from slipstream.model.news import Observer, RunNews
from slipstream.model.run import TaskKey
from slipstream.model.states import LIVE, RUN_FINISHED, RunState
from slipstream.model.team import TeamOf
from slipstream.services.scheduler.active import ActiveRun
from slipstream.services.scheduler.asking import Asker, NoTimetables, Timetables
from slipstream.services.scheduler.failures import pause_after_failures
from slipstream.services.scheduler.inbox import Inbox
from slipstream.services.scheduler.keys import (
    AskTimer,
    DagTimer,
    DeadlineTimer,
    DueTimer,
    LoopTimer,
    NewsTimer,
    RunTimer,
    TimerKey,
)
from slipstream.services.scheduler.memory import Memory
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.services.scheduler.passes import PassLimit
from slipstream.services.scheduler.watches import wanted_watches
from slipstream.services.triggerer import NoTriggerer, NoWatchers, Triggerer, Waiter, Watchers
from slipstream.store.errors import StoreError
from slipstream.store.wakeups import Topic

_log = logging.getLogger(__name__)

_START_MAY_WAIT = timedelta(milliseconds=20)
"""How long the news that an attempt has started waits for a commit that is due anyway."""

_REST = 3.0
"""How many times as long as a pass for notices took the next ones are let gather: while many people
and programs ask for things, a quarter of the time at the most goes into hearing them one by one."""


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
        triggerer: Triggerer | None = None,
        timetables: Asker | None = None,
        clock: Callable[[], datetime] = utc_now,
        new_id: IdSource = new_uuid7,
        parallelism: int = 0,
        callbacks_owed: Callable[[], None] = _nothing,
        observers: Sequence[Observer] = (),
        watchers: Watchers | None = None,
        on_pass: Callable[[float], None] | None = None,
        limit: PassLimit | None = None,
        team_of: TeamOf | None = None,
    ) -> None:
        """`timetables` puts questions to the code of DAGs; it may answer in any thread.
        `callbacks_owed` is called, in the scheduler's thread, when the store has new ones.
        `on_pass` is told how many seconds each pass of the loop took. After the passes of `limit`
        nothing new is begun; who was told of it calls `stop`. `team_of` says whose a DAG is;
        without it pools of teams are for all."""
        limits = [limit for limit in (parallelism, executor.parallelism) if limit > 0]
        self._store = store
        self._executor = executor
        self._triggerer = triggerer or NoTriggerer()
        self._clock = clock
        self._new_id = new_id
        self._observers = tuple(observers)
        self._watchers = watchers or NoWatchers()
        self._on_pass = on_pass
        self._limit = limit
        self._inbox = Inbox()
        asked = NoTimetables() if timetables is None else Timetables(timetables, self._inbox, clock)
        self._memory = Memory(
            store, executor, self._triggerer, min(limits, default=0), asked, new_id, team_of
        )
        self._admitted: list[tuple[int, TaskKey]] = []
        self._failed: dict[int, ActiveRun] = {}
        """Failed runs of DAGs that are paused after several of them."""
        self._callbacks_owed = callbacks_owed
        self._is_draining = False
        self._is_running = threading.Event()
        self._thread: threading.Thread | None = None
        self._stop_listening: Callable[[], None] = _nothing
        self.defects = 0
        """How often a machine was told what cannot be. Anything but 0 is an error of ours."""

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
        self._memory.active.is_urgent = True
        self.run_once(0)
        self._stop_listening()

    def open(self) -> None:
        """Listen, and rebuild every active run from the store; attempts that are gone are lost."""
        self._stop_listening = self._store.listen(self._inbox.notices_may_be_there, Topic.NOTICES)
        self._executor.start(self._inbox.report)
        self._triggerer.start(self._inbox.report)
        self._memory.catch_up(self._clock())

    def run_once(self, timeout: float | None) -> bool:
        """Handle what has arrived, or is due; waits for the first of it. False if nothing was."""
        mail = self._inbox.collect(self._wait(timeout))
        begun = time.perf_counter()
        now = self._clock()
        for command in mail.commands:
            command()
        fired = self._fire_timers(now)
        if mail.notices:
            self._memory.take_notices(now)
        if self._memory.is_behind:
            self._memory.catch_up(now)
        if self._memory.edited:
            for observer in self._observers:
                observer.dags_edited(frozenset(self._memory.edited))
            for dag_id in self._memory.edited:
                self._memory.wake(self._memory.watching.edited(dag_id), now)
            self._memory.edited.clear()
        if self._memory.dags.has_changed and not self._memory.is_behind:
            self._memory.dags.has_changed = False
            self._watchers.watch(wanted_watches(self._memory.dags))
        self._take_reports(mail.reports)
        worked = self._decide_and_save(now)
        took = time.perf_counter() - begun
        if mail.notices and self._is_running.is_set():
            self._inbox.rest(_REST * took)
        if self._on_pass is not None:
            self._on_pass(took)
        return bool(mail.reports or mail.notices or mail.commands or fired or worked)

    def call(self, command: Callable[[], None]) -> None:
        """Run `command` on the scheduler's thread, soon."""
        self._inbox.call(command)

    @property
    def next_wake(self) -> datetime | None:
        """When there is something to do again if nothing arrives; None for never."""
        return self._clock() if self._has_work else self._memory.timers.next_at()

    @property
    def is_idle(self) -> bool:
        """Whether no run is in memory and no attempt is at the executor."""
        memory = self._memory
        return not memory.active and not memory.outstanding and not memory.is_behind

    def leaks(self) -> str:
        """What is held although no run is active; empty if nothing is. For tests."""
        memory = self._memory
        admission = memory.admission
        held = {
            "runs": len(memory.active),
            "attempts": len(memory.outstanding),
            "triggers": len(memory.waiting),
            "places": admission.active,
            "offers": admission.waiting,
            "slots": sum(admission.pool_used(name) for name in memory.pools),
            "watchers": len(memory.watching),
            "waiting runs": len(memory.queue.waiting),
            "timers": len(memory.timers),
        }
        return ", ".join(f"{number} {what}" for what, number in held.items() if number)

    # A step.

    def _work(self) -> None:
        limit = self._limit
        while self._is_running.is_set():
            did_something = True
            try:
                did_something = self.run_once(None if limit is None else limit.timeout)
            except Exception as error:  # noqa: BLE001  # Nothing may end the loop.
                _log.exception("The scheduler failed in a step; it reads everything again.")
                self._memory.distrust_everything()
                self._memory.patience.failed("finish a step", error, self._clock())
                self._admitted.clear()
            if limit is not None:
                limit.passed(did_something=did_something)
                self._is_draining = self._is_draining or limit.is_reached

    def _drain(self) -> None:
        self._is_draining = True

    def _wait(self, timeout: float | None) -> float | None:
        if self._has_work:
            return 0
        at = self._memory.timers.next_at()
        if at is None:
            return timeout
        until = max(0.0, (at - self._clock()).total_seconds())
        return until if timeout is None else min(until, timeout)

    @property
    def _has_work(self) -> bool:
        """Whether something can be done at once, without any event."""
        memory = self._memory
        if memory.patience.is_waiting:
            return False
        to_make = memory.planner.is_due or memory.asset_runs.is_due or memory.backfills.is_due
        to_make = to_make or memory.deadlines.is_due
        to_ask = memory.past.is_due or memory.inputs.is_due
        return memory.is_behind or to_ask or to_make or bool(self._failed)

    def _decide_and_save(self, now: datetime) -> bool:
        self._ask_the_store(now)
        for active in self._take_broken():
            self._memory.distrust(active)
        if not self._is_draining and not self._memory.is_taking_over:
            self._start_runs(now)
            self._admit(now)
        return self._save(now)

    def _fire_timers(self, now: datetime) -> bool:
        fired = False
        for timer, _ in self._memory.timers.due(now):
            fired = True
            self._fire(timer, now)
        return fired

    def _fire(self, timer: TimerKey, now: datetime) -> None:
        memory = self._memory
        match timer:
            case RunTimer():
                active = memory.active.get(timer.run_pk)
                if active is not None:
                    active.timers.discard(timer)
                    if timer.kind is TimerKind.RESCHEDULE and timer.key is not None:
                        memory.watching.forget((timer.run_pk, timer.key))
                    memory.active.feed(active, TimerFired(timer.kind, now, timer.key))
            case NewsTimer():
                active = memory.active.get(timer.run_pk)
                if active is not None:
                    memory.active.feed(active, Woken(timer.key, now))
            case DueTimer():
                memory.queue.due(timer.run_pk)
            case DagTimer():
                memory.planner.look(timer.dag_id)
            case AskTimer():
                memory.asset_runs.look(timer.dag_id)
            case DeadlineTimer():
                memory.deadlines.fired(timer.number)
            case LoopTimer.SAVE_STARTS:
                memory.active.is_urgent = True
            case LoopTimer.TRY_STORE:
                memory.patience.is_over()
            case _:
                assert_never(timer)

    def _take_reports(self, reports: Sequence[Report]) -> None:
        memory = self._memory
        for report in reports:
            event = report.event
            if isinstance(event, AttemptEnded):
                died = memory.outstanding.ended(event.attempt_id)
                if died is not None:
                    memory.active.let_go(report.run_pk, died)
            elif isinstance(event, TriggerEnded):
                memory.waiting.ended(event.attempt_id)
            active = memory.active.get(report.run_pk)
            if active is not None:
                memory.active.feed(active, event)
                memory.watch(report.run_pk, event)
            elif memory.is_stale(report.run_pk):
                memory.keep(report.run_pk, event)
            elif isinstance(event, TriggerEnded):
                memory.waiting.drop(event.attempt_id)

    def _ask_the_store(self, now: datetime) -> None:
        """Answer what machines asked, make runs by timetable, pause what fails all the time."""
        memory = self._memory
        if memory.patience.is_waiting:
            return
        try:
            for run_pk, answer in memory.past.settle(now):
                active = memory.active.get(run_pk)
                if active is not None:
                    memory.active.feed(active, answer)
            for run_pk, given in memory.inputs.settle(now):
                active = memory.active.get(run_pk)
                if active is not None:
                    # A trigger may wait for the answer, too.
                    for observer in self._observers:
                        observer.dags_edited({active.run.dag_id})
                    memory.active.feed(active, given)
            while self._failed:
                pause_after_failures(self._store, next(iter(self._failed.values())))
                del self._failed[next(iter(self._failed))]
            if not self._is_draining:
                for run in memory.planner.make_due_runs(now):
                    memory.created(run, now)
                for run in memory.asset_runs.make_due_runs(now):
                    memory.created(run, now)
                for made in memory.backfills.make_runs():
                    if isinstance(made, int):
                        memory.read_again(made)
                    else:
                        memory.created(made, now)
                memory.deadlines.work(self._callbacks_owed)
        except StoreError as error:
            memory.patience.failed("ask the store", error, now)

    def _start_runs(self, now: datetime) -> None:
        memory = self._memory
        if memory.patience.is_waiting:
            return
        for run in memory.queue.admit():
            if memory.patience.is_waiting:
                memory.wait_again(run, now)
                continue
            active = memory.take_up(run, now)
            if active is not None:
                memory.active.feed(active, RunStarted(now))

    def _take_broken(self) -> Iterable[ActiveRun]:
        active = self._memory.active
        broken, active.broken = active.broken, []
        self.defects += len(broken)
        return broken

    def _admit(self, now: datetime) -> None:
        memory = self._memory
        for admittee in memory.admission.admit():
            active = memory.active.get(admittee.run_pk)
            assert active is not None, "admission knows of a run that is not in memory"
            memory.active.feed(active, Admitted(admittee.key, self._new_id(), now))
            self._admitted.append((admittee.run_pk, admittee.key))

    # Writing.

    def _save(self, now: datetime) -> bool:
        memory = self._memory
        dirty = memory.active.dirty
        if not dirty or memory.is_taking_over:
            return False
        if not memory.active.is_urgent:
            memory.timers.set(LoopTimer.SAVE_STARTS, now + _START_MAY_WAIT)
            return False
        memory.active.is_urgent = False
        memory.timers.drop(LoopTimer.SAVE_STARTS)
        batch = tuple(dirty.values())
        dirty.clear()
        admitted, self._admitted = self._admitted, []
        writes = {active.pk: active.write() for active in batch if active.rows}
        try:
            refused = self._store.apply(tuple(writes.values())) if writes else frozenset()
        except StoreError as error:
            for active in batch:
                memory.distrust(active)
            memory.patience.failed("write what was decided", error, now)
            return True
        memory.patience.succeeded()
        for active in batch:
            if active.pk in refused:
                memory.distrust(active)
        written = [active for active in batch if active.pk not in refused]
        news = [
            RunNews(active.dag, active.run, writes[active.pk].changes)
            for active in written
            if active.pk in writes
        ]
        self._act(written, admitted)
        for observer in self._observers:
            observer.runs_written(news)
        return True

    def _act(self, batch: Sequence[ActiveRun], admitted: Iterable[tuple[int, TaskKey]]) -> None:
        """Do what the written decisions ask for."""
        memory, written = self._memory, self._clock()
        attempts = []
        for run_pk, key in admitted:
            active = memory.active.get(run_pk)
            # A task that begins with a wait has no process yet.
            if active is not None and active.machine.state(key) in LIVE:
                attempts.append(active.machine.attempt_for(key))
        memory.outstanding.submit(attempts)
        for active in batch:
            if active.triggers:
                self._follow_triggers(active)
            for cancel in active.cancels:
                self._cancel(active.pk, cancel)
            if active.ended:
                memory.past.ended(active.run.dag_id, active.ended)
            memory.wake(
                memory.watching.ended(
                    active.run.dag_id,
                    active.ended,
                    is_run_over=active.run.state in RUN_FINISHED,
                    at=written,
                ),
                written,
            )
            if active.owes_callbacks:
                self._callbacks_owed()
            active.saved()
            if active.run.state in RUN_FINISHED:
                self._run_ended(active)

    def _follow_triggers(self, active: ActiveRun) -> None:
        """Have those run that are waited on, and let go of the others."""
        wanted = []
        for change in active.triggers.values():
            if isinstance(change, TriggerDropped):
                self._memory.waiting.drop(change.attempt_id, change.counted)
            else:
                wanted.append(Waiter(active.machine.attempt_for(change.key), change.deferral))
        self._memory.waiting.run(wanted)

    def _run_ended(self, active: ActiveRun) -> None:
        memory = self._memory
        if active.run.state is RunState.FAILED and active.dag.max_consecutive_failed_dag_runs > 0:
            self._failed[active.pk] = active
        memory.deadlines.ended(active.pk)
        memory.leave_queue(active.pk)
        memory.watching.forget_run(active.pk)
        # The task that a later run asked about may be no part of this one.
        memory.past.edited(active.run.dag_id)
        if active.machine.is_finished:
            memory.active.close(active.pk)

    def _cancel(self, run_pk: int, cancel: AttemptCancelled) -> None:
        if self._memory.outstanding.cancel(cancel.attempt_id, cancel.reason):
            return
        # Nobody has it any more, so nobody will report its end.
        gone = Cancelled(message=cancel.reason)
        event = AttemptEnded(cancel.key, cancel.attempt_id, self._clock(), gone)
        self._inbox.report([Report(run_pk, event)])
