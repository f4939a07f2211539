"""What the host and a task process say to each other while the process works."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor as ThreadPool
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from slipstream.model.attempt import Asker, Attempt
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.runtime import masking
from slipstream.runtime.jobs import AttemptJob, Job
from slipstream.runtime.log_files import LogFile
from slipstream.runtime.reactor import Reactor
from slipstream.runtime.settings import HostSettings
from slipstream.runtime.task_handle import TaskProcess
from slipstream.wire import execution, messages

_log = logging.getLogger(__name__)

HOST_LOGGER = "slipstream.host"
"""The logger of the lines that the host itself adds to a log."""

Answerer: TypeAlias = Callable[
    [Asker, execution.Request], execution.Answer | Future[execution.Answer]
]
"""Carries out a request of a task, or of a DAG file being loaded; may block, must not raise. What
waits for an event is answered by a future, so that it keeps no thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What working with a task process needs of the host."""

    reactor: Reactor
    settings: HostSettings
    answer: Answerer
    pool: ThreadPool
    emit: Callable[[Attempt, AttemptStarted | AttemptEnded], None]
    requeue: Callable[[Job, str], None]
    """The process was lost before it began; find another."""
    call_back: Callable[[AttemptJob, str], None]
    """The task has failed, for this reason, and could not call its callbacks itself."""
    log_complete: Callable[[Attempt], None]
    """Nothing more is written to the attempt's log for now."""
    mark_dirty: Callable[[LogFile], None]
    """The log has lines to write at the end of this round."""


class Conversation:
    """Answers a process's requests and keeps its log. Requests are made in an attempt's name, or
    in that of a DAG file."""

    def __init__(
        self,
        asker: Asker,
        process: TaskProcess,
        around: Surroundings,
        path: Path | str,
    ) -> None:
        self._asker = asker
        self._process = process
        self._around = around
        self._log = new_log(path, around.settings)

    def take(self, message: messages.FromTask) -> bool:
        """Deal with a message if it is one of those that any work may send."""
        match message:
            case messages.LogLine():
                self._add(
                    message.timestamp, message.level, message.logger, message.event, message.extra
                )
            case messages.Ask():
                self._around.pool.submit(self._answer, message)
            case messages.Mask():
                self._log.masker.add(message.secrets)
            case messages.Loaded():
                if message.error is not None:
                    self.say("error", f"the DAG file could not be loaded:\n{message.error}")
            case _:
                return False
        return True

    def take_line(self, stream: str, line: str) -> None:
        """A line that was written to a standard stream."""
        level = "info" if stream == "stdout" else "error"
        self._add(time.time(), level, f"task.{stream}", line)

    def say(self, level: str, event: str) -> None:
        """Add a line of the host's own."""
        self._add(time.time(), level, HOST_LOGGER, event)

    def mask(self, value: Any) -> Any:
        """The value without the secrets that the process was given."""
        return self._log.masker.mask(value)

    def goes_on_as(self, attempt: Attempt) -> None:
        """From now on requests are made in the name of this attempt."""
        self._asker = attempt

    def tell_of_alert(self, error: str) -> None:
        """A callback has failed in this way, and its process could not tell of that itself."""
        ask = execution.NoteFailedAlert(error=error)
        try:
            self._around.pool.submit(self._around.answer, self._asker, ask)
        except RuntimeError:
            _log.warning("That a callback has failed is not kept: the server is stopping.")

    def close(self) -> None:
        """No more lines will come for now."""
        close_log(self._log)

    def _answer(self, ask: messages.Ask) -> None:
        """In a thread of the pool: answer one request. The process waits, whatever happens."""
        try:
            answer = self._around.answer(self._asker, ask.request)
            if isinstance(answer, Future):
                answer.add_done_callback(lambda later: self._reply(ask, later.result()))
            else:
                self._reply(ask, answer)
        except Exception as error:  # noqa: BLE001 - it is told to the task, which decides
            _log.exception("a request of a task could not be answered")
            refused = execution.Refused(code="internal", message=f"{type(error).__name__}: {error}")
            self._process.send(messages.Reply(number=ask.number, answer=refused))

    def _reply(self, ask: messages.Ask, answer: execution.Answer) -> None:
        self._log.masker.add(
            secrets_of_answer(ask.request, answer, self._around.settings.sensitive_names)
        )
        self._process.send(messages.Reply(number=ask.number, answer=answer))

    def _add(
        self,
        timestamp: float,
        level: str,
        logger: str,
        event: str,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self._log.add(timestamp=timestamp, level=level, logger=logger, event=event, extra=extra)
        self._around.mark_dirty(self._log)


def settled(answer: execution.Answer | Future[execution.Answer]) -> execution.Answer:
    """The answer itself; waits for one that is still to come."""
    return answer.result() if isinstance(answer, Future) else answer


def new_log(path: Path | str, settings: HostSettings) -> LogFile:
    """The log at this place below the log folder, not yet opened."""
    masker = masking.Masker(settings.secrets, min_length=settings.min_secret_length)
    return LogFile(f"{settings.log_dir}/{path}", masker)


def close_log(log: LogFile) -> None:
    """Write what waits and close; a disk that takes no more costs the lines and nothing else."""
    try:
        log.close()
    except OSError as error:
        _log.error("log lines are lost: %s", error)


def secrets_of_answer(
    request: execution.Request, answer: execution.Answer, sensitive_names: Sequence[str]
) -> list[str]:
    """The texts in an answer that must not show in the log of the process that got it."""
    match request, answer:
        case _, execution.ConnectionFound(password=password, extra=extra):
            found = [password] if password else []
            if extra:
                found += masking.secrets_of_text(extra, "extra", sensitive_names)
            return found
        case execution.GetVariable(key=key), execution.Text(value=str(value)):
            return masking.secrets_of_text(value, key, sensitive_names)
        case _:
            return []
