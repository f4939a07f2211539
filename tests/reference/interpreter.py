"""A run, decided anew from nothing but its rows after every event.

It is written to be read, not to be fast: every question is answered by looking at all rows. It
shares no code with `slipstream.core`; what both must agree on is the rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from math import prod

from tests.reference.rules import BAD, FAIL, LIMITS, RUN, SKIP, WAIT, WAITS_FOR, apply_rule

from slipstream.model.attempt import (
    AwaitsInput,
    Cancelled,
    Deferred,
    Failed,
    Lost,
    Outcome,
    Rescheduled,
    Skipped,
    Succeeded,
)
from slipstream.model.dag import (
    DagSpec,
    Length,
    Literal,
    Longest,
    Product,
    Shortest,
    Sum,
    TaskSpec,
    Upstream,
)
from slipstream.model.deferral import EndsTask, TriggerEnd
from slipstream.model.events import (
    Admitted,
    AttemptEnded,
    AttemptStarted,
    Event,
    InputGiven,
    PastSettled,
    RunStarted,
    TimerFired,
    TimerKind,
    TriggerEnded,
    Woken,
)
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import FINISHED, LIVE, RunState, RunType, TaskState, TriggerRule

NONE = TaskState.NONE


@dataclass
class Row:
    """One task instance."""

    max_tries: int
    state: TaskState = NONE
    try_number: int = 0
    attempt: str | None = None
    goes_on: bool = False
    """The next attempt belongs to the same try."""
    losses: int = 0
    waits_until: datetime | None = None
    """When its wait for a trigger fails."""
    is_due: bool = False
    """Its retry or reschedule may begin."""
    skips: bool = False
    """It is skipped as soon as the previous run lets it go on."""
    pushed: dict[str, int | None] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    """Tasks that it decided to skip."""


class Reference:
    """What a run comes to."""

    def __init__(self, dag: DagSpec, run: DagRun) -> None:
        self.dag = dag
        self.run = run
        self.state = run.state
        self.rows: dict[str, dict[int, Row]] = {}
        self.shape: dict[str, tuple[int, ...]] = {}
        self.owed: list[tuple[str, TaskKey | None]] = []
        """Callbacks that nobody is there to call: Airflow's word for the run's end, or `lost`."""
        self.held: set[str] = set()
        """Tasks whose start date lies ahead."""
        for task in dag.tasks.values():
            if self.is_part(task):
                self.rows[task.task_id] = {UNMAPPED: Row(task.retries)}

    # Events.

    def handle(self, event: Event) -> None:
        """Take the event in, then decide everything anew."""
        if isinstance(event, RunStarted):
            self.state = RunState.RUNNING
            if self.dag.has_start_listener:
                self.owed.append(("started", None))
        elif isinstance(event, TimerFired):
            self.fire(event)
        else:
            self.happen(event)
        self.decide()

    def resume(self, now: datetime) -> None:
        """Somebody reads the run anew, and sets all timers anew.

        What waits for a start date that has passed waits no more, and what a branch left out is
        skipped again if it was cleared.
        """
        for row in (row for rows in self.rows.values() for row in rows.values()):
            row.is_due = row.skips = False
        for task_id, rows in self.rows.items():
            for index, row in rows.items():
                if row.state is TaskState.SUCCESS:
                    self.leave_out(TaskKey(task_id, index), row.left_out)
        starts = {task_id: self.dag.tasks[task_id].start_date for task_id in self.held}
        self.held -= {of for of, start in starts.items() if start is not None and start <= now}
        self.decide()

    def happen(self, event: Event) -> None:
        assert not isinstance(event, RunStarted | TimerFired)
        row = self.rows[event.key.task_id][event.key.map_index]
        match event:
            case Admitted():
                row.state = TaskState.QUEUED
                row.try_number += not row.goes_on
                row.losses = row.losses if row.goes_on else 0
                begins = not row.goes_on
                row.goes_on, row.attempt = True, event.attempt_id
                start = self.dag.tasks[event.key.task_id].start_trigger
                if begins and start is not None:
                    row.state = TaskState.DEFERRED
                    row.waits_until = None if start.timeout is None else event.at + start.timeout
            case AttemptStarted():
                if row.attempt == event.attempt_id and row.state is TaskState.QUEUED:
                    row.state = TaskState.RUNNING
            case AttemptEnded() if row.attempt == event.attempt_id and row.state in LIVE:
                self.end(event.key, row, event.outcome)
            case Woken():
                row.is_due = row.is_due or row.state is TaskState.UP_FOR_RESCHEDULE
            case PastSettled():
                if event.satisfied and self.asks_past(event.key, row):
                    if row.skips:
                        row.state, row.skips = TaskState.SKIPPED, False
                    else:
                        self.let_go(self.dag.tasks[event.key.task_id], row)
            case TriggerEnded():
                if row.attempt == event.attempt_id and row.state is TaskState.DEFERRED:
                    self.end_wait(event.key, row, event.end)
            case InputGiven() if row.attempt == event.attempt_id:
                if row.state is TaskState.AWAITING_INPUT:
                    row.state = TaskState.SCHEDULED

    def end_wait(self, key: TaskKey, row: Row, end: TriggerEnd) -> None:
        """A trigger has said what it had to say."""
        if not isinstance(end, EndsTask):
            row.state = TaskState.SCHEDULED
            return
        if end.state is TaskState.FAILED:
            self.fail(key, row, Failed(message="", xcoms=end.xcoms))
            return
        row.state = end.state
        row.pushed.update({xcom.key: xcom.length for xcom in end.xcoms})

    def fire(self, event: TimerFired) -> None:
        if self.state is not RunState.RUNNING:
            return
        if event.kind is TimerKind.RUN_TIMEOUT:
            self.cut_off(TaskState.SKIPPED, spare_teardowns=False)
            self.over(RunState.FAILED, "timed_out")
        elif event.key is not None and event.kind is TimerKind.TASK_START_DATE:
            self.held.discard(event.key.task_id)
        elif event.key is not None:
            row = self.rows[event.key.task_id][event.key.map_index]
            if row.state is LIMITS.get(event.kind):
                if row.waits_until is not None and row.waits_until <= event.at:
                    row.state = TaskState.SCHEDULED
            elif row.state is WAITS_FOR.get(event.kind):
                row.is_due = True

    def end(self, key: TaskKey, row: Row, outcome: Outcome) -> None:
        """An attempt is over."""
        if row.state is TaskState.RESTARTING or isinstance(outcome, Cancelled):
            row.state, row.goes_on = NONE, False
            return
        match outcome:
            case Lost() if row.losses < 3:
                row.losses += 1
                row.state = TaskState.SCHEDULED
            case Lost():
                self.owed.append(("lost", key))
                self.fail(key, row, Failed(message=""))
            case Failed():
                self.fail(key, row, outcome)
            case Rescheduled():
                row.state = TaskState.UP_FOR_RESCHEDULE
            case Deferred():
                row.state = TaskState.DEFERRED
                row.waits_until = outcome.timeout_at
            case AwaitsInput():
                row.state = TaskState.AWAITING_INPUT
                row.waits_until = outcome.timeout_at
            case Skipped():
                row.state = TaskState.SKIPPED
                self.push(row, outcome)
            case Succeeded():
                row.state = TaskState.SUCCESS
                self.push(row, outcome)
                self.branch(key, outcome)

    def fail(self, key: TaskKey, row: Row, outcome: Failed) -> None:
        if outcome.retryable and row.try_number <= row.max_tries:
            row.state, row.goes_on = TaskState.UP_FOR_RETRY, False
            return
        row.state = TaskState.FAILED
        self.push(row, outcome)
        if self.dag.fail_fast:
            self.cut_off(TaskState.FAILED, spare_teardowns=True)

    @staticmethod
    def push(row: Row, outcome: Succeeded | Failed | Skipped) -> None:
        row.pushed.update(outcome.lengths)
        row.pushed.update({xcom.key: xcom.length for xcom in outcome.xcoms})

    def branch(self, key: TaskKey, outcome: Succeeded) -> None:
        """Skip what the task decided to leave out."""
        left_out = set(outcome.skip)
        if outcome.skip_all_downstream:
            below = self.below(key.task_id)
            left_out |= {of for of in below if not self.dag.tasks[of].is_teardown}
        self.rows[key.task_id][key.map_index].left_out = left_out
        self.leave_out(key, left_out)

    def leave_out(self, key: TaskKey, left_out: set[str]) -> None:
        for task_id in left_out & self.rows.keys():
            if key.map_index != UNMAPPED and not self.share_a_group(key.task_id, task_id):
                continue
            for index, row in self.rows[task_id].items():
                joined = self.joined(key.task_id, key.map_index, task_id, index)
                if joined and row.state is NONE and self.skips_after_past(task_id):
                    row.skips = True
                elif joined and row.state in (NONE, TaskState.SCHEDULED, TaskState.UPSTREAM_FAILED):
                    row.state = TaskState.SKIPPED

    def cut_off(self, running_becomes: TaskState, *, spare_teardowns: bool) -> None:
        for task_id, rows in self.rows.items():
            if spare_teardowns and self.dag.tasks[task_id].is_teardown:
                continue
            for row in rows.values():
                if row.state is TaskState.RUNNING:
                    row.state = running_becomes
                elif row.state not in FINISHED:
                    row.state = TaskState.SKIPPED

    # Decisions.

    def decide(self) -> None:
        """Judge every task in order, then see whether the run is over."""
        if self.state is not RunState.RUNNING:
            return
        for task in self.dag.tasks.values():
            if task.task_id in self.rows:
                self.judge(task)
        self.conclude()

    def judge(self, task: TaskSpec) -> None:
        rows = self.rows[task.task_id]
        if not any(self.is_open(row) for row in rows.values()):
            return
        if UNMAPPED in rows and self.lengths_of(task):
            self.judge_placeholder(task, rows[UNMAPPED])
            rows = self.rows[task.task_id]
            if UNMAPPED in rows:
                return
        elif self.lengths_of(task) and self.needs(task) == RUN:
            self.refit(task)
        for index, row in sorted(rows.items()):
            if self.is_open(row):
                by_rule = index == UNMAPPED or not self.lengths_of(task) or self.needs(task) == RUN
                self.follow(task, row, self.verdict(task, index), by_rule=by_rule)

    def judge_placeholder(self, task: TaskSpec, row: Row) -> None:
        """Expand a map, or end it as a placeholder."""
        if row.skips:
            return
        needs = self.needs(task)
        if needs in (SKIP, FAIL):
            self.follow(task, row, needs)
            return
        sizes = self.sizes(task) if needs == RUN else None
        references = [of for length in self.lengths_of(task) for of in self.references(length)]
        in_group = bool(self.groups(task.task_id))
        if sizes and all(sizes) and (in_group or not references):
            self.expand(task, sizes)
            return
        rule = self.verdict(task, UNMAPPED)
        if rule in (SKIP, FAIL):
            self.follow(task, row, rule, by_rule=True)
        elif rule == RUN and needs == RUN:
            if sizes is None:
                row.state = TaskState.UPSTREAM_FAILED
            elif not all(sizes):
                row.state = TaskState.SKIPPED
            else:
                self.expand(task, sizes)

    def expand(self, task: TaskSpec, sizes: tuple[int, ...]) -> None:
        self.shape[task.task_id] = sizes
        self.rows[task.task_id] = {at: Row(task.retries) for at in range(prod(sizes))}

    def refit(self, task: TaskSpec) -> None:
        """Fit the rows of a map to what it maps over now."""
        rows = self.rows[task.task_id]
        sizes = self.sizes(task)
        if sizes is None:
            return
        if not all(sizes):
            for row in rows.values():
                if self.is_open(row):
                    row.state, row.is_due = TaskState.SKIPPED, False
            return
        self.shape[task.task_id] = sizes
        for index, row in rows.items():
            idle = (
                NONE,
                TaskState.SCHEDULED,
                TaskState.UP_FOR_RETRY,
                TaskState.UP_FOR_RESCHEDULE,
            )
            if index >= prod(sizes) and row.state in idle:
                row.state, row.is_due = TaskState.REMOVED, False
            elif index < prod(sizes) and row.state is TaskState.REMOVED:
                row.state = NONE
        for index in range(prod(sizes)):
            rows.setdefault(index, Row(task.retries))

    def follow(self, task: TaskSpec, row: Row, verdict: str, *, by_rule: bool = False) -> None:
        """Do to an open row what was decided."""
        if (
            verdict == SKIP
            and by_rule
            and row.state is NONE
            and self.skips_after_past(task.task_id)
        ):
            row.skips = True
        elif verdict == SKIP:
            row.state, row.is_due = TaskState.SKIPPED, False
        elif verdict == FAIL:
            row.state, row.is_due = TaskState.UPSTREAM_FAILED, False
        elif verdict == RUN and row.is_due:
            row.goes_on = row.state is TaskState.UP_FOR_RESCHEDULE
            row.state, row.is_due = TaskState.SCHEDULED, False
        elif verdict == RUN and task.task_id not in self.held and not self.depends_on_past(task):
            self.let_go(task, row)

    @staticmethod
    def let_go(task: TaskSpec, row: Row) -> None:
        row.goes_on = False
        row.state = TaskState.SUCCESS if task.is_empty else TaskState.SCHEDULED

    def conclude(self) -> None:
        """End the run when all rows are finished, or when none can ever move again."""
        rows = [row for of in self.rows.values() for row in of.values()]
        if all(row.state in FINISHED for row in rows):
            leaves = self.leaves()
            failed = any(
                row.state in BAD
                for task_id, of in self.rows.items()
                if task_id in leaves
                for row in of.values()
            )
            if failed:
                self.over(RunState.FAILED, "task_failure")
            else:
                self.over(RunState.SUCCESS, "success")
            return
        for task_id, of in self.rows.items():
            for index, row in of.items():
                if row.state not in FINISHED and not self.is_open(row):
                    return
                if self.asks_past(TaskKey(task_id, index), row):
                    return
        if not self.held:
            self.over(RunState.FAILED, "all_tasks_deadlocked")

    def over(self, state: RunState, word: str) -> None:
        """The run has ended."""
        self.state = state
        succeeded = state is RunState.SUCCESS
        if self.dag.has_success_callback if succeeded else self.dag.has_failure_callback:
            self.owed.append((word, None))

    # What one row waits for.

    @staticmethod
    def is_open(row: Row) -> bool:
        return row.state is NONE or row.is_due

    @staticmethod
    def depends_on_past(task: TaskSpec) -> bool:
        return task.depends_on_past or task.wait_for_downstream

    def skips_after_past(self, task_id: str) -> bool:
        task = self.dag.tasks[task_id]
        return self.depends_on_past(task) and task.wait_for_past_depends_before_skipping

    def asks_past(self, key: TaskKey, row: Row) -> bool:
        """Whether only the previous run holds the row back."""
        task = self.dag.tasks[key.task_id]
        if row.skips and row.state is NONE:
            return True
        is_placeholder = key.map_index == UNMAPPED and bool(self.lengths_of(task))
        return (
            self.depends_on_past(task)
            and row.state is NONE
            and not is_placeholder
            and key.task_id not in self.held
            and self.verdict(task, key.map_index) == RUN
        )

    def verdict(self, task: TaskSpec, index: int) -> str:
        """What follows from everything above for one row."""
        if index != UNMAPPED and self.lengths_of(task):
            needs = self.needs(task)
            if needs != RUN:
                return needs
        if not task.upstream or task.trigger_rule is TriggerRule.ALWAYS:
            return RUN
        setups = [
            state
            for setup in self.setups_of(task)
            for state in self.states_above(setup, task.task_id, index)
        ]
        if any(state in BAD for state in setups):
            return FAIL
        if TaskState.SKIPPED in setups:
            return SKIP
        above = [
            (self.dag.tasks[upstream], state)
            for upstream in task.upstream
            for state in self.states_above(upstream, task.task_id, index)
        ]
        by_rule = apply_rule(task.trigger_rule, above)
        if by_rule == RUN and any(state is not TaskState.SUCCESS for state in setups):
            return WAIT
        return by_rule

    def states_above(self, above: str, task_id: str, index: int) -> list[TaskState]:
        """The states of the instances of `above` that this row counts."""
        return [
            row.state
            for other, row in self.rows.get(above, {}).items()
            if row.state is not TaskState.REMOVED and self.joined(above, other, task_id, index)
        ]

    def joined(self, one: str, at: int, other: str, index: int) -> bool:
        """Whether two instances agree in the mapped groups that they share."""
        if UNMAPPED in (at, index):
            return True
        shared = 0
        for mine, yours in zip(self.groups(one), self.groups(other), strict=False):
            if mine != yours:
                break
            shared += 1
        return self.place(one, at)[:shared] == self.place(other, index)[:shared]

    def share_a_group(self, one: str, other: str) -> bool:
        """Whether both are in one mapped group."""
        return self.groups(one)[:1] == self.groups(other)[:1] != []

    def place(self, task_id: str, index: int) -> tuple[int, ...]:
        """The index within each group and the map itself, the outermost first."""
        place: list[int] = []
        for size in reversed(self.shape[task_id][1:]):
            index, here = divmod(index, size)
            place.append(here)
        return (index, *reversed(place))

    # Maps.

    def groups(self, task_id: str) -> list[str]:
        """The mapped groups around a task, the outermost first."""
        found: list[str] = []
        group_id = self.dag.tasks[task_id].group_id
        while group_id is not None:
            if self.dag.groups[group_id].mapped is not None:
                found.insert(0, group_id)
            group_id = self.dag.groups[group_id].parent_id
        return found

    def lengths_of(self, task: TaskSpec) -> list[Length]:
        around = [self.dag.groups[group].mapped for group in self.groups(task.task_id)]
        return [length for length in (*around, task.mapped) if length is not None]

    def references(self, length: Length) -> Iterator[Upstream]:
        if isinstance(length, Upstream):
            yield length
        elif not isinstance(length, Literal):
            for part in length.of:
                yield from self.references(part)

    def needs(self, task: TaskSpec) -> str:
        """Whether what the task is mapped over is there."""
        is_there, is_skipped = True, False
        for length in self.lengths_of(task):
            for reference in self.references(length):
                for index, row in self.rows.get(reference.task_id, {}).items():
                    if row.state not in FINISHED:
                        is_there = False
                    elif index == UNMAPPED and row.state in BAD:
                        return FAIL
                    elif index == UNMAPPED and row.state is TaskState.SKIPPED:
                        is_skipped = True
        if is_skipped:
            return SKIP
        return RUN if is_there else WAIT

    def sizes(self, task: TaskSpec) -> tuple[int, ...] | None:
        sizes = [self.size(length) for length in self.lengths_of(task)]
        return None if None in sizes else tuple(size for size in sizes if size is not None)

    def size(self, length: Length) -> int | None:
        if isinstance(length, Literal):
            return length.length
        if isinstance(length, Upstream):
            rows = self.rows.get(length.task_id, {})
            if UNMAPPED in rows:
                return rows[UNMAPPED].pushed.get(length.key)
            return sum(length.key in row.pushed for row in rows.values()) if rows else None
        parts = [self.size(part) for part in length.of]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        match length:
            case Product():
                return prod(known)
            case Shortest():
                return min(known)
            case Longest():
                return max(known)
            case Sum():
                return sum(known)

    # The graph.

    def is_part(self, task: TaskSpec) -> bool:
        """Whether the run has this task, by its dates."""
        if self.run.run_type is RunType.BACKFILL:
            return True
        date = self.run.logical_date or self.run.run_after
        if task.start_date is not None and task.start_date > date:
            if self.run.logical_date is None:
                self.held.add(task.task_id)
                return True
            return False
        return task.end_date is None or task.end_date >= date

    def below(self, task_id: str) -> set[str]:
        found: set[str] = set()
        for other in self.dag.tasks[task_id].downstream:
            found |= {other} | self.below(other)
        return found

    def setups_of(self, task: TaskSpec) -> list[str]:
        """Setups above that have no teardown, or one below the task; without direct ones."""
        if task.is_teardown:
            return []
        below = self.below(task.task_id)
        found = []
        for other in self.dag.tasks.values():
            teardowns = {of for of in other.downstream if self.dag.tasks[of].is_teardown}
            if (
                other.is_setup
                and task.task_id in self.below(other.task_id)
                and other.task_id not in task.upstream
                and (not teardowns or teardowns & below)
            ):
                found.append(other.task_id)
        return found

    def leaves(self) -> set[str]:
        def counts(task: TaskSpec) -> bool:
            return not task.is_teardown or task.on_failure_fail_dagrun

        tasks = self.dag.tasks
        ends = {
            task_id
            for task_id, task in tasks.items()
            if counts(task) and not any(counts(tasks[of]) for of in task.downstream)
        }
        return ends or {task_id for task_id, task in tasks.items() if not task.downstream}
