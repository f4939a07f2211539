"""What a task instance waits for, since when, and when that will likely change: one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slipstream.model.backfill import Backfill
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import FINISHED, RUN_FINISHED, RunState, TaskState

_UNLIMITED = -1
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """An instance upstream that has not ended."""

    instance: TaskInstance
    typical: timedelta | None
    """How long its task takes as a rule; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is to be known around an instance. `slots` and limits of -1 are none."""

    now: datetime
    dag: DagSpec
    run: DagRun
    instance: TaskInstance
    is_paused: bool = False
    scheduler_seen: datetime | None = None
    """When a scheduler last said that it lives; None for never."""
    scheduler_is_alive: bool = True
    triggerer_seen: datetime | None = None
    """The same of triggerers."""
    triggerer_is_alive: bool = True
    active_runs: int = 0
    """Runs under way that count against the same limit: of the DAG, or of the run's backfill."""
    backfill: Backfill | None = None
    """The one that the run belongs to."""
    oldest_active: datetime | None = None
    """When the oldest of them began."""
    typical_run: timedelta | None = None
    typical: timedelta | None = None
    """How long the task takes as a rule."""
    upstream: Sequence[Busy] = ()
    """Of the tasks directly upstream what has not ended."""
    pool_slots: int | None = _UNLIMITED
    """None where the pool is not there."""
    pool_taken: int = 0
    pool_team: str | None = None
    """The team that alone may use the pool."""
    team: str | None = None
    """The DAG's."""
    active_in_dag: int = 0
    """Instances of the run that are queued or run."""
    active_of_task: int = 0
    """Instances of the task, in all runs, that are queued or run."""
    active_of_task_in_run: int = 0
    """Those of them in this run."""
    active_everywhere: int = 0
    """Instances of all DAGs that are queued or run."""
    trigger: str | None = None
    """What it is deferred to."""
    trigger_until: datetime | None = None

    @property
    def task(self) -> TaskSpec | None:
        """The task, where the version of the run has it."""
        return self.dag.tasks.get(self.instance.task_id)


def why(facts: Surroundings) -> str:
    """The sentence. What lies farthest from the instance is looked at first: nothing else
    matters while no scheduler works, or while the run has not begun."""
    instance = facts.instance
    if instance.state in FINISHED or instance.state is TaskState.REMOVED:
        return _ended(facts)
    if facts.run.state in RUN_FINISHED:
        said = facts.run.reason or "nobody has kept why."
        how = f"{facts.run.state.value}{_when(facts.run.end_date)}"
        return f"It will not run: its run ended as {how}: {said}"
    if instance.state is TaskState.RUNNING:
        since = _since(facts, instance.start_date)
        return f"It is running{since}; {_likely_end(facts, instance.start_date, facts.typical)}."
    if not facts.scheduler_is_alive:
        return (
            f"It waits for a scheduler: {_unheard(facts.scheduler_seen)}; it goes on when one is "
            "started (slipstream standalone, or slipstream scheduler)."
        )
    if facts.run.state is RunState.QUEUED:
        return _run_waits(facts)
    return _waits(facts)


def _ended(facts: Surroundings) -> str:
    instance = facts.instance
    said = f": {instance.reason}" if instance.reason else "."
    if instance.state is TaskState.REMOVED:
        return f"It waits for nothing: it is not part of its run any more{said}"
    return (
        f"It waits for nothing: it ended as {instance.state.value}{_when(instance.end_date)}{said}"
    )


def _run_waits(facts: Surroundings) -> str:
    run, since = facts.run, _since(facts, facts.run.queued_at)
    if run.run_after > facts.now:
        return f"It waits for its run, which begins at {_told(run.run_after)}."
    if facts.is_paused:
        return (
            f"It waits for its run{since}, which does not begin while the DAG is paused: "
            f"slipstream dags unpause {run.dag_id}."
        )
    backfill = facts.backfill
    if backfill is not None and backfill.is_paused:
        return (
            f"It waits for its run{since}, which does not begin while its backfill is paused: "
            f"slipstream backfill unpause {backfill.pk}."
        )
    limit = facts.dag.max_active_runs if backfill is None else backfill.max_active_runs
    if 0 < limit <= facts.active_runs:
        whose = "the DAG" if backfill is None else f"backfill {backfill.pk}"
        those = _under_way(facts.active_runs, "run", f" of {whose}")
        which = "it" if facts.active_runs == 1 else "the oldest of them"
        end = _likely_end(facts, facts.oldest_active, facts.typical_run, which)
        return f"It waits for its run{since}: {those}, and max_active_runs is {limit}; {end}."
    return f"It waits for its run{since}, which the scheduler is about to begin."


def _waits(facts: Surroundings) -> str:
    instance = facts.instance
    match instance.state:
        case TaskState.UP_FOR_RETRY:
            tries = f"try {instance.try_number} of {instance.max_tries + 1} failed"
            return f"It waits to be tried again: {tries}{_when(instance.end_date)}; {_next(facts)}."
        case TaskState.UP_FOR_RESCHEDULE:
            return f"It looked{_when(instance.end_date)} and gave its place back; {_next(facts)}."
        case TaskState.DEFERRED:
            return _waits_for_trigger(facts)
        case TaskState.AWAITING_INPUT:
            return _waits_for_people(facts)
        case TaskState.RESTARTING:
            return "It was cleared while it ran: it begins anew when its attempt has ended."
        case TaskState.QUEUED:
            return _waits_for_executor(facts)
        case TaskState.SCHEDULED:
            return _waits_for_place(facts)
        case _:
            return _waits_for_others(facts)


def _waits_for_trigger(facts: Surroundings) -> str:
    what = f"It waits for {facts.trigger or 'a trigger'}{_since(facts, facts.instance.start_date)}"
    if not facts.triggerer_is_alive:
        return (
            f"{what}, and no triggerer looks after it: {_unheard(facts.triggerer_seen)}; it goes "
            "on when one is started (slipstream triggerer)."
        )
    limit = facts.trigger_until
    until = "nobody knows when" if limit is None else f"at {_told(limit)} at the latest"
    return f"{what}; it goes on when that fires, {until}."


def _waits_for_people(facts: Surroundings) -> str:
    run, instance = facts.run, facts.instance
    said = (instance.reason or "It waits for somebody to answer.").removesuffix(".")
    index = f" --map-index {instance.map_index}" if instance.map_index >= 0 else ""
    which = f"{run.dag_id} '{run.run_id}' {instance.task_id}{index}"
    return f"{said}; answer with slipstream approvals answer {which} OPTION."


def _waits_for_executor(facts: Surroundings) -> str:
    task, since = facts.task, _since(facts, facts.instance.queued_at)
    queue = "" if task is None else f", in the queue {task.queue!r}"
    return (
        f"It has its place{since} and waits for the executor to start it{queue}; it starts as soon "
        "as a worker takes it."
    )


def _waits_for_place(facts: Surroundings) -> str:
    since, task = _since(facts, facts.instance.scheduled_at), facts.task
    if task is None:
        return f"It waits for a place{since}."
    if facts.is_paused:
        return (
            f"It may run{since}, and is not started while the DAG is paused: "
            f"slipstream dags unpause {facts.run.dag_id}."
        )
    slots = facts.pool_slots
    if slots is None:
        return (
            f"It waits{since} for the pool {task.pool!r}, which does not exist: make it with "
            f"slipstream pools set {task.pool} SLOTS DESCRIPTION."
        )
    if facts.pool_team not in (None, facts.team):
        mine = "to none" if facts.team is None else f"to the team {facts.team!r}"
        return (
            f"It waits{since} for the pool {task.pool!r}, which belongs to the team "
            f"{facts.pool_team!r}, and its DAG {mine}: it never runs before the task names another "
            "pool, or the pool belongs to its team or to none."
        )
    if _UNLIMITED != slots < task.pool_slots:
        return (
            f"It waits{since} for {_counted(task.pool_slots, 'slot')} of the pool {task.pool!r}, "
            f"which has {slots} in all: it never runs before the pool grows."
        )
    if slots != _UNLIMITED and facts.pool_taken + task.pool_slots > slots:
        wanted = "a slot" if task.pool_slots == 1 else f"{task.pool_slots} slots"
        return (
            f"It waits{since} for {wanted} of the pool {task.pool!r}: "
            f"{facts.pool_taken} of {slots} are taken; it goes on when enough of them are free."
        )
    return f"It waits{since}: {_limit_reached(facts, task)}; it goes on when one of them ends."


def _limit_reached(facts: Surroundings, task: TaskSpec) -> str:
    """Which of the limits on how much runs at once it has met."""
    limit = facts.dag.max_active_tasks
    if 0 < limit <= facts.active_in_dag:
        those = _under_way(facts.active_in_dag, "task", " of its run")
        return f"{those}, and max_active_tasks is {limit}"
    limit_in_run = task.max_active_tis_per_dagrun
    if limit_in_run is not None and facts.active_of_task_in_run >= limit_in_run:
        those = _under_way(facts.active_of_task_in_run, "instance", " of its task")
        return f"{those} in its run, and max_active_tis_per_dagrun is {limit_in_run}"
    limit_in_all = task.max_active_tis_per_dag
    if limit_in_all is not None and facts.active_of_task >= limit_in_all:
        those = _under_way(facts.active_of_task, "instance", " of its task")
        return f"{those} in all runs, and max_active_tis_per_dag is {limit_in_all}"
    those = _under_way(facts.active_everywhere, "task", " of all DAGs")
    return f"{those}, which is as many as parallelism lets"


def _waits_for_others(facts: Surroundings) -> str:
    task = facts.task
    if task is None:
        return "It will not run: its task is not in this version of the DAG any more."
    if facts.is_paused and not facts.upstream:
        return (
            "It is not started while the DAG is paused: "
            f"slipstream dags unpause {facts.run.dag_id}."
        )
    start = task.start_date
    if start is not None and start > facts.now:
        return f"It waits for the start date of its task, {_told(start)}."
    if facts.upstream:
        return _waits_for_upstream(facts)
    if task.depends_on_past:
        said = facts.instance.reason or "It waits for its instance in the run before."
        return f"{said.removesuffix('.')}; it goes on when that one has succeeded."
    if facts.instance.reason:
        return facts.instance.reason
    return "Nothing was decided about it yet; the scheduler is about to."


def _waits_for_upstream(facts: Surroundings) -> str:
    busy = facts.upstream
    named = ", ".join(
        f"{one.instance.task_id} ({_state(one.instance.state)})" for one in busy[:_MOST_NAMED]
    )
    more = f" and {len(busy) - _MOST_NAMED} more" if len(busy) > _MOST_NAMED else ""
    rule = "" if facts.task is None else f" (trigger rule {facts.task.trigger_rule})"
    ends = [
        one.instance.start_date + one.typical
        for one in busy
        if one.instance.start_date is not None and one.typical is not None
    ]
    running = [one.instance.start_date for one in busy if one.instance.start_date is not None]
    since = _since(facts, min(running, default=facts.run.start_date))
    if len(ends) < len(busy):
        return f"It waits for {named}{more}{rule}{since}; nobody can say yet when that ends."
    return f"It waits for {named}{more}{rule}{since}; {_by(facts, max(ends))}."


def _likely_end(
    facts: Surroundings, start: datetime | None, typical: timedelta | None, what: str = "it"
) -> str:
    if start is None or typical is None:
        return f"how long {what} takes is not known yet"
    return _by(facts, start + typical, what)


def _by(facts: Surroundings, end: datetime, what: str = "that") -> str:
    if end <= facts.now:
        return f"{what} takes longer than usual, and should have ended at {_told(end)}"
    return f"{what} will likely end at {_told(end)}"


def _next(facts: Surroundings) -> str:
    due = facts.instance.not_before
    if due is None:
        return "it goes on at any moment"
    held = ", unless the DAG is still paused then" if facts.is_paused else ""
    return f"the next try is at {_told(due)}{held}"


def _since(facts: Surroundings, moment: datetime | None) -> str:
    if moment is None:
        return ""
    return f" since {_told(moment)} ({_lasting(facts.now - moment)})"


def _when(moment: datetime | None) -> str:
    return "" if moment is None else f" at {_told(moment)}"


def _unheard(seen: datetime | None) -> str:
    return "none was ever heard" if seen is None else f"none was heard since {_told(seen)}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _under_way(number: int, noun: str, of: str) -> str:
    return f"{_counted(number, noun)}{of} {'is' if number == 1 else 'are'} under way"


def _state(state: TaskState) -> str:
    return "not started" if state is TaskState.NONE else state.value.replace("_", " ")


def _told(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _lasting(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
