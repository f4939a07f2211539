"""Why an instance is where it is, from the progress of its run."""

from __future__ import annotations

from slipstream.core import reasons
from slipstream.core.codes import NONE, STATES
from slipstream.core.progress import TaskProgress
from slipstream.core.reasons import Reason, ReasonCode
from slipstream.core.records import Record
from slipstream.core.run_progress import RunProgress
from slipstream.core.trigger_rules import Verdict, judge_setups
from slipstream.model.states import RunState, TaskState

_CODES = {
    TaskState.SUCCESS: ReasonCode.SUCCEEDED,
    TaskState.SKIPPED: ReasonCode.SKIPPED,
    TaskState.FAILED: ReasonCode.FAILED,
    TaskState.UPSTREAM_FAILED: ReasonCode.UPSTREAM_FAILED,
    TaskState.REMOVED: ReasonCode.REMOVED,
    TaskState.SCHEDULED: ReasonCode.WAITS_FOR_PLACE,
    TaskState.QUEUED: ReasonCode.WAITS_FOR_EXECUTOR,
    TaskState.RUNNING: ReasonCode.RUNS,
    TaskState.RESTARTING: ReasonCode.WAITS_FOR_RESTART,
    TaskState.UP_FOR_RETRY: ReasonCode.WAITS_FOR_RETRY,
    TaskState.UP_FOR_RESCHEDULE: ReasonCode.WAITS_FOR_RESCHEDULE,
    TaskState.DEFERRED: ReasonCode.WAITS_FOR_TRIGGER,
    TaskState.AWAITING_INPUT: ReasonCode.WAITS_FOR_INPUT,
}
_SENTENCES = {
    ReasonCode.SUCCEEDED: "It succeeded.",
    ReasonCode.SKIPPED: "It was skipped.",
    ReasonCode.FAILED: "It failed.",
    ReasonCode.UPSTREAM_FAILED: "It cannot run because of what is upstream of it.",
    ReasonCode.REMOVED: "It is not part of the run any more.",
    ReasonCode.WAITS_FOR_PLACE: "It may run and waits for a free place.",
    ReasonCode.WAITS_FOR_EXECUTOR: "It has its place and waits to be started.",
    ReasonCode.RUNS: "It is running.",
    ReasonCode.WAITS_FOR_RESTART: "It was cleared and waits for its attempt to end.",
    ReasonCode.WAITS_FOR_TRIGGER: "It waits for a trigger.",
    ReasonCode.WAITS_FOR_INPUT: "It waits for somebody to answer.",
}


def explain(run: RunProgress, task: TaskProgress, index: int) -> Reason:
    """The reason as data. Of a finished instance, its row says more."""
    state = STATES[task.states[index]]
    if state is TaskState.NONE:
        return _pending(run, task, index)
    code = _CODES[state]
    if code in (ReasonCode.WAITS_FOR_RETRY, ReasonCode.WAITS_FOR_RESCHEDULE):
        record = task.records.get(index) or Record(0)
        if task.overdue and index in task.overdue:
            return Reason(ReasonCode.WAITS_FOR_UPSTREAM, _waits(task, index), _missing(run, task))
        when = "a moment" if record.not_before is None else record.not_before.isoformat()
        what = "be tried again" if code is ReasonCode.WAITS_FOR_RETRY else "look again"
        return Reason(code, f"It waits for {when} to {what}.")
    if state is TaskState.DEFERRED:
        waiting = task.records.get(index) or Record(0)
        if waiting.deferral is not None:
            deferral = waiting.deferral
            return Reason(code, reasons.deferred(deferral.classpath, deferral.created_at))
    if state is TaskState.AWAITING_INPUT:
        asking = (task.records.get(index) or Record(0)).deferral
        if asking is not None:
            return Reason(code, reasons.awaits_input(asking.created_at, asking.timeout_at))
    return Reason(code, _SENTENCES[code])


def _pending(run: RunProgress, task: TaskProgress, index: int) -> Reason:
    if run.run.state is RunState.QUEUED:
        return Reason(ReasonCode.NOT_STARTED, reasons.NOT_YET_BEGUN)
    if run.run.state is not RunState.RUNNING:
        return Reason(ReasonCode.NEVER_RUNS, f"Its run has ended: {run.run.reason}")
    if task.asked and index in task.asked:
        sentence = reasons.waits_for_past(task.asked[index])
        return Reason(ReasonCode.WAITS_FOR_PAST, sentence)
    tally = task.scope_tally(index // task.width)
    if task.node.has_scope and judge_setups(tally) is Verdict.WAIT:
        setups = _missing(run, task, scope=True)
        return Reason(ReasonCode.WAITS_FOR_SETUP, reasons.setup_waits(tally), setups)
    if task.node.is_unconditional or task.node.judge(tally) is Verdict.RUN:
        if task.held_until is not None:
            sentence = reasons.waits_for_start_date(task.held_until)
            return Reason(ReasonCode.WAITS_FOR_START_DATE, sentence)
        needed = tuple(
            run.tasks[at].node.task_id for at in task.node.needs if run.tasks[at].unfinished
        )
        sentence = "It waits for the values that it is mapped over."
        return Reason(ReasonCode.WAITS_FOR_LENGTH, sentence, needed)
    return Reason(ReasonCode.WAITS_FOR_UPSTREAM, _waits(task, index), _missing(run, task))


def _waits(task: TaskProgress, index: int) -> str:
    return reasons.rule_waits(task.node.spec, task.scope_tally(index // task.width))


def _missing(run: RunProgress, task: TaskProgress, *, scope: bool = False) -> tuple[str, ...]:
    """The upstream tasks that are not finished."""
    return tuple(
        run.tasks[edge.source].node.task_id
        for edge in task.node.incoming
        if edge.is_scope == scope and run.tasks[edge.source].unfinished
    )


assert set(_CODES) == {STATES[code] for code in range(len(STATES)) if code != NONE}
