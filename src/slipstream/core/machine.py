"""The run machine: everything that is decided about one active DAG run.

Make one machine per active run: `RunMachine(dag, run)` for a run that is new, `RunMachine.restore`
for one that has rows. Then pass it every event that concerns the run:

* `handle(event)` gives the changes that follow, in order. `handle_many(events)` is the same for
  several. A machine is pure: the same events give the same changes, and it reads no clock.
* The first event of a queued run is `RunStarted`. A restored run that is already running is told
  `resume(at)` instead, once, which gives what the scheduler has to know anew: what is ready, which
  timers to set, which attempts to end.

What the caller does with the changes:

* `InstancesAdded`, `MapExpanded`, `RangeChanged`, `InstanceChanged` and `RunChanged` are written,
  in one transaction and in order, before anything else is done.
* `Ready` goes to admission, which answers with `Admitted` for one instance at a time. `Unready`
  takes it back. `Released` follows exactly once for everything that was admitted.
* `TimerSet` asks for a `TimerFired`. A timer is never taken back: one that has become pointless is
  ignored when it fires. A rescheduled instance may be told `Woken` before.
* `AttemptCancelled` goes to the executor. Its answer, an `AttemptEnded`, is handled like any other,
  even after the run has ended: `is_finished` is true only when no attempt is left.
* `DeferralKept` and `DeferralDropped` are written with the rows. `TriggerWanted` goes to the
  triggerer, which answers by one `TriggerEnded`; `TriggerDropped` takes it back, or says that its
  end counts.
* `InputWanted` is answered by `InputGiven` as soon as there is an answer; `InputTimedOut` is
  written, and refused where there is one by then.
* `PastNeeded` is answered by `PastSettled`, at once or later, any number of times.
* `Refused` says that a report came from an attempt that does not count; nothing has changed.

An instance moves `NONE → SCHEDULED` (with `Ready`), `→ QUEUED` on `Admitted` (under that attempt
id, with the next try number, or the same one after `Lost`, `Rescheduled` and `Deferred`),
`→ RUNNING` on `AttemptStarted`, and on as `core.transitions` has it. An event that the table does
not allow raises `TransitionError`; one about an unknown instance raises `NotFoundError`.

Work is proportionate to what an event touches: a finished instance is counted by its direct
downstreams, and only those are judged. Memory is proportionate to what is under way: of the other
instances of a map only their states are kept, a byte each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from slipstream.core import frozen, reasons, restoring
from slipstream.core.attempts import admit, begin, finish
from slipstream.core.awaiting import take_input, time_out_input
from slipstream.core.codes import (
    DEFERRED,
    LIVE_CODES,
    STATES,
    UP_FOR_RESCHEDULE,
    UP_FOR_RETRY,
)
from slipstream.core.deciding import decide, let_run
from slipstream.core.deferring import end_wait, time_out_wait
from slipstream.core.explaining import explain
from slipstream.core.past import ALLOWED
from slipstream.core.plan import plan_for
from slipstream.core.progress import TaskProgress
from slipstream.core.records import Record
from slipstream.core.run_end import conclude
from slipstream.core.run_progress import RunProgress
from slipstream.core.stopping import fail_fast, time_out
from slipstream.core.transitions import RunEvent, TaskEvent, next_run_state
from slipstream.model.attempt import Attempt
from slipstream.model.changes import (
    BEGUN,
    CallbackOwed,
    Change,
    InstanceChanged,
    InstancesAdded,
    RunChanged,
    TimerSet,
)
from slipstream.model.dag import DagSpec
from slipstream.model.deferral import Deferral
from slipstream.model.errors import NotFoundError
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
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import RUN_FINISHED, RunState, TaskState


class RunMachine:
    """Decides everything about one active run; see the module's documentation."""

    __slots__ = ("_decisions", "_missing", "_orphans", "_progress")

    def __init__(self, dag: DagSpec, run: DagRun) -> None:
        self._progress = RunProgress(plan_for(dag), run)
        self._missing, self._orphans = restoring.load(self._progress, (), {}, {}, {})
        self._decisions: Mapping[TaskKey, Mapping[str, Sequence[str]]] = {}

    @classmethod
    def restore(
        cls,
        dag: DagSpec,
        run: DagRun,
        instances: Sequence[TaskInstance],
        lengths: Mapping[TaskKey, Mapping[str, int]],
        pushed: Mapping[str, Mapping[str, int]] | None = None,
        decisions: Mapping[TaskKey, Mapping[str, Sequence[str]]] | None = None,
        deferrals: Mapping[TaskKey, Deferral] | None = None,
    ) -> RunMachine:
        """A machine that goes on where the rows stand; the rest is as in `RunSnapshot`.

        What a branch decided holds for tasks that were cleared since, too.

        Tell it `RunStarted` if the run is queued, `resume` if it is running.
        """
        machine = cls.__new__(cls)
        machine._progress = RunProgress(plan_for(dag), run)
        machine._missing, machine._orphans = restoring.load(
            machine._progress, instances, lengths, pushed or {}, deferrals or {}
        )
        machine._decisions = decisions or {}
        return machine

    def handle(self, event: Event) -> list[Change]:
        """What follows from the event."""
        progress = self._progress
        progress.at = event.at
        out: list[Change] = []
        progress.out = out
        match event:
            case AttemptEnded():
                task, index = self._find(event.key)
                followed_by = finish(progress, task, index, event)
                if followed_by is TaskEvent.FAIL and progress.dag.fail_fast:
                    fail_fast(progress, task.node.task_id)
            case AttemptStarted():
                begin(progress, *self._find(event.key), event)
                return out
            case Admitted():
                admit(progress, *self._find(event.key), event)
                return out
            case TimerFired():
                self._fire(event)
            case Woken():
                task, index = self._find(event.key)
                if task.states[index] == UP_FOR_RESCHEDULE:
                    self._wait_no_longer(task, index)
            case RunStarted():
                self._start(event.at)
                return self._give()
            case PastSettled():
                self._settle_past(event)
            case TriggerEnded():
                task, index = self._find(event.key)
                step = end_wait(progress, task, index, event)
                if step is TaskEvent.FAIL and progress.dag.fail_fast:
                    fail_fast(progress, task.node.task_id)
            case InputGiven():
                take_input(progress, *self._find(event.key), event)
            case _:
                assert_never(event)
        self._settle()
        return out

    def handle_many(self, events: Iterable[Event]) -> list[Change]:
        """What follows from the events, one after the other."""
        return [change for event in events for change in self.handle(event)]

    def resume(self, at: datetime) -> list[Change]:
        """What the scheduler must know of a run that was running before this machine was made."""
        progress = self._progress
        progress.at = at
        progress.out = []
        if progress.run.state is RunState.RUNNING:
            self._enter()
        return self._give()

    # What others want to know.

    @property
    def run(self) -> DagRun:
        """The run as it stands."""
        return self._progress.run

    @property
    def dag(self) -> DagSpec:
        """The DAG version that the run keeps to."""
        return self._progress.dag

    @property
    def is_finished(self) -> bool:
        """Whether the run has ended and none of its attempts is left."""
        return self._progress.run.state in RUN_FINISHED and not self._progress.leaving

    def state(self, key: TaskKey) -> TaskState:
        """The state of an instance. Raises `NotFoundError`."""
        task, index = self._find(key)
        return STATES[task.states[index]]

    def states(self) -> Iterator[tuple[TaskKey, TaskState]]:
        """All instances and their states, in the order of the plan."""
        for task in self._progress.tasks:
            for index, code in enumerate(task.states):
                yield task.key(index), STATES[code]

    def instance(self, key: TaskKey) -> TaskInstance:
        """An instance as it stands. Of a mapped one that is finished, the state alone is known.

        Raises `NotFoundError`.
        """
        task, index = self._find(key)
        record = task.records.get(index) or Record(task.node.spec.retries)
        state = STATES[task.states[index]]
        sentence = self.why(key).sentence
        return frozen.task_instance(self._progress.run_pk, key, state, record, sentence)

    def live_attempts(self) -> list[tuple[TaskKey, str]]:
        """Instances with their attempt ids that an executor may hold a process for.

        Attempts that were told to end and have not yet are among them.
        """
        found = [
            (task.key(index), record.attempt_id)
            for task in self._progress.tasks
            for index, record in task.records.items()
            if record.attempt_id is not None and task.states[index] in LIVE_CODES
        ]
        return found + [(key, attempt) for attempt, key in self._progress.leaving.items()]

    def upstream_map_lengths(self, key: TaskKey) -> Mapping[str, int]:
        """`{task_id: instances}` of the expanded tasks that the task reads from, and its own."""
        return self._map_lengths(self._find(key)[0])

    def attempt_for(self, key: TaskKey) -> Attempt:
        """What an executor needs to start the queued attempt of an instance, or what the triggerer
        is told of the one that was deferred.

        Raises `NotFoundError` where there is neither.
        """
        task, index = self._find(key)
        record = task.records.get(index)
        counts = task.states[index] in LIVE_CODES or task.states[index] == DEFERRED
        if record is None or record.attempt_id is None or not counts:
            state = STATES[task.states[index]]
            raise NotFoundError(f"{key} has no live attempt; it is {state}, admit it first")
        progress = self._progress
        return frozen.attempt(
            progress.run,
            progress.dag.fileloc,
            task.node.spec,
            key,
            record,
            self._map_lengths(task),
        )

    def why(self, key: TaskKey) -> reasons.Reason:
        """Why the instance is where it is. Raises `NotFoundError`."""
        return explain(self._progress, *self._find(key))

    # How.

    def _find(self, key: TaskKey) -> tuple[TaskProgress, int]:
        progress = self._progress
        position = progress.plan.position_of.get(key[0])
        if position is not None:
            task = progress.tasks[position]
            index = key[1]
            if task.is_expanded:
                if 0 <= index < task.count:
                    return task, index
            elif index == UNMAPPED and task.count:
                return task, 0
        raise NotFoundError(
            f"run {progress.run.run_id!r} has no task instance {key[0]!r} with map index {key[1]}"
        )

    def _map_lengths(self, task: TaskProgress) -> dict[str, int]:
        read = (self._progress.tasks[at] for at in task.node.reads)
        return {of.node.task_id: of.count for of in read if of.is_expanded}

    def _settle(self) -> None:
        progress = self._progress
        if progress.heap:
            progress.settle(decide)
        conclude(progress)

    def _give(self) -> list[Change]:
        """The changes, which are kept here no longer: those of a beginning hold all its rows."""
        given, self._progress.out = self._progress.out, []
        return given

    def _start(self, at: datetime) -> None:
        progress = self._progress
        progress.is_running = True
        progress.run = replace(
            progress.run,
            state=next_run_state(progress.run.state, RunEvent.START),
            start_date=at,
            end_date=None,
            reason=reasons.BEGUN,
        )
        progress.out.append(RunChanged(progress.run))
        if progress.dag.has_start_listener:
            progress.out.append(CallbackOwed(False, BEGUN))
        self._enter()

    def _enter(self) -> None:
        """Judge everything, and set the run's timers."""
        progress = self._progress
        head = list(progress.out)
        progress.out = []
        restoring.resume(progress, self._missing, self._orphans)
        restoring.hold_to_decisions(progress, self._decisions)
        self._missing, self._orphans, self._decisions = [], [], {}
        self._hold_back()
        self._settle()
        progress.out = head + _merge_first_states(progress.out)
        timeout = progress.dag.dagrun_timeout
        if timeout is not None and progress.run.state is RunState.RUNNING:
            begun = progress.run.start_date or progress.at
            progress.out.append(TimerSet(TimerKind.RUN_TIMEOUT, begun + timeout))

    def _hold_back(self) -> None:
        """Set a timer for every task whose start date lies ahead."""
        progress = self._progress
        for task in progress.tasks:
            if task.held_until is None:
                continue
            if task.held_until <= progress.at:
                task.held_until = None
                continue
            progress.holds += 1
            key = TaskKey(task.node.task_id)
            progress.out.append(TimerSet(TimerKind.TASK_START_DATE, task.held_until, key))

    def _fire(self, event: TimerFired) -> None:
        progress = self._progress
        if progress.run.state is not RunState.RUNNING:
            return
        if event.kind is TimerKind.RUN_TIMEOUT:
            time_out(progress)
        elif event.key is None:
            raise NotFoundError(f"a timer of kind {event.kind} needs the key of an instance")
        elif event.kind is TimerKind.TASK_START_DATE:
            task = progress.tasks[progress.plan.position_of[event.key.task_id]]
            if task.held_until is not None and task.held_until <= event.at:
                task.held_until = None
                progress.holds -= 1
                progress.touch(task)
        elif event.kind is TimerKind.TRIGGER_TIMEOUT:
            time_out_wait(progress, *self._find(event.key), event)
        elif event.kind is TimerKind.INPUT_TIMEOUT:
            time_out_input(progress, *self._find(event.key), event)
        else:
            task, index = self._find(event.key)
            record = task.records.get(index)
            waits = UP_FOR_RETRY if event.kind is TimerKind.RETRY else UP_FOR_RESCHEDULE
            if task.states[index] == waits and (
                record is None or record.not_before is None or record.not_before <= event.at
            ):
                self._wait_no_longer(task, index)

    def _wait_no_longer(self, task: TaskProgress, index: int) -> None:
        if not task.overdue or index not in task.overdue:
            self._progress.note_overdue(task, index)

    def _settle_past(self, event: PastSettled) -> None:
        progress = self._progress
        task, index = self._find(event.key)
        if not task.asked or index not in task.asked:
            return
        if event.satisfied:
            skipped = task.skipping.get(index) if task.skipping else None
            if skipped is not None:
                progress.end(task, index, TaskEvent.SKIP, skipped)
                return
            let_run(progress, task, index, index + 1, event.reason or ALLOWED)
            return
        reason = reasons.waits_for_past(event.reason)
        if task.asked[index] != reason:
            task.asked[index] = reason
            progress.note(task.key(index), task.record(index), TaskState.NONE, reason)


def _merge_first_states(changes: list[Change]) -> list[Change]:
    """Insert new rows in the state that they reach at once, in place of changing them after."""
    if not changes or not isinstance(changes[0], InstancesAdded):
        return changes
    rows = {row.key: row for row in changes[0].instances}
    rest: list[Change] = []
    for change in changes[1:]:
        if isinstance(change, InstanceChanged) and change.instance.key in rows:
            rows[change.instance.key] = change.instance
        else:
            rest.append(change)
            if getattr(change, "task_id", None) is not None:
                rows.pop(TaskKey(change.task_id), None)  # type: ignore[union-attr]
    return [InstancesAdded(tuple(rows.values())), *rest] if rows else rest
