"""Whether the pending instances of a task may run, are skipped, or never can.

Three things are asked in this order: did what the task is mapped over succeed, did the setups that
it works under succeed, and what does its trigger rule say. A map is expanded when its task may run;
a task in a mapped group is expanded as soon as the lengths of its groups are known, and a map over
literals at once. What cannot be expanded ends as its placeholder.
"""

from __future__ import annotations

from slipstream.core import reasons
from slipstream.core.codes import NONE, SKIPPED, STATES, SUCCESS, UP_FOR_RETRY
from slipstream.core.expansion import expand, lengths_now, refit
from slipstream.core.progress import TaskProgress
from slipstream.core.run_progress import RunProgress
from slipstream.core.transitions import TaskEvent
from slipstream.core.trigger_rules import Tally, Verdict, judge_setups
from slipstream.model.states import TaskState

_WAIT = Verdict.WAIT
_RUN = Verdict.RUN
_ENDS = {Verdict.SKIP: TaskEvent.SKIP, Verdict.UPSTREAM_FAILED: TaskEvent.INHERIT_FAILURE}


def decide(run: RunProgress, task: TaskProgress) -> None:
    """Judge what is pending of a task, and move it accordingly."""
    if not task.waiting and not task.overdue:
        return
    node = task.node
    if node.is_mapped and not task.is_expanded and not _try_expansion(run, task):
        return
    if not task.needs_are_met:
        verdict, reason = _judge_needs(run, task)
        if verdict is not _RUN:
            if verdict is not _WAIT:
                _apply(run, task, 0, task.count, verdict, reason)
            return
        if not _revise_map(run, task):
            return
    if task.blocks is None:
        verdict, reason = judge_tally(task, task.tally)
        if verdict is not _WAIT:
            _apply(run, task, 0, task.count, verdict, reason, by_rule=True)
        return
    dirty = task.dirty
    _decide_scopes(run, task, range(task.scopes) if dirty is None else sorted(dirty))


def judge_tally(task: TaskProgress, tally: Tally) -> tuple[Verdict, str]:
    """What setups and trigger rule say, and why; the reason of `WAIT` is not made."""
    node = task.node
    if node.is_unconditional:
        return _RUN, reasons.rule_met(node.spec, tally)
    waits_for_setup = False
    if node.has_scope:
        verdict = judge_setups(tally)
        if verdict is Verdict.SKIP:
            return verdict, reasons.setup_skipped()
        if verdict is Verdict.UPSTREAM_FAILED:
            return verdict, reasons.setup_failed()
        waits_for_setup = verdict is _WAIT
    verdict = node.judge(tally)
    if verdict is _WAIT or (verdict is _RUN and waits_for_setup):
        return _WAIT, ""
    if verdict is _RUN:
        return verdict, reasons.rule_met(node.spec, tally)
    if verdict is Verdict.SKIP:
        return verdict, reasons.rule_skips(node.spec, tally)
    return verdict, reasons.rule_fails(node.spec, tally)


def _decide_scopes(run: RunProgress, task: TaskProgress, scopes: range | list[int]) -> None:
    """Judge scopes one by one, and move neighbours that are judged alike together."""
    width = task.width
    start = stop = 0
    last: tuple[Verdict, str] = (_WAIT, "")
    for scope in scopes:
        first = scope * width
        if task.states.find(NONE, first, first + width) < 0 and not task.overdue:
            found: tuple[Verdict, str] = (_WAIT, "")
        else:
            found = judge_tally(task, task.scope_tally(scope))
        if found != last or first != stop:
            if last[0] is not _WAIT:
                _apply(run, task, start, stop, *last, by_rule=True)
            start, last = first, found
        stop = first + width
    if last[0] is not _WAIT:
        _apply(run, task, start, stop, *last, by_rule=True)


def _apply(
    run: RunProgress,
    task: TaskProgress,
    start: int,
    stop: int,
    verdict: Verdict,
    reason: str,
    *,
    by_rule: bool = False,
) -> None:
    """Move what is pending or due of these instances; `by_rule`: it is the trigger rule's doing."""
    due = sorted(index for index in task.overdue if start <= index < stop) if task.overdue else []
    if verdict is not _RUN:
        for first, last in list(task.pending_runs(start, stop)):
            if verdict is Verdict.SKIP and by_rule and task.node.skips_after_past:
                run.skip_after_past(task, first, last, reason)
            else:
                run.end_range(task, first, last, _ENDS[verdict], reason)
        for index in due:
            run.end(task, index, _ENDS[verdict], reason)
        return
    for index in due:
        is_retry = task.states[index] == UP_FOR_RETRY
        run.ready(task, index, reasons.retry_due() if is_retry else reasons.reschedule_due())
    if task.held_until is not None:
        return
    for first, last in list(task.pending_runs(start, stop)):
        if task.node.waits_for_past:
            for index in range(first, last):
                run.hold(task, index)
        else:
            let_run(run, task, first, last, reason)


def let_run(run: RunProgress, task: TaskProgress, start: int, stop: int, reason: str) -> None:
    """Instances that nothing holds back any more wait for admission, or are done at once."""
    if task.node.spec.is_empty:
        run.end_range(task, start, stop, TaskEvent.SKIP_EXECUTION, reasons.NOTHING_TO_EXECUTE)
    elif task.is_expanded:
        run.ready_range(task, start, stop, reason)
    else:
        run.ready(task, start, reason)


def _try_expansion(run: RunProgress, task: TaskProgress) -> bool:
    """Expand a map that is still a placeholder; False where there is nothing more to do now."""
    if task.skipping:
        return False
    verdict, reason = _judge_needs(run, task)
    in_group = bool(task.node.group_ids)
    if verdict in _ENDS:
        _apply(run, task, 0, 1, verdict, reason)
        return False
    lengths = lengths_now(run, task) if verdict is _RUN else None
    is_literal = not task.node.needs
    if lengths is not None and all(lengths) and (in_group or is_literal):
        expand(run, task, lengths)
        return True
    by_rule, why = judge_tally(task, task.tally)
    if by_rule in _ENDS:
        _apply(run, task, 0, 1, by_rule, why, by_rule=True)
    elif by_rule is _WAIT or verdict is _WAIT:
        pass
    elif lengths is None:
        run.end(task, 0, TaskEvent.INHERIT_FAILURE, reasons.NO_LENGTH)
    elif not all(lengths):
        run.end(task, 0, TaskEvent.SKIP, reasons.EMPTY_MAP)
    else:
        expand(run, task, lengths)
        return True
    return False


def _revise_map(run: RunProgress, task: TaskProgress) -> bool:
    """Fit a map that an earlier try of what it maps over left; False where nothing is left."""
    lengths = lengths_now(run, task)
    if lengths is None:
        return True
    if not all(lengths):
        _apply(run, task, 0, task.count, Verdict.SKIP, reasons.EMPTY_MAP)
        return False
    refit(run, task, lengths)
    return bool(task.waiting or task.overdue)


def _judge_needs(run: RunProgress, task: TaskProgress) -> tuple[Verdict, str]:
    """Whether the values that the task is mapped over are there."""
    is_there = True
    skipped_by = ""
    for position in task.node.needs:
        above = run.tasks[position]
        if above.unfinished:
            is_there = False
        elif not above.is_expanded and not above.is_absent:
            code = above.states[0]
            if code not in (SUCCESS, SKIPPED):
                state = STATES[code]
                return Verdict.UPSTREAM_FAILED, reasons.mapped_over(above.node.task_id, state)
            if code == SKIPPED:
                skipped_by = above.node.task_id
    if skipped_by:
        return Verdict.SKIP, reasons.mapped_over(skipped_by, TaskState.SKIPPED)
    if is_there:
        task.needs_are_met = True
        return _RUN, ""
    return _WAIT, ""
