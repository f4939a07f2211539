"""What a task process can be given to do, and where its code comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from slipstream.model.attempt import Attempt
from slipstream.model.errors import SlipstreamError
from slipstream.model.events import AttemptEnded, AttemptStarted, TriggerEnded
from slipstream.model.version import hash_sources
from slipstream.wire import messages
from slipstream.wire.questions import (
    Answered,
    DeadlineQuestion,
    PartitionQuestion,
    Question,
    TimetableQuestion,
)


class ErrandFailedError(SlipstreamError):
    """A callback raised, ran out of time or lost its process; its log says more."""


Listener: TypeAlias = Callable[[list[tuple[Attempt, AttemptStarted | AttemptEnded]]], None]
"""Takes what became of attempts, in order; called in the process host's thread, never blocks."""


TriggerListener: TypeAlias = Callable[[list[tuple[Attempt, TriggerEnded]]], None]
"""Takes what triggers of deferred attempts come to, as a `Listener` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One version of a DAG file."""

    fileloc: str
    source_hash: str
    """`model.version.hash_sources` of the version; empty for the file as it is on the disk."""
    read: Callable[[], Mapping[str, str]] = dict
    """The version's files, `{path below the DAGs folder: text}`. Called in a thread of its own,
    and only where the files on the disk are no longer that version."""


def source_on_disk(path: Path) -> Source:
    """The file as it is now, whatever version that is."""
    return Source(fileloc=str(path), source_hash="")


def source_of(fileloc: str, sources: Mapping[str, str]) -> Source:
    """A version whose files are in memory."""
    return Source(fileloc=fileloc, source_hash=hash_sources(sources), read=lambda: sources)


@dataclass(slots=True, kw_only=True, eq=False)
class AttemptJob:
    """An attempt on its way to a process."""

    attempt: Attempt
    source: Source
    misfires: int = 0
    """Processes that were lost before they could begin with it."""

    @property
    def key(self) -> str:
        """Tells the job from all others."""
        return self.attempt.attempt_id


@dataclass(slots=True, kw_only=True, eq=False)
class ErrandJob:
    """A callback on its way to a process."""

    errand: messages.Errand
    source: Source
    timeout_seconds: float
    log_path: Path
    """Below the log folder."""
    result: Future[None] = field(default_factory=Future)
    misfires: int = 0

    @property
    def key(self) -> str:
        """Tells the job from all others."""
        return f"errand {id(self)}"

    def settle(self, error: str | None) -> None:
        """It is over: well, or with this error."""
        if self.result.cancelled():
            return
        if error is None:
            self.result.set_result(None)
        else:
            self.result.set_exception(ErrandFailedError(error))


@dataclass(slots=True, kw_only=True, eq=False)
class QuestionJob:
    """A question to a DAG's own code on its way to a process."""

    question: Question
    source: Source
    timeout_seconds: float
    log_path: Path
    """Below the log folder."""
    result: Future[Answered] = field(default_factory=Future)
    """Never fails: what goes wrong is an answer, too."""
    misfires: int = 0

    @property
    def key(self) -> str:
        """Tells the job from all others."""
        return f"question {id(self)}"

    @property
    def what(self) -> str:
        """What is asked, in words."""
        match self.question:
            case TimetableQuestion():
                return "the timetable could not be asked"
            case DeadlineQuestion():
                return "the deadline's reference could not be asked"
            case PartitionQuestion():
                return "the partition mappers could not be asked"

    def settle(self, answer: Answered) -> None:
        """It is over."""
        if not self.result.cancelled():
            self.result.set_result(answer)


Job: TypeAlias = AttemptJob | ErrandJob | QuestionJob
"""What waits for a process."""
