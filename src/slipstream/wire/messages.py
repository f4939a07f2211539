"""What the process host, the zygotes and the task processes say to each other.

All of them run the same release, started by the same host, so these messages carry no version.
The execution requests inside of `Ask` are those that remote workers use too, and they are
versioned (`wire.execution`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from slipstream.model.attempt import (
    Attempt,
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
from slipstream.model.deferral import Broken, EndsTask, Fired, TriggerEnd
from slipstream.model.run import TaskInstance
from slipstream.model.states import TaskState
from slipstream.wire import execution
from slipstream.wire.questions import (
    Answered,
    DeadlineQuestion,
    PartitionQuestion,
    TimetableQuestion,
)


class LoadSpec(msgspec.Struct, frozen=True, kw_only=True):
    """How a DAG file is loaded."""

    fileloc: str
    """The file's own path, under which people know it."""
    dags_folder: str
    overlay: str | None = None
    """The folder that holds an earlier version's files, laid out as the DAGs folder is."""
    timeout_seconds: float = 30.0
    grace_seconds: float = 5.0
    """How long after the timeout the process is ended, if it could not be interrupted."""
    memory_bytes: int | None = None
    """More than it has already that the file may take while it loads."""
    fresh_for: str | None = None
    """Why an interpreter of its own loads the file; None where a forked process may."""


# To a zygote. Each names how many descriptors travel with it.


class ForkZygote(msgspec.Struct, frozen=True, kw_only=True, tag="zygote"):
    """To the root: fork a DAG zygote. Descriptors: its socket, its output's write end."""

    process: int
    load: LoadSpec


class ForkTask(msgspec.Struct, frozen=True, kw_only=True, tag="task"):
    """Fork a task process. Descriptors: its socket, its stdout, its stderr.

    `load` is for the root zygote alone: the task process itself then loads the file.
    """

    process: int
    load: LoadSpec | None = None


class ForkTriggers(msgspec.Struct, frozen=True, kw_only=True, tag="triggers"):
    """To the root: fork a process for triggers. Descriptors: its socket, its stdout, its stderr."""

    process: int
    blocked_warning_seconds: float
    """A trigger that keeps the others waiting for so long is told of."""
    blocked_limit_seconds: float
    """One that keeps them waiting for so long fails."""
    on_kill_seconds: float
    """What `on_kill` and `cleanup` may take."""


class ForkLogs(msgspec.Struct, frozen=True, kw_only=True, tag="logs"):
    """To the root: fork a process that carries logs. Descriptors: its socket, stdout, stderr."""

    process: int


Order: TypeAlias = ForkZygote | ForkTask | ForkTriggers | ForkLogs
"""What a new process is made for."""

DESCRIPTORS: Mapping[type[msgspec.Struct], int] = {
    ForkZygote: 2,
    ForkTask: 3,
    ForkTriggers: 3,
    ForkLogs: 3,
}


# From a zygote.


class Forked(msgspec.Struct, frozen=True, kw_only=True, tag="forked"):
    """The process runs."""

    process: int
    pid: int


class ForkFailed(msgspec.Struct, frozen=True, kw_only=True, tag="fork_failed"):
    """The operating system refused to fork."""

    process: int
    message: str


class ChildExited(msgspec.Struct, frozen=True, kw_only=True, tag="exited"):
    """A child is gone, and everything that it left in its process group too.

    `status` as `os.waitstatus_to_exitcode` gives it: negative for a signal.
    """

    pid: int
    status: int


class Ready(msgspec.Struct, frozen=True, kw_only=True, tag="ready"):
    """The root zygote has imported what it needs."""

    pid: int
    unsafe: str | None = None
    """Why it does not fork but starts an interpreter for everything, or None."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True, tag="loaded"):
    """What loading the file gave."""

    dags: list[bytes] = []
    """Serialized DAGs (`wire.dag`)."""
    sources: Mapping[str, str] = {}
    error: str | None = None
    refused: str | None = None
    """What is wrong with some of its DAGs; those in `dags` are well."""
    warnings: list[str] = []
    unsafe: str | None = None
    """Why the process must not fork any more, or None."""
    duration_seconds: float = 0.0
    private_bytes: int = 0


class LoadTimeout(msgspec.Struct, frozen=True, kw_only=True, tag="load_timeout"):
    """Loading this file may take that long from now on, by the deployment's rules; 0: no limit."""

    seconds: float


# To a task process.


class Start(msgspec.Struct, frozen=True, kw_only=True, tag="start"):
    """The attempt to run."""

    attempt: Attempt
    hostname: str


class CallbackKind(StrEnum):
    """Whose callbacks are called."""

    DAG = "dag"
    TASK = "task"
    DEADLINE = "deadline"


class MissedDeadline(msgspec.Struct, frozen=True, kw_only=True):
    """A deadline that a run has missed."""

    number: int
    position: int
    """Which of the DAG's."""
    due_at: datetime
    name: str | None = None


class Errand(msgspec.Struct, frozen=True, kw_only=True, tag="errand"):
    """Callbacks to call that no running task is there to call.

    A DAG's when its run has ended; a task's when its process could not call them itself.
    """

    kind: CallbackKind
    attempt: Attempt
    """The attempt whose context the callbacks get: of a DAG's, the one that decided the run. Its
    task id is empty where a DAG's run has none."""
    succeeded: bool
    reason: str
    """A task's: what happened, in a sentence. A DAG's: Airflow's word for it."""
    instance: TaskInstance | None = None
    """Of a DAG's: the task instance that decided the run, as it is in the store."""
    state: TaskState | None = None
    """A task's: the state that it has ended in, where that does not follow from its failure."""
    deadline: MissedDeadline | None = None
    """A deadline's: which."""


class Reply(msgspec.Struct, frozen=True, kw_only=True, tag="reply"):
    """The answer to the `Ask` of that number."""

    number: int
    answer: execution.Answer


# To a process of triggers. A trigger is named by the attempt that was deferred.


class TriggerOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger to run, and the task instance that waits on it."""

    attempt_id: str
    number: int
    """Tells it from the others of this server, for its own use."""
    classpath: str
    kwargs: str
    """JSON text, as `wire.values` encodes it."""
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    fileloc: str
    dags_folder: str
    watches: bool = False
    """Whether it goes on after an event: it watches assets, and no task waits on it."""


class RunTriggers(msgspec.Struct, frozen=True, kw_only=True, tag="run_triggers"):
    """Run these as well."""

    triggers: list[TriggerOrder]


class KeepTrigger(msgspec.Struct, frozen=True, kw_only=True, tag="keep_trigger"):
    """The event of a trigger that watches was kept: it may go on to the next one."""

    attempt_id: str


class DropTrigger(msgspec.Struct, frozen=True, kw_only=True, tag="drop_trigger"):
    """Nothing waits on the trigger any more: it has to end, or may, now that its end counts."""

    attempt_id: str


class EndTriggers(msgspec.Struct, frozen=True, kw_only=True, tag="end_triggers"):
    """The server stops: let every trigger tidy up, and exit. They go on elsewhere."""


# To a process that carries logs.


class ShipLog(msgspec.Struct, frozen=True, kw_only=True, tag="ship_log"):
    """Keep a log elsewhere. Answered by `LogShipped`."""

    number: int
    path: str
    """Below the log folder."""
    attempt: Attempt
    end_date: datetime | None = None


class ReadLog(msgspec.Struct, frozen=True, kw_only=True, tag="read_log"):
    """Read a log that is kept elsewhere. Answered by `LogRead`."""

    number: int
    path: str
    attempt: Attempt
    end_date: datetime | None = None


class EndLogs(msgspec.Struct, frozen=True, kw_only=True, tag="end_logs"):
    """Finish what was ordered, and exit."""


ToTask: TypeAlias = (
    Start
    | Errand
    | TimetableQuestion
    | DeadlineQuestion
    | PartitionQuestion
    | Reply
    | RunTriggers
    | KeepTrigger
    | DropTrigger
    | EndTriggers
    | ShipLog
    | ReadLog
    | EndLogs
)


# From a task process.


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag="hello"):
    """The task process waits for its attempt."""

    pid: int


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """A request of the task's code to the outside. Answered by a `Reply` of that number."""

    number: int
    request: execution.Request


class LogLine(msgspec.Struct, frozen=True, kw_only=True, tag="log"):
    """One log record, or one line of output."""

    timestamp: float
    """Seconds since the epoch."""
    level: str
    logger: str
    event: str
    extra: Mapping[str, Any] = {}
    after_raw: bool = False
    """Whether something was waiting in the pipes of the standard streams: that came before."""


class Mask(msgspec.Struct, frozen=True, kw_only=True, tag="mask"):
    """Texts to hide in this attempt's log from now on."""

    secrets: list[str]


class Report(msgspec.Struct, frozen=True, kw_only=True, tag="report"):
    """The end of the attempt; the last message but for log lines. See `pack_outcome`."""

    kind: str
    body: msgspec.Raw
    rendered: Mapping[str, Any] | None = None
    """The rendered template fields, if the task came that far."""
    is_last: bool = True
    """False while callbacks are still to run; `Finished` follows them."""
    shows_result: bool = True
    """Whether the returned value may be logged."""
    owes_callbacks: bool = False
    """True where the process was told to end: only the host knows what that means."""


class Finished(msgspec.Struct, frozen=True, kw_only=True, tag="finished"):
    """The callbacks have run; the process is about to exit."""


class ErrandDone(msgspec.Struct, frozen=True, kw_only=True, tag="errand_done"):
    """The callbacks were called; the last line of the first error, if one raised."""

    error: str | None = None


# From a process of triggers.

TRIGGERER_LOGGER = "slipstream.triggerer"
"""The logger of the lines that tell people of a trigger's misbehaviour."""


class TriggerSaid(msgspec.Struct, frozen=True, kw_only=True, tag="trigger_said"):
    """Something that a trigger logs, asks or wants hidden."""

    attempt_id: str
    said: LogLine | Ask | Mask


class TriggerDone(msgspec.Struct, frozen=True, kw_only=True, tag="trigger_done"):
    """The trigger has come to its end. See `pack_trigger_end`. It goes on when it is dropped."""

    attempt_id: str
    kind: str
    body: msgspec.Raw


class TriggerGone(msgspec.Struct, frozen=True, kw_only=True, tag="trigger_gone"):
    """Nothing of a trigger that was dropped is left."""

    attempt_id: str


class TriggersOutdated(msgspec.Struct, frozen=True, kw_only=True, tag="triggers_outdated"):
    """These need a new process: this one has imported modules that have been edited since."""

    attempt_ids: list[str]


# From a process that carries logs.


class LogShipped(msgspec.Struct, frozen=True, kw_only=True, tag="log_shipped"):
    """The log is kept elsewhere, unless there is an error."""

    number: int
    error: str | None = None


class LogRead(msgspec.Struct, frozen=True, kw_only=True, tag="log_read"):
    """What the log holds, where it was found; None where there is none."""

    number: int
    sources: list[str] = []
    lines: list[str] | None = None
    error: str | None = None


FromZygote: TypeAlias = Forked | ForkFailed | ChildExited | Ready | Loaded | LoadTimeout | Ask
"""A zygote asks only while it loads its file."""

FromTask: TypeAlias = (
    Hello
    | Ask
    | LogLine
    | Mask
    | Report
    | Finished
    | ErrandDone
    | Answered
    | Loaded
    | TriggerSaid
    | TriggerDone
    | TriggerGone
    | TriggersOutdated
    | LogShipped
    | LogRead
)


decode_to_zygote = msgspec.msgpack.Decoder(Order).decode
decode_order = msgspec.json.Decoder(Order).decode
"""From a command line."""
decode_from_zygote = msgspec.msgpack.Decoder(FromZygote).decode
decode_to_task = msgspec.msgpack.Decoder(ToTask).decode
decode_from_task = msgspec.msgpack.Decoder(FromTask).decode

_OUTCOMES: Mapping[str, type[Outcome]] = {
    outcome.__name__.lower(): outcome
    for outcome in (
        Succeeded,
        Failed,
        Skipped,
        Rescheduled,
        Deferred,
        AwaitsInput,
        Lost,
        Cancelled,
    )
}


def pack_outcome(
    outcome: Outcome,
    *,
    rendered: Mapping[str, Any] | None = None,
    is_last: bool = True,
    shows_result: bool = True,
    owes_callbacks: bool = False,
) -> Report:
    """The report of an attempt's end."""
    return Report(
        kind=type(outcome).__name__.lower(),
        body=msgspec.Raw(msgspec.msgpack.encode(outcome)),
        rendered=rendered,
        is_last=is_last,
        shows_result=shows_result,
        owes_callbacks=owes_callbacks,
    )


def unpack_outcome(report: Report) -> Outcome:
    """The outcome in a report. Raises `msgspec.ValidationError` where it is none."""
    known = _OUTCOMES.get(report.kind)
    if known is None:
        raise msgspec.ValidationError(
            f"{report.kind!r} is no outcome; expected one of {', '.join(_OUTCOMES)}"
        )
    return msgspec.msgpack.decode(report.body, type=known)


_TRIGGER_ENDS: Mapping[str, type[TriggerEnd]] = {
    end.__name__.lower(): end for end in (Fired, Broken, EndsTask)
}


def pack_trigger_end(attempt_id: str, end: TriggerEnd) -> TriggerDone:
    """The report of a trigger's end."""
    body = msgspec.Raw(msgspec.msgpack.encode(end))
    return TriggerDone(attempt_id=attempt_id, kind=type(end).__name__.lower(), body=body)


def unpack_trigger_end(done: TriggerDone) -> TriggerEnd:
    """The end in a report. Raises `msgspec.ValidationError` where it is none."""
    known = _TRIGGER_ENDS.get(done.kind)
    if known is None:
        raise msgspec.ValidationError(
            f"{done.kind!r} is no end of a trigger; expected one of {', '.join(_TRIGGER_ENDS)}"
        )
    return msgspec.msgpack.decode(done.body, type=known)
