"""A run driven by chance, through the machine and the reference at once.

After every event both must agree on every state, and the written rows must say the same. At random
moments the machine is thrown away and restored from its rows, and somebody clears some tasks.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from tests.reference.interpreter import Reference, Row
from tests.reference.rows import Rows
from tests.reference.shapes import random_dag, random_run

from slipstream.core.machine import RunMachine
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
    XComWrite,
)
from slipstream.model.changes import (
    AttemptCancelled,
    CallbackOwed,
    Change,
    InputTimedOut,
    InputWanted,
    PastNeeded,
    Ready,
    Refused,
    Released,
    TimerSet,
    TriggerDropped,
    TriggerWanted,
    Unready,
)
from slipstream.model.dag import DagSpec
from slipstream.model.deferral import (
    TRIGGER_FAILED,
    Broken,
    EndsTask,
    Fired,
    TriggerEnd,
)
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
from slipstream.model.input import Person, answer_event, default_answer, timeout_event
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import LIVE, WAITS, RunState, TaskState

MOST_STEPS = 3000


@dataclass
class World:
    """One run and everything around it."""

    rng: Random
    dag: DagSpec
    run: DagRun
    machine: RunMachine = field(init=False)
    reference: Reference = field(init=False)
    rows: Rows = field(init=False)
    now: datetime = field(init=False)
    ready: set[TaskKey] = field(default_factory=set)
    attempts: dict[str, TaskKey] = field(default_factory=dict)
    """Attempts that an executor still has."""
    started: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    gone: list[tuple[str, TaskKey]] = field(default_factory=list)
    admitted: set[TaskKey] = field(default_factory=set)
    timers: dict[tuple[TimerKind, TaskKey | None], datetime] = field(default_factory=dict)
    asked: set[TaskKey] = field(default_factory=set)
    deferred: set[TaskKey] = field(default_factory=set)
    triggers: dict[str, TaskKey] = field(default_factory=dict)
    """Triggers that a triggerer runs, by the attempt that was deferred."""
    fired: list[tuple[str, TaskKey]] = field(default_factory=list)
    asking: dict[str, TaskKey] = field(default_factory=dict)
    """What people may answer, by the attempt that asked."""
    answered: list[tuple[str, TaskKey]] = field(default_factory=list)
    events: dict[TaskKey, str | None] = field(default_factory=dict)
    """What the next attempt of an instance must be given; None where its wait failed."""
    owed: list[tuple[str, TaskKey | None]] = field(default_factory=list)
    made: int = 0
    clears: int = 0
    history: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = RunMachine(self.dag, self.run)
        self.reference = Reference(self.dag, self.run)
        self.rows = Rows(self.run)
        self.now = self.run.run_after
        self.clears = self.rng.choice((0, 0, 0, 1, 2))
        if any(len(self.reference.lengths_of(task)) > 1 for task in self.dag.tasks.values()):
            # Which index a row of a map in a map had is not known once the outer length changes.
            self.clears = 0

    def drive(self) -> None:
        """From the start to the end."""
        self.tell(RunStarted(self.now))
        for _ in range(MOST_STEPS):
            if self.machine.is_finished:
                break
            self.now += timedelta(seconds=self.rng.choice((1, 1, 1, 60)))
            self.step()
        assert self.machine.is_finished, "the run never ended"
        assert not self.attempts
        assert not self.admitted, f"never released: {self.admitted}"
        assert not self.triggers, f"never dropped: {self.triggers}"
        assert not self.rows.deferrals, f"kept for ever: {self.rows.deferrals}"

    def step(self) -> None:
        """Something happens."""
        rng = self.rng
        if rng.random() < 0.03:
            return self.restore()
        if self.clears and rng.random() < 0.03:
            return self.clear()
        choices = []
        if self.ready:
            choices += [self.admit] * 3
        if self.attempts:
            choices += [self.begin, self.end, self.end, self.end]
        if self.asked:
            choices += [self.settle_past]
        if self.triggers:
            choices += [self.end_trigger]
        if self.asking:
            choices += [self.answer]
        if self.answered and rng.random() < 0.2:
            choices += [self.answer_again]
        if self.fired and rng.random() < 0.2:
            choices += [self.repeat_trigger]
        if self.gone and rng.random() < 0.2:
            choices += [self.haunt]
        if any(kind is TimerKind.RESCHEDULE for kind, _ in self.timers) and rng.random() < 0.1:
            choices += [self.wake]
        if self.timers and (not choices or rng.random() < 0.1):
            choices = [self.fire]
        assert choices, f"nothing can happen, and the run is {self.machine.run.state}"
        return rng.choice(choices)()

    # What can happen.

    def admit(self) -> None:
        key = self.rng.choice(sorted(self.ready))
        self.ready.discard(key)
        self.made += 1
        attempt = f"a{self.made}"
        self.attempts[attempt] = key
        assert key not in self.admitted, f"{key} was admitted twice"
        live = [known for known, of in self.attempts.items() if of == key]
        assert live == [attempt], f"{key} has two attempts: {live}"
        self.admitted.add(key)
        begins = not self.reference.rows[key.task_id][key.map_index].goes_on
        changes = self.tell(Admitted(key, attempt, self.now))
        made = self.machine.attempt_for(key)
        assert made.attempt_id == attempt
        if any(isinstance(change, TriggerWanted) for change in changes):
            del self.attempts[attempt]
        elif begins:
            assert made.next_method is None
            self.events.pop(key, None)
        elif key in self.events:
            event = self.events[key]
            assert made.next_event == event
            assert made.next_method == ("go" if event is not None else TRIGGER_FAILED)

    def begin(self) -> None:
        fresh = sorted(set(self.attempts) - self.started - self.cancelled)
        if fresh:
            attempt = self.rng.choice(fresh)
            self.started.add(attempt)
            self.tell(AttemptStarted(self.attempts[attempt], attempt, self.now, "host", 1))

    def end(self) -> None:
        attempt = self.rng.choice(sorted(self.attempts))
        key = self.attempts.pop(attempt)
        self.gone.append((attempt, key))
        outcome = self.outcome(key)
        if attempt in self.cancelled and self.rng.random() < 0.7:
            outcome = Cancelled()
        if isinstance(outcome, Rescheduled | Deferred | AwaitsInput):
            self.events.pop(key, None)
        self.rows.note(key, outcome)
        self.tell(AttemptEnded(key, attempt, self.now, outcome))
        self.note_decision(key, outcome)

    def note_decision(self, key: TaskKey, outcome: Outcome) -> None:
        """What a branch decided is kept in one of two forms."""
        left_out = self.reference.rows[key.task_id][key.map_index].left_out
        if not isinstance(outcome, Succeeded) or not left_out:
            return
        right_below = set(self.dag.tasks[key.task_id].downstream)
        if left_out <= right_below and self.rng.random() < 0.5:
            self.rows.decisions[key] = {"followed": sorted(right_below - left_out)}
        else:
            self.rows.decisions[key] = {"skipped": sorted(left_out)}

    def haunt(self) -> None:
        """An attempt that is long gone speaks up."""
        attempt, key = self.rng.choice(self.gone)
        if key.map_index in self.reference.rows[key.task_id]:
            changes = self.tell(AttemptEnded(key, attempt, self.now, Succeeded()))
            assert [type(change) for change in changes] == [Refused]

    def fire(self) -> None:
        (kind, key), at = min(self.timers.items(), key=lambda item: (item[1], str(item[0])))
        del self.timers[kind, key]
        self.now = max(self.now, at)
        if kind is TimerKind.TRIGGER_TIMEOUT and key is not None:
            waits = self.machine.state(key) is TaskState.DEFERRED
            self.tell(TimerFired(kind, self.now, key))
            if waits and self.machine.state(key) is not TaskState.DEFERRED:
                self.events[key] = None
            return
        if kind is TimerKind.INPUT_TIMEOUT and key is not None:
            self.time_out_input(key)
            return
        self.tell(TimerFired(kind, self.now, key))

    def wake(self) -> None:
        """What a rescheduled instance waits for has happened, or it does not wait any more."""
        keys = [key for kind, key in self.timers if kind is TimerKind.RESCHEDULE and key]
        self.tell(Woken(self.rng.choice(sorted(keys)), self.now))

    def settle_past(self) -> None:
        key = self.rng.choice(sorted(self.asked))
        satisfied = self.rng.random() < 0.7
        if satisfied:
            self.asked.discard(key)
        self.tell(PastSettled(key, self.now, satisfied, "because"))

    def end_trigger(self) -> None:
        """A trigger comes to its end: mostly it fires."""
        attempt = self.rng.choice(sorted(self.triggers))
        key = self.triggers[attempt]
        self.fired.append((attempt, key))
        end = self.trigger_end(attempt)
        if isinstance(end, EndsTask):
            self.rows.pushed[key] = {xcom.key: xcom.length for xcom in end.xcoms}
        else:
            self.events[key] = end.payload if isinstance(end, Fired) else None
        self.tell(TriggerEnded(key, attempt, self.now, end))
        assert attempt not in self.triggers

    def trigger_end(self, attempt: str) -> TriggerEnd:
        kind = self.rng.random()
        if kind < 0.7:
            return Fired(payload=f'"{attempt}"')
        if kind < 0.8:
            return Broken(error="boom", traceback=("line",))
        states = (TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED)
        return EndsTask(
            state=self.rng.choice(states), xcoms=(XComWrite("return_value", "[1]", length=1),)
        )

    def repeat_trigger(self) -> None:
        """A trigger says again what it has said, or what nobody waits for any more."""
        attempt, key = self.rng.choice(self.fired)
        if attempt not in self.triggers and key.map_index in self.reference.rows[key.task_id]:
            changes = self.tell(TriggerEnded(key, attempt, self.now, Fired()))
            assert [type(change) for change in changes] == [Refused, TriggerDropped]

    def answer(self) -> None:
        """Somebody answers what a task has asked."""
        attempt = self.rng.choice(sorted(self.asking))
        key = self.asking[attempt]
        self.answered.append((attempt, key))
        self.events[key] = f'{{"by":"{attempt}"}}'
        self.tell(InputGiven(key, attempt, self.now, f'{{"by":"{attempt}"}}'))
        assert self.machine.state(key) is TaskState.SCHEDULED
        assert attempt not in self.asking

    def answer_again(self) -> None:
        """An answer is told again, or one that comes too late."""
        attempt, key = self.rng.choice(self.answered)
        if attempt not in self.asking and key.map_index in self.reference.rows[key.task_id]:
            changes = self.tell(InputGiven(key, attempt, self.now, "null"))
            assert [type(change) for change in changes] == [Refused]

    def time_out_input(self, key: TaskKey) -> None:
        """Nobody may have answered in time."""
        waits = self.machine.state(key) is TaskState.AWAITING_INPUT
        deferral = self.rows.deferrals.get(key)
        changes = self.tell(TimerFired(TimerKind.INPUT_TIMEOUT, self.now, key))
        if not waits or self.machine.state(key) is TaskState.AWAITING_INPUT:
            return
        assert deferral is not None
        default = None if deferral.kwargs == "null" else deferral.kwargs
        assert InputTimedOut(key, deferral.attempt_id, self.now, default) in changes
        self.events[key] = timeout_event() if default is None else self.defaulted(default)
        self.answered.append((deferral.attempt_id, key))

    def defaulted(self, default: str) -> str:
        assert answer_event(default, self.now, Person("ada", "Ada")) != answer_event(
            default, self.now, None
        )
        return answer_event(default, self.now, None)

    def outcome(self, key: TaskKey) -> Outcome:
        rng = self.rng
        kind = rng.random()
        lengths = {
            name: rng.choice((0, 1, 2, 3))
            for name in ("return_value", "other")
            if rng.random() < 0.8
        }
        if kind < 0.66:
            return self.success(key, lengths)
        if kind < 0.82:
            delay = rng.choice((None, None, timedelta(0), timedelta(hours=1)))
            return Failed(
                message="boom", retryable=rng.random() < 0.8, retry_delay=delay, lengths=lengths
            )
        if kind < 0.88:
            return Skipped(lengths=lengths)
        if kind < 0.90:
            return Rescheduled(at=self.now + timedelta(minutes=rng.choice((0, 10))))
        if kind < 0.94:
            return Deferred(
                trigger_classpath="trigger",
                method_name="go",
                timeout_at=rng.choice((None, self.now + timedelta(minutes=10))),
            )
        if kind < 0.97:
            return AwaitsInput(
                method_name="go",
                default=rng.choice(("null", default_answer(["Yes"], {"n": 1}))),
                timeout_at=rng.choice((None, self.now + timedelta(minutes=10))),
            )
        return Lost(message="lost") if kind < 0.99 else Cancelled()

    def success(self, key: TaskKey, lengths: dict[str, int]) -> Outcome:
        rng = self.rng
        below = sorted(self.reference.below(key.task_id))
        skip: tuple[str, ...] = ()
        if below and rng.random() < 0.2:
            skip = tuple(rng.sample(below, rng.randint(1, min(3, len(below)))))
        value = XComWrite("return_value", "1", length=lengths.get("return_value"))
        return Succeeded(
            xcoms=(value,) if rng.random() < 0.5 else (),
            lengths=lengths,
            skip=skip,
            skip_all_downstream=rng.random() < 0.03,
        )

    # Interruptions.

    def restore(self) -> None:
        """The scheduler dies, and another one reads the rows."""
        if self.machine.run.state is not RunState.RUNNING:
            return
        self.history.append("RESTORE")
        self.machine = RunMachine.restore(
            self.dag,
            self.rows.run,
            list(self.rows.instances.values()),
            self.rows.lengths(),
            self.rows.counts(),
            self.rows.decisions,
            self.rows.deferrals,
        )
        live = {attempt for _, attempt in self.machine.live_attempts()}
        for attempt in set(self.attempts) - live:
            del self.attempts[attempt]
        self.admitted = {self.attempts[attempt] for attempt in live}
        self.ready.clear()
        self.timers.clear()
        self.asked.clear()
        self.cancelled.clear()
        self.triggers.clear()
        self.asking.clear()
        self.take(self.machine.resume(self.now))
        self.deferred = {key for key, row in self.rows.instances.items() if row.state in WAITS}
        waiting = {of for of, state in self.machine.states() if state is TaskState.AWAITING_INPUT}
        assert set(self.asking.values()) == waiting
        self.reference.resume(self.now)
        self.compare()

    def clear(self) -> None:
        """Somebody clears a task, mostly with what is below it."""
        if self.machine.run.state is not RunState.RUNNING:
            return
        self.clears -= 1
        begun = sorted(of for of in self.reference.rows if not self.dag.tasks[of].start_date)
        if not begun:
            return
        task_id = self.rng.choice(begun)
        chosen = {task_id}
        if self.rng.random() < 0.8:
            chosen |= self.reference.below(task_id) & set(begun)
        self.history.append(f"CLEAR {sorted(chosen)}")
        for key, instance in self.rows.instances.items():
            if key.task_id not in chosen or instance.state is TaskState.REMOVED:
                continue
            is_live = instance.state in LIVE
            tries = instance.try_number + self.dag.tasks[key.task_id].retries
            self.rows.instances[key] = replace(
                instance,
                state=TaskState.RESTARTING if is_live else TaskState.NONE,
                attempt_id=instance.attempt_id if is_live else None,
                max_tries=tries,
                reason="cleared",
            )
            if not is_live:
                self.rows.deferrals.pop(key, None)
            self.events.pop(key, None)
            self.rows.pushed.pop(key, None)
            self.rows.decisions.pop(key, None)
            self.reference.rows[key.task_id][key.map_index] = Row(
                max_tries=tries,
                state=TaskState.RESTARTING if is_live else TaskState.NONE,
                try_number=instance.try_number,
                attempt=instance.attempt_id,
            )
        self.restore()

    # Both sides.

    def tell(self, event: Event) -> list[Change]:
        """Let the event happen."""
        self.history.append(str(event))
        changes = self.machine.handle(event)
        self.take(changes)
        self.reference.handle(event)
        self.compare()
        return changes

    def take(self, changes: list[Change]) -> None:
        """Do what a scheduler does."""
        self.rows.write(changes)
        for change in changes:
            match change:
                case Ready():
                    self.ready |= _keys(change)
                    self.deferred -= _keys(change)
                case Unready():
                    assert _keys(change) <= self.ready
                    self.ready -= _keys(change)
                case Released():
                    if change.key in self.deferred:
                        self.deferred.discard(change.key)
                        assert change.waits is None
                        continue
                    assert change.key in self.admitted, f"{change.key} released, never admitted"
                    self.admitted.discard(change.key)
                    if change.waits is not None:
                        self.deferred.add(change.key)
                case TimerSet():
                    self.timers[change.kind, change.key] = change.at
                case TriggerWanted():
                    assert self.rows.instances[change.key].state is TaskState.DEFERRED
                    assert self.rows.deferrals[change.key] == change.deferral
                    self.triggers[change.deferral.attempt_id] = change.key
                case TriggerDropped():
                    self.triggers.pop(change.attempt_id, None)
                case InputWanted():
                    assert self.rows.instances[change.key].state is TaskState.AWAITING_INPUT
                    assert self.rows.deferrals[change.key].attempt_id == change.attempt_id
                    self.asking[change.attempt_id] = change.key
                case AttemptCancelled():
                    self.cancelled.add(change.attempt_id)
                case PastNeeded():
                    self.asked.add(change.key)
                case CallbackOwed(instance=None):
                    self.owed.append((change.reason, None))
                    if change.reason != "started":
                        assert change.succeeded is (self.rows.run.state is RunState.SUCCESS)
                case CallbackOwed(instance=TaskInstance() as lost):
                    self.owed.append(("lost", lost.key))
                case _:
                    pass

    def compare(self) -> None:
        """Machine, rows and reference say the same."""
        by_machine = dict(self.machine.states())
        by_rows = {key: row.state for key, row in self.rows.instances.items()}
        by_reference = {
            TaskKey(task_id, index): row.state
            for task_id, rows in self.reference.rows.items()
            for index, row in rows.items()
        }
        assert by_machine == by_rows, _difference(by_machine, by_rows)
        assert by_machine == by_reference, _difference(by_machine, by_reference)
        assert self.owed == self.reference.owed
        assert self.machine.run.state is self.rows.run.state
        assert self.machine.run.state is self.reference.state, self.machine.run.reason
        ready = {key for key, state in by_machine.items() if state is TaskState.SCHEDULED}
        assert self.ready == ready
        for attempt, key in list(self.asking.items()):
            if by_machine.get(key) is not TaskState.AWAITING_INPUT:
                del self.asking[attempt]
        for key, row in self.rows.instances.items():
            other = self.reference.rows[key.task_id][key.map_index]
            assert row.try_number == other.try_number, f"{key}: {row} {other}"


def world(seed: int) -> World:
    """The world of a seed."""
    rng = Random(seed)
    return World(rng=rng, dag=random_dag(rng), run=random_run(rng))


def _keys(change: Ready | Unready) -> set[TaskKey]:
    task_id, first = change.key
    return {TaskKey(task_id, first + more) for more in range(change.count)}


def _difference(one: dict[TaskKey, TaskState], other: dict[TaskKey, TaskState]) -> str:
    keys = sorted({key for key in {*one, *other} if one.get(key) is not other.get(key)})
    return "; ".join(f"{key}: {one.get(key)} is not {other.get(key)}" for key in keys)
