"""One run, its tasks one after the other in this thread, decided by the real run machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TypeAlias

from slipstream.core.admission import Admission
from slipstream.core.machine import RunMachine
from slipstream.core.run_end import EndReason, telling_instance
from slipstream.model.attempt import Attempt, Failed, Outcome, Skipped, Succeeded, XComWrite
from slipstream.model.changes import (
    BEGUN,
    AssetsUpdated,
    CallbackOwed,
    Change,
    DeferralKept,
    InstanceChanged,
    PastNeeded,
    TimerSet,
    TriggerDropped,
    TriggerWanted,
)
from slipstream.model.dag import DagSpec
from slipstream.model.deferral import BY_PEOPLE, Deferral, EndsTask, TriggerEnd
from slipstream.model.errors import SlipstreamError
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
)
from slipstream.model.input import answer_event, default_answer
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import TaskState
from slipstream.runtime.errand_runner import call_for
from slipstream.runtime.shown_result import shown_result
from slipstream.runtime.task_runner import TaskRun
from slipstream.runtime.trigger_code import end_of
from slipstream.sdk._context_variables import task_variables_kept
from slipstream.sdk._dag import DAG
from slipstream.sdk._triggers import TriggerEvent
from slipstream.sdk._types import UserValue
from slipstream.sdk._xcom_arg import XCOM_RETURN_KEY
from slipstream.services.callbacks import attempt_of
from slipstream.services.scheduler.timers import Timers
from slipstream.testing.answering import answer_for, nobody
from slipstream.testing.clock import RunClock
from slipstream.testing.inline_trigger import wait_for_trigger
from slipstream.testing.memory_backend import MemoryBackend
from slipstream.wire.messages import CallbackKind, Errand
from slipstream.wire.values import encode_value, length_of, plain_value

_log = logging.getLogger("airflow.task")

Observer: TypeAlias = Callable[[Change], None]
"""Shown every change as it happens: instances added, mapped and changed, and the run's state."""

_INTERRUPTIONS = ("KeyboardInterrupt", "BdbQuit")
"""What somebody at the keyboard does: it ends everything, not just the task."""


class NothingLeftToDoError(SlipstreamError):
    """The run has not ended, and nothing will ever happen in it."""


class InProcessRun:
    """Drives one run to its end. Nothing is written anywhere."""

    def __init__(
        self,
        dag: DAG,
        spec: DagSpec,
        run: DagRun,
        backend: MemoryBackend,
        *,
        is_marked: Callable[[str], bool] = lambda _: False,
        observe: Observer = lambda _: None,
        clock: RunClock | None = None,
        events: Mapping[str, UserValue] | None = None,
        results: Mapping[str, UserValue] | None = None,
        answers: Mapping[str, UserValue] | None = None,
    ) -> None:
        """Tasks that `is_marked` names succeed without being run.

        So do those in `results`, `{task_id: what it returns}`. `events` is `{task_id: payload or
        event}`: those tasks' triggers are not run but fire at once. `answers` is what people say to
        tasks that ask them; None: see `slipstream.testing.answering`.
        """
        self._dag = dag
        self._backend = backend
        self._is_marked = is_marked
        self._observe = observe
        self._clock = clock or RunClock()
        self._events = dict(events or {})
        self._results = dict(results or {})
        self._answers = answers
        self.machine = RunMachine(spec, run)
        self.instances: dict[TaskKey, TaskInstance] = {}
        """The latest value of each instance that has moved."""
        self._admission = Admission(parallelism=1)
        for pool in {task.pool for task in spec.tasks.values()}:
            self._admission.set_pool(pool, -1)
        self._admission.add_run(run, spec)
        self._timers: Timers[tuple[TimerKind, TaskKey | None]] = Timers()
        self._owed: list[CallbackOwed] = []
        self._numbers = count(1)
        self._deferred: dict[TaskKey, Deferral] = {}
        self._asking: dict[TaskKey, Deferral] = {}
        """Instances that wait for people."""

    def drive(self) -> DagRun:
        """Run everything; gives the run as it ended. Raises `NothingLeftToDoError`."""
        self._begin()
        while not self.machine.is_finished:
            self._fire_due()
            admitted = self._admission.admit(1)
            if admitted:
                self._attempt(admitted[0].key)
            elif self._deferred:
                self._wait_for_trigger(next(iter(self._deferred)))
            elif self._asking:
                self._wait_for_people(next(iter(self._asking)))
            elif not self.machine.is_finished:
                self._wait()
        for owed in self._owed:
            self._call_back(owed)
        return self.machine.run

    def _begin(self) -> None:
        self._tell(RunStarted(self._clock.now()))

    def _call_back(self, owed: CallbackOwed) -> None:
        """Call the DAG's callbacks. Those of tasks were called by the tasks: none is ever lost."""
        run, spec = self.machine.run, self.machine.dag
        instance = None
        if owed.reason != BEGUN:
            why = EndReason(owed.reason)
            instance = telling_instance(why, spec, run, self.instances.values())
        attempt = attempt_of(run, instance, spec.fileloc)
        errand = Errand(
            kind=CallbackKind.DAG,
            attempt=attempt,
            succeeded=owed.succeeded,
            reason=owed.reason,
            instance=instance,
        )
        call_for(errand, self._dag, self._backend)

    def _attempt(self, key: TaskKey) -> None:
        attempt_id = f"attempt-{next(self._numbers)}"
        self._tell(Admitted(key, attempt_id, self._clock.now()))
        if key in self._deferred:
            # It begins with a wait.
            return
        attempt = self.machine.attempt_for(key)
        self._tell(AttemptStarted(key, attempt_id, self._clock.now()))
        outcome, follow_up = self._run(attempt)
        if isinstance(outcome, Succeeded | Failed | Skipped):
            self._backend.keep(key, outcome.xcoms)
        self._tell(AttemptEnded(key, attempt_id, self._clock.now(), outcome))
        if follow_up is not None:
            follow_up()

    def _run(self, attempt: Attempt) -> tuple[Outcome, Callable[[], object] | None]:
        """The outcome, and the callbacks to call once it counts."""
        if attempt.task_id in self._results:
            return _returning(self._results[attempt.task_id]), None
        if self._is_marked(attempt.task_id):
            return Succeeded(), None
        self._backend.lengths.clear()
        self._backend.running = attempt.key
        self._backend.running_attempt = attempt.attempt_id
        with task_variables_kept(), self._backend.inside():
            end = TaskRun(attempt, self._dag, self._backend, self._backend.lengths).run()
        if isinstance(end.outcome, Failed) and end.outcome.message.startswith(_INTERRUPTIONS):
            raise KeyboardInterrupt(f"Task {attempt.task_id} was interrupted.")
        if end.shows_result and (line := shown_result(end.outcome)) is not None:
            _log.info("%s", line)
        return end.outcome, end.callbacks

    def _wait_for_people(self, key: TaskKey) -> None:
        deferral = self._asking[key]
        attempt_id = deferral.attempt_id
        request, _ = self._backend.get_input(attempt_id)
        response = answer_for(key.task_id, request, self._answers)
        if response is not None:
            self._backend.answer_input(attempt_id, response)
            answer = default_answer(
                response.chosen_options, plain_value(dict(response.params_input))
            )
            event = answer_event(answer, response.responded_at, response.responded_by)
            self._tell(InputGiven(key, attempt_id, self._clock.now(), event))
            return
        if deferral.timeout_at is None:
            raise nobody(key.task_id, request)
        _log.info("Nobody is here to answer %s: its time is up", key.task_id)
        self._tell(TimerFired(TimerKind.INPUT_TIMEOUT, deferral.timeout_at, key))

    def _wait_for_trigger(self, key: TaskKey) -> None:
        deferral = self._deferred[key]
        self._answer_beforehand(key, deferral.attempt_id)
        if key.task_id in self._events:
            end: TriggerEnd | None = end_of(_as_event(self._events[key.task_id]))
        else:
            end = wait_for_trigger(deferral, self._backend)
        if end is None and deferral.timeout_at is not None:
            self._tell(TimerFired(TimerKind.TRIGGER_TIMEOUT, deferral.timeout_at, key))
        elif end is not None:
            self._tell(TriggerEnded(key, deferral.attempt_id, self._clock.now(), end))
            if isinstance(end, EndsTask):
                if self.instances[key].state is not TaskState.UP_FOR_RETRY:
                    self._backend.keep(key, end.xcoms)
                self._call_back_task(key)

    def _answer_beforehand(self, key: TaskKey, attempt_id: str) -> None:
        """Answer what the task has asked people that waits for them on a trigger of its own."""
        self._backend.running_attempt = attempt_id
        if attempt_id in self._backend.asked:
            response = answer_for(key.task_id, self._backend.asked[attempt_id][0], self._answers)
            if response is not None:
                self._backend.answer_input(attempt_id, response)

    def _call_back_task(self, key: TaskKey) -> None:
        """Call the callbacks of a task that its trigger has ended: nothing of it runs any more."""
        instance = self.instances[key]
        attempt = attempt_of(self.machine.run, instance, self.machine.dag.fileloc)
        errand = Errand(
            kind=CallbackKind.TASK,
            attempt=attempt,
            succeeded=instance.state is TaskState.SUCCESS,
            reason=instance.reason,
            state=instance.state,
        )
        call_for(errand, self._dag, self._backend)

    def _fire_due(self) -> None:
        for (kind, key), _ in self._timers.due(self._clock.now()):
            self._tell(TimerFired(kind, self._clock.now(), key))

    def _wait(self) -> None:
        at = self._timers.next_at()
        if at is None:
            raise NothingLeftToDoError(
                f"Nothing can happen any more in run {self.machine.run.run_id} of DAG "
                f"{self._dag.dag_id}, and it has not ended."
            )
        self._clock.wait_until(at)

    def _ask_past(self, key: TaskKey) -> PastSettled:
        """There is no run before this one."""
        return PastSettled(key, self._clock.now(), satisfied=True)

    def _tell(self, event: Event) -> None:
        self._take(self.machine.handle(event))

    def _take(self, changes: Sequence[Change]) -> None:
        self._admission.apply(self.machine.run.pk, changes)
        asked: list[TaskKey] = []
        for change in changes:
            self._observe(change)
            match change:
                case InstanceChanged():
                    self.instances[change.instance.key] = change.instance
                    if change.instance.state is not TaskState.AWAITING_INPUT:
                        self._asking.pop(change.instance.key, None)
                case DeferralKept() if is_asking(change.deferral):
                    self._asking[change.key] = change.deferral
                case TriggerWanted():
                    self._deferred[change.key] = change.deferral
                case TriggerDropped():
                    self._deferred.pop(change.key, None)
                case AssetsUpdated():
                    self._backend.updated(change.key, change.updates)
                case CallbackOwed():
                    self._owed.append(change)
                case TimerSet():
                    self._timers.set((change.kind, change.key), change.at)
                case PastNeeded():
                    asked.append(change.key)
                case _:
                    continue
        for key in asked:
            self._tell(self._ask_past(key))


def is_asking(deferral: Deferral) -> bool:
    """Whether somebody has to answer for it to end."""
    return deferral.classpath == BY_PEOPLE and deferral.event is None


def _returning(value: UserValue) -> Succeeded:
    """The end of a task that has returned this."""
    length = length_of(value)
    write = XComWrite(XCOM_RETURN_KEY, encode_value(value), length)
    return Succeeded(xcoms=(write,), lengths={} if length is None else {write.key: length})


def _as_event(given: UserValue) -> TriggerEvent:
    return given if isinstance(given, TriggerEvent) else TriggerEvent(given)
