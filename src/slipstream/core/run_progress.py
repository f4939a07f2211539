"""How far one run has come: all its tasks, and the moves that they make.

Every move keeps the counters right, tells the tasks downstream, and adds the change to `out`. Which
move is made, and when, is decided elsewhere.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from slipstream.core import reasons
from slipstream.core.plan import Plan
from slipstream.core.progress import CODE, NONE, REMOVED, STATES, Record, TaskProgress
from slipstream.core.transitions import TASK_TRANSITIONS, TaskEvent, next_task_state
from slipstream.model.attempt import XComWrite
from slipstream.model.changes import (
    AttemptCancelled,
    Change,
    InstanceChanged,
    InstancesAdded,
    MapExpanded,
    RangeChanged,
    Ready,
    Released,
    Unready,
)
from slipstream.model.run import UNMAPPED, DagRun, TaskInstance, TaskKey
from slipstream.model.states import LIVE, TaskState

SCHEDULED: Final = CODE[TaskState.SCHEDULED]
FAILED: Final = CODE[TaskState.FAILED]
DEFERRED: Final = CODE[TaskState.DEFERRED]
UPSTREAM_FAILED: Final = CODE[TaskState.UPSTREAM_FAILED]
LIVE_CODES: Final = frozenset(CODE[state] for state in LIVE)
_NOT_BEGUN: Final = frozenset(
    {
        TaskState.NONE,
        TaskState.SCHEDULED,
        TaskState.UP_FOR_RETRY,
        TaskState.UP_FOR_RESCHEDULE,
    }
)
_SCHEDULED_RUNS = re.compile(re.escape(bytes([SCHEDULED])) + b"+")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _row(event: TaskEvent) -> tuple[int, ...]:
    """The transition table's answers to one event, by code of the state before; -1 for none."""
    after = (TASK_TRANSITIONS.get((state, event)) for state in STATES)
    return tuple(-1 if state is None else CODE[state] for state in after)


STEPS: Final = {event: _row(event) for event in TaskEvent}
"""The transition table by codes."""


class RunProgress:
    """One active run. `at` and `out` belong to the event that is being handled."""

    __slots__ = (
        "at",
        "dag",
        "failed_leaves",
        "heap",
        "holds",
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
        self.tasks = [TaskProgress(node) for node in plan.nodes]
        for task in self.tasks:
            task.edges = tuple((edge, self.tasks[edge.target]) for edge in task.node.outgoing)
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

    # The row of an instance.

    def instance(
        self, task: TaskProgress, index: int, record: Record, state: TaskState, reason: str
    ) -> TaskInstance:
        """The value of an instance as it stands."""
        return TaskInstance(
            run_pk=self.run_pk,
            task_id=task.node.task_id,
            map_index=index if task.is_expanded else UNMAPPED,
            state=state,
            try_number=record.try_number,
            max_tries=record.max_tries,
            attempt_id=record.attempt_id,
            losses=record.losses,
            reschedules=record.reschedules,
            not_before=record.not_before,
            scheduled_at=record.scheduled_at,
            queued_at=record.queued_at,
            start_date=record.start_date,
            end_date=record.end_date,
            hostname=record.hostname,
            pid=record.pid,
            rendered_map_index=record.rendered_map_index,
            reason=reason,
        )

    # Which tasks to judge.

    def touch(self, task: TaskProgress) -> None:
        """Judge the task again, all of it."""
        task.dirty = None
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
        before = STATES[task.states[index]]
        self.step(task, index, TaskEvent.READY)
        if index in task.overdue:
            task.overdue.discard(index)
            self.overdue -= 1
        record = task.record(index)
        record.scheduled_at = self.at
        record.queued_at = record.not_before = record.end_date = None
        if before in (TaskState.NONE, TaskState.UP_FOR_RETRY):
            begin_new_try(record)
        self.out.append(
            InstanceChanged(self.instance(task, index, record, TaskState.SCHEDULED, reason))
        )
        self.out.append(Ready(task.key(index)))

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
            for scope in range(first // task.width, (last - 1) // task.width + 1):
                task.ready_at[scope] = self.at
            self._note_range(task, first, last, TaskState.SCHEDULED, reason)
            self.out.append(Ready(task.key(first), number))

    def end(
        self,
        task: TaskProgress,
        index: int,
        event: TaskEvent,
        reason: str,
        xcoms: tuple[XComWrite, ...] = (),
    ) -> None:
        """The instance is finished."""
        states = task.states
        before = states[index]
        after = STEPS[event][before]
        if not 0 <= after < NONE:
            raise_impossible(before, event)
        states[index] = after
        task.unfinished -= 1
        self.unfinished -= 1
        if before == NONE:
            self._leave_waiting(task, index)
        elif index in task.overdue:
            task.overdue.discard(index)
            self.overdue -= 1
        record = task.record(index)
        record.end_date = self.at
        if record.start_date is None:
            record.start_date = self.at
        record.not_before = None
        self.out.append(
            InstanceChanged(self.instance(task, index, record, STATES[after], reason), xcoms)
        )
        if record.holds_places or before == DEFERRED:
            record.holds_places = False
            self.out.append(Released(task.key(index)))
        if task.is_expanded:
            del task.records[index]
        self.tell(task, index, index + 1, after)

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
                self._free_holds(task, first, last)
            self._note_range(task, first, last, STATES[after], reason)
            self.tell(task, first, last, after)

    def skip_pending(self, task: TaskProgress, start: int, stop: int, reason: str) -> None:
        """Skip what has not been admitted yet among these instances."""
        for first, last in list(task.pending_runs(start, stop)):
            self.end_range(task, first, last, TaskEvent.SKIP, reason)
        for found in list(_SCHEDULED_RUNS.finditer(task.states, start, stop)):
            first, last = found.span()
            self.out.append(Unready(task.key(first), last - first))
            self.end_range(task, first, last, TaskEvent.SKIP, reason)

    def stop(self, task: TaskProgress, event: TaskEvent, reason: str) -> None:
        """Finish everything of a task: skip what waits, cut off what is under way."""
        self.skip_pending(task, 0, task.count, reason)
        if not task.unfinished:
            return
        for index in sorted(task.records):
            code = task.states[index]
            if code < NONE:
                continue
            if code not in LIVE_CODES:
                self.end(task, index, TaskEvent.SKIP, reason)
                continue
            record = task.records[index]
            attempt_id = record.attempt_id or ""
            record.holds_places = False
            self.leaving[attempt_id] = task.key(index)
            self.end(task, index, event, reason)
            self.out.append(AttemptCancelled(task.key(index), attempt_id, reason))

    def expand(self, task: TaskProgress, lengths: tuple[int, ...]) -> None:
        """Put a map's instances in the place of its placeholder, all pending."""
        self._free_holds(task, 0, 1)
        task.resize(lengths)
        self.unfinished += task.count - 1
        self.waiting += task.count - 1
        task.recount([self.tasks[edge.source] for edge in task.node.incoming])
        for edge, below in task.edges:
            if not below.is_absent:
                below.expect_expansion(edge, task)
        self.out.append(
            MapExpanded(task.node.task_id, task.count, task.node.spec.retries, at=self.at)
        )

    def refit(self, task: TaskProgress, lengths: tuple[int, ...]) -> None:
        """Give an expanded map these lengths: add what is missing, remove what is too much.

        What is under way or finished beyond the new end stays.
        """
        total = math.prod(lengths)
        beyond = range(total, task.count)
        removed = [at for at in beyond if STATES[task.states[at]] in _NOT_BEGUN]
        under_way = [at for at in beyond if task.states[at] > NONE and at not in removed]
        back = [at for at in range(min(total, task.count)) if task.states[at] == REMOVED]
        added = range(task.count, total)
        if not removed and not back and not added:
            return
        for index in removed:
            if task.states[index] == SCHEDULED:
                self.out.append(Unready(task.key(index)))
            self.end(task, index, TaskEvent.REMOVE, reasons.BEYOND_MAP)
        for index in back:
            self._bring_back(task, index)
        task.refit((under_way[-1] + 1,) if under_way and len(lengths) == 1 else lengths)
        self.unfinished += len(added)
        self.waiting += len(added)
        if added:
            retries = task.node.spec.retries
            rows = (self.instance(task, at, Record(retries), TaskState.NONE, "") for at in added)
            self.out.append(InstancesAdded(tuple(rows)))
        for other in (task, *(below for _, below in task.edges if not below.is_absent)):
            other.recount([self.tasks[edge.source] for edge in other.node.incoming])
            self.touch(other)

    def _bring_back(self, task: TaskProgress, index: int) -> None:
        task.states[index] = STEPS[TaskEvent.BRING_BACK][REMOVED]
        task.unfinished += 1
        task.waiting += 1
        self.unfinished += 1
        self.waiting += 1
        record = task.record(index)
        self.out.append(
            InstanceChanged(
                self.instance(task, index, record, TaskState.NONE, reasons.IN_MAP_AGAIN)
            )
        )

    def tell(self, task: TaskProgress, start: int, stop: int, code: int) -> None:
        """Let the tasks downstream count the ends of instances `start` to `stop - 1`."""
        node = task.node
        if node.is_leaf and code in (FAILED, UPSTREAM_FAILED):
            failed = self.failed_leaves
            failed[node.task_id] = failed.get(node.task_id, 0) + stop - start
        for edge, below in task.edges:
            if below.is_absent:
                continue
            if not below.queued:
                below.dirty = None if below.blocks is None else set()
            below.count_ends(edge, task, start, stop, code)
            if not below.queued and (below.waiting or below.overdue):
                below.queued = True
                heapq.heappush(self.heap, below.node.position)
        if not task.unfinished:
            for position in node.feeds:
                fed = self.tasks[position]
                if fed.waiting or fed.overdue:
                    self.touch(fed)

    def hold(self, task: TaskProgress, index: int) -> bool:
        """Remember that the instance waits for the previous run; False if that was known."""
        if index in task.asked:
            return False
        task.asked.add(index)
        self.holds += 1
        return True

    def _leave_waiting(self, task: TaskProgress, index: int) -> None:
        task.waiting -= 1
        self.waiting -= 1
        if task.asked:
            self._free_holds(task, index, index + 1)

    def _free_holds(self, task: TaskProgress, start: int, stop: int) -> None:
        if not task.asked:
            return
        for index in [index for index in task.asked if start <= index < stop]:
            task.asked.discard(index)
            task.past_reasons.pop(index, None)
            self.holds -= 1

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


def begin_new_try(record: Record) -> None:
    """What belonged to the last try is over."""
    record.attempt_id = None
    record.losses = 0
    record.reschedules = 0
    record.start_date = None
    record.hostname = ""
    record.pid = None
    record.next_method = None
    record.next_kwargs = None


def raise_impossible(code: int, event: TaskEvent) -> None:
    """Raise `TransitionError` for an event that the state of `code` does not allow."""
    next_task_state(STATES[code], event)


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
