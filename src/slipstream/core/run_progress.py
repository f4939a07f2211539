"""How far one run has come: all its tasks, and the moves that they make.

Every move keeps the counters right, tells the tasks downstream, and adds the change to `out`. Which
move is made, and when, is decided elsewhere.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime

from slipstream.core.codes import (
    AWAITING_INPUT,
    DEFERRED,
    FAILED,
    NONE,
    REMOVED,
    SCHEDULED,
    STATES,
    STEPS,
    UP_FOR_RETRY,
    UPSTREAM_FAILED,
    raise_impossible,
)
from slipstream.core.frozen import instance_changed, ready, released, task_instance
from slipstream.core.plan import Plan
from slipstream.core.progress import TaskProgress
from slipstream.core.records import Record
from slipstream.core.transitions import TaskEvent
from slipstream.core.trigger_rules import SETUP_SKIPPED, SETUP_SUCCESS, Verdict
from slipstream.model.attempt import XComWrite
from slipstream.model.changes import (
    Change,
    DeferralDropped,
    MapExpanded,
    PastNeeded,
    RangeChanged,
    TriggerDropped,
)
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, TaskState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READY = STEPS[TaskEvent.READY]
_WAIT = Verdict.WAIT


class RunProgress:
    """One active run. `at` and `out` belong to the event that is being handled."""

    __slots__ = (
        "at",
        "dag",
        "failed_leaves",
        "heap",
        "holds",
        "is_running",
        "leaving",
        "out",
        "overdue",
        "plan",
        "run",
        "run_pk",
        "tasks",
        "unfinished",
        "waiting",
    )

    def __init__(self, plan: Plan, run: DagRun) -> None:
        self.plan = plan
        self.dag = plan.dag
        self.run = run
        self.run_pk = run.pk
        self.is_running = run.state is RunState.RUNNING
        self.tasks = [TaskProgress(node) for node in plan.nodes]
        self.at = _EPOCH
        self.out: list[Change] = []
        self.heap: list[int] = []
        """Positions of the tasks that must be judged again."""
        self.unfinished = 0
        self.waiting = 0
        """Instances in state `NONE`."""
        self.holds = 0
        """Of these, the ones that something outside of the run will free."""
        self.overdue = 0
        """Instances whose retry is due and whose rule is not met."""
        self.failed_leaves: dict[str, int] = {}
        """`{task id of a leaf: instances that failed}`."""
        self.leaving: dict[str, TaskKey] = {}
        """`{attempt id: instance}` of attempts that were told to end and have not yet."""

    # Which tasks to judge.

    def touch(self, task: TaskProgress) -> None:
        """Judge the task again, all of it."""
        task.dirty = None
        self._enqueue(task)

    def _enqueue(self, task: TaskProgress) -> None:
        if not task.queued:
            task.queued = True
            heapq.heappush(self.heap, task.node.position)

    def settle(self, decide: Callable[[RunProgress, TaskProgress], None]) -> None:
        """Judge every touched task, those upstream first."""
        heap = self.heap
        tasks = self.tasks
        while heap:
            task = tasks[heapq.heappop(heap)]
            task.queued = False
            decide(self, task)

    # Moves.

    def note(self, key: TaskKey, record: Record, state: TaskState, reason: str) -> None:
        """Tell the new value of an instance."""
        self.out.append(instance_changed(task_instance(self.run_pk, key, state, record, reason)))

    def step(self, task: TaskProgress, index: int, event: TaskEvent) -> int:
        """Take an unfinished instance to another unfinished state; gives the state's code."""
        before = task.states[index]
        after = STEPS[event][before]
        if after < NONE:
            raise_impossible(before, event)
        task.states[index] = after
        if before == NONE:
            self._leave_waiting(task, index)
        elif after == NONE:
            task.waiting += 1
            self.waiting += 1
        return after

    def ready(self, task: TaskProgress, index: int, reason: str) -> None:
        """The instance waits for admission."""
        before = task.states[index]
        if _READY[before] < 0:
            raise_impossible(before, TaskEvent.READY)
        task.states[index] = SCHEDULED
        record = task.record(index)
        if before == NONE:
            self._leave_waiting(task, index)
            record.begin_new_try()
        elif before == UP_FOR_RETRY:
            record.begin_new_try()
        if task.overdue:
            self.forget_overdue(task, index)
        record.scheduled_at = self.at
        record.queued_at = record.not_before = record.end_date = None
        key = task.key(index)
        if record.attempt_id is None and record.deferral is not None:
            self.forget_deferral(key, record)
        self.note(key, record, TaskState.SCHEDULED, reason)
        self.out.append(ready(key))

    def ready_range(self, task: TaskProgress, start: int, stop: int, reason: str) -> None:
        """Instances in state `NONE` wait for admission."""
        for first, last, has_record in _split(task, start, stop):
            if has_record or last - first == 1:
                self.ready(task, first, reason)
                continue
            number = last - first
            task.states[first:last] = bytes([SCHEDULED]) * number
            task.waiting -= number
            self.waiting -= number
            if task.ready_at is None:
                task.ready_at = {}
            for scope in range(first // task.width, (last - 1) // task.width + 1):
                task.ready_at[scope] = self.at
            self._note_range(task, first, last, TaskState.SCHEDULED, reason)
            self.out.append(ready(task.key(first), number))

    def end(
        self,
        task: TaskProgress,
        index: int,
        event: TaskEvent,
        reason: str,
        xcoms: tuple[XComWrite, ...] = (),
    ) -> None:
        """The instance is finished."""
        before = task.states[index]
        after = STEPS[event][before]
        if not 0 <= after < NONE:
            raise_impossible(before, event)
        task.states[index] = after
        task.unfinished -= 1
        self.unfinished -= 1
        if before == NONE:
            self._leave_waiting(task, index)
        elif task.overdue:
            self.forget_overdue(task, index)
        record = task.record(index)
        record.end_date = self.at
        if record.start_date is None:
            record.start_date = self.at
        record.not_before = None
        key = task.key(index)
        value = task_instance(self.run_pk, key, STATES[after], record, reason)
        self.out.append(instance_changed(value, xcoms))
        if record.holds_places or before in (DEFERRED, AWAITING_INPUT):
            record.holds_places = False
            self.out.append(released(key))
        if record.deferral is not None:
            if before == DEFERRED:
                self.out.append(TriggerDropped(key, record.deferral.attempt_id))
            self.forget_deferral(key, record)
        if task.is_expanded:
            del task.records[index]
        self.tell(task, index, index + 1, after)

    def forget_deferral(self, key: TaskKey, record: Record) -> None:
        """How the instance waited means nothing any more."""
        if record.deferral is not None:
            record.deferral = None
            self.out.append(DeferralDropped(key))

    def end_range(
        self, task: TaskProgress, start: int, stop: int, event: TaskEvent, reason: str
    ) -> None:
        """Instances that hold no attempt and are all in one state are finished."""
        for first, last, has_record in _split(task, start, stop):
            if has_record or last - first == 1:
                self.end(task, first, event, reason)
                continue
            number = last - first
            before = task.states[first]
            after = STEPS[event][before]
            if not 0 <= after < NONE:
                raise_impossible(before, event)
            task.states[first:last] = bytes([after]) * number
            task.unfinished -= number
            self.unfinished -= number
            if before == NONE:
                task.waiting -= number
                self.waiting -= number
                self.free_holds(task, first, last)
            self._note_range(task, first, last, STATES[after], reason)
            self.tell(task, first, last, after)

    def skip_failed(self, task: TaskProgress, start: int, stop: int, reason: str) -> None:
        """Skip, after all, what a failure upstream has kept from running.

        What becomes of a task that a branch leaves out does not depend then on which came first,
        the failure or the branch.
        """
        found = [at for at in range(start, stop) if task.states[at] == UPSTREAM_FAILED]
        if not found:
            return
        for index in found:
            task.states[index] = STEPS[TaskEvent.SKIP][UPSTREAM_FAILED]
            if task.is_expanded:
                self._note_range(task, index, index + 1, TaskState.SKIPPED, reason)
            else:
                self.note(task.key(index), task.record(index), TaskState.SKIPPED, reason)
        if task.node.is_leaf:
            left = self.failed_leaves.pop(task.node.task_id) - len(found)
            if left:
                self.failed_leaves[task.node.task_id] = left
        for edge in task.node.outgoing:
            below = self.tasks[edge.target]
            if not below.is_absent:
                below.recount([self.tasks[above.source] for above in below.node.incoming])
                self.touch(below)

    def tell(self, task: TaskProgress, start: int, stop: int, code: int) -> None:
        """Let the tasks downstream count the ends of instances `start` to `stop - 1`."""
        node = task.node
        if node.is_leaf and code in (FAILED, UPSTREAM_FAILED):
            failed = self.failed_leaves
            failed[node.task_id] = failed.get(node.task_id, 0) + stop - start
        tasks = self.tasks
        for edge in node.outgoing:
            below = tasks[edge.target]
            if below.blocks is None and code != REMOVED and not edge.is_scope:
                tally = below.tally
                tally[code] += stop - start
                if edge.from_setup and code < 2:
                    tally[SETUP_SKIPPED if code else SETUP_SUCCESS] += stop - start
                if below.overdue or (
                    below.waiting
                    and (not below.node.is_ruled or below.node.judge(tally) is not _WAIT)
                ):
                    self._enqueue(below)
                continue
            if not below.queued:
                below.dirty = None if below.blocks is None else set()
            below.count_ends(edge, task, start, stop, code)
            if below.waiting or below.overdue:
                self._enqueue(below)
        if not task.unfinished:
            for position in node.feeds:
                fed = tasks[position]
                if fed.waiting or fed.overdue:
                    self.touch(fed)

    # What instances wait for.

    def length_of(self, task_id: str, key: str) -> int | None:
        """How many items a task pushed under that key."""
        return self.tasks[self.plan.position_of[task_id]].length_of(key)

    def hold(self, task: TaskProgress, index: int) -> None:
        """Let the instance wait for the previous run."""
        if task.asked is None:
            task.asked = {}
        if index not in task.asked:
            task.asked[index] = ""
            self.holds += 1
            self.out.append(PastNeeded(task.key(index)))

    def skip_after_past(self, task: TaskProgress, start: int, stop: int, reason: str) -> None:
        """Skip instances in state `NONE` as soon as the previous run lets them go on."""
        if task.skipping is None:
            task.skipping = {}
        for index in range(start, stop):
            task.skipping[index] = reason
            self.hold(task, index)

    def free_holds(self, task: TaskProgress, start: int, stop: int) -> None:
        """These instances do not wait for the previous run any more."""
        if task.asked:
            for index in [index for index in task.asked if start <= index < stop]:
                del task.asked[index]
                self.holds -= 1
                if task.skipping:
                    task.skipping.pop(index, None)

    def note_overdue(self, task: TaskProgress, index: int) -> None:
        """The instance's retry or reschedule is due; judge whether it may begin."""
        if task.overdue is None:
            task.overdue = set()
        task.overdue.add(index)
        self.overdue += 1
        task.needs_are_met = not task.node.needs
        self.touch(task)

    def forget_overdue(self, task: TaskProgress, index: int) -> None:
        """The instance goes on, or is finished."""
        if task.overdue and index in task.overdue:
            task.overdue.discard(index)
            self.overdue -= 1

    def _leave_waiting(self, task: TaskProgress, index: int) -> None:
        task.waiting -= 1
        self.waiting -= 1
        if task.asked:
            self.free_holds(task, index, index + 1)

    def _note_range(
        self, task: TaskProgress, start: int, stop: int, state: TaskState, reason: str
    ) -> None:
        task_id = task.node.task_id
        last = self.out[-1] if self.out else None
        if (
            state is TaskState.SCHEDULED
            and isinstance(last, MapExpanded)
            and last.task_id == task_id
            and stop - start == task.count
        ):
            self.out[-1] = MapExpanded(
                task_id, task.count, last.max_tries, state=state, at=self.at, reason=reason
            )
            return
        self.out.append(RangeChanged(task_id, start, stop, state, self.at, reason))


def _split(task: TaskProgress, start: int, stop: int) -> list[tuple[int, int, bool]]:
    """The range in pieces: single instances with a record, and ranges without."""
    if not task.is_expanded:
        return [(start, stop, True)]
    if not task.records:
        return [(start, stop, False)]
    if stop - start < len(task.records):
        known = [index for index in range(start, stop) if index in task.records]
    else:
        known = sorted(index for index in task.records if start <= index < stop)
    pieces: list[tuple[int, int, bool]] = []
    for index in known:
        if start < index:
            pieces.append((start, index, False))
        pieces.append((index, index + 1, True))
        start = index + 1
    if start < stop:
        pieces.append((start, stop, False))
    return pieces
