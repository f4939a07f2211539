"""How an attempt is conducted: answers its process's questions, keeps its log, judges its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Executor as ThreadPool
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias, assert_never

import msgspec

from slipstream.model.attempt import (
    Attempt,
    Cancelled,
    Deferred,
    Failed,
    Lost,
    Outcome,
    Rescheduled,
    Skipped,
    Succeeded,
)
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.runtime import masking, processes
from slipstream.runtime.jobs import AttemptJob
from slipstream.runtime.log_files import LogFile, log_path_of
from slipstream.runtime.reactor import Reactor, Timer
from slipstream.runtime.settings import HostSettings
from slipstream.runtime.task_handle import TaskProcess
from slipstream.wire import execution, messages

_log = logging.getLogger(__name__)

_SHOWN_RESULT = 500
"""Characters of a returned value that the log shows."""

Answerer: TypeAlias = Callable[[Attempt, execution.Request], execution.Answer]
"""Carries out a task's request; may block, must not raise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What conducting an attempt needs of the host."""

    reactor: Reactor
    settings: HostSettings
    answer: Answerer
    pool: ThreadPool
    emit: Callable[[Attempt, AttemptStarted | AttemptEnded], None]
    requeue: Callable[[AttemptJob, str], None]
    """The process was lost before it began; find another."""
    mark_dirty: Callable[[LogFile], None]
    """The log has lines to write at the end of this round."""


class AttemptConduct:
    """The occupant of a task process that runs an attempt."""

    def __init__(self, job: AttemptJob, process: TaskProcess, around: Surroundings) -> None:
        self.job = job
        self.attempt = job.attempt
        self._process = process
        self._around = around
        self._log = new_log(job.attempt, around.settings)
        self._outcome: Outcome | None = None
        self._verdict: Outcome | None = None
        """Decided by the host, whatever the process says: cancelled, stopped, out of time."""
        self._grace_seconds = around.settings.kill_grace_seconds
        self._begun = False
        self._ended = False
        self._timer: Timer | None = None

    def first_message(self) -> messages.ToTask:
        """The attempt."""
        return messages.Start(attempt=self.attempt, hostname=self._around.settings.hostname)

    def cancel(self, verdict: Outcome, grace_seconds: float) -> None:
        """End the process; the attempt's end is then the verdict."""
        if self._ended:
            return
        self._verdict = self._verdict or verdict
        self._grace_seconds = grace_seconds
        if self._begun:
            self._process.terminate(grace_seconds)

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def on_begun(self, pid: int) -> None:
        """The process runs."""
        self._begun = True
        settings = self._around.settings
        tries = f"try {self.attempt.try_number} of {self.attempt.max_tries + 1}"
        self._say("info", f"Task started on {settings.hostname}, process {pid}, {tries}")
        self._around.emit(
            self.attempt,
            AttemptStarted(
                self.attempt.key,
                self.attempt.attempt_id,
                datetime.now(UTC),
                self._around.settings.hostname,
                pid,
            ),
        )
        timeout = self.attempt.execution_timeout_seconds
        if timeout is not None:
            self._timer = self._around.reactor.call_after(
                timeout + self._around.settings.timeout_grace_seconds, self._on_timeout
            )
        if self._verdict is not None:
            self._process.terminate(self._grace_seconds)

    def on_message(self, message: messages.FromTask) -> None:
        """The process said something."""
        match message:
            case messages.LogLine():
                self._add_line(
                    message.timestamp, message.level, message.logger, message.event, message.extra
                )
            case messages.Ask():
                self._around.pool.submit(self._answer, message)
            case messages.Mask():
                self._log.masker.add(message.secrets)
            case messages.Report():
                self._take_report(message)
            case messages.Finished():
                self._expect_exit()
            case messages.Loaded():
                self._take_loaded(message)
            case _:
                _log.error("an attempt's process sent %s", type(message).__name__)

    def on_line(self, stream: str, line: str) -> None:
        """The process, or one below it, wrote a line."""
        level = "info" if stream == "stdout" else "error"
        self._add_line(time.time(), level, f"task.{stream}", line, None)

    def on_stillborn(self, reason: str) -> None:
        """There never was a process."""
        self._log.close()
        if self._verdict is not None:
            self._end(self._verdict)
        else:
            self._around.requeue(self.job, reason)

    def on_exited(self, status: int | None) -> None:
        """Nothing of the process is left: now the end may be told."""
        if not self._ended:
            self._end(self._judge(status))
        try:
            self._log.close()
        except OSError as error:
            _log.error("the log of attempt %s is lost: %s", self.attempt.attempt_id, error)

    def _judge(self, status: int | None) -> Outcome:
        if self._verdict is not None:
            return self._verdict
        if self._outcome is not None:
            return self._outcome
        how = "its exit status is not known" if status is None else processes.describe_exit(status)
        message = f"the task's process ended without a report: {how}"
        self._say("error", message)
        return Failed(message=message)

    def _take_report(self, report: messages.Report) -> None:
        try:
            outcome = messages.unpack_outcome(report)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            outcome = Failed(message=f"the task's report cannot be read: {error}")
        self._outcome = outcome
        if report.shows_result and isinstance(outcome, Succeeded):
            self._say_result(outcome)
        if report.rendered is not None:
            request = execution.SetRenderedFields(fields=report.rendered)
            self._around.pool.submit(self._around.answer, self.attempt, request)
        if self._timer is not None:
            self._timer.cancel()
        if isinstance(outcome, (Succeeded, Skipped)) and self._verdict is None:
            # Nothing will run in its place, so the next task need not wait for this exit.
            self._end(outcome)
        if report.is_last:
            self._expect_exit()

    def _say_result(self, outcome: Succeeded) -> None:
        for xcom in outcome.xcoms:
            if xcom.key == "return_value":
                text = xcom.value
                cut = f"{text[:_SHOWN_RESULT]} …" if len(text) > _SHOWN_RESULT else text
                self._say("info", f"Returned {cut}")

    def _take_loaded(self, loaded: messages.Loaded) -> None:
        if loaded.error is not None:
            self._say("error", f"the DAG file could not be loaded:\n{loaded.error}")

    def _expect_exit(self) -> None:
        self._timer = self._around.reactor.call_after(
            self._around.settings.linger_seconds, self._stop_lingering
        )

    def _stop_lingering(self) -> None:
        self._process.terminate(self._around.settings.timeout_grace_seconds)

    def _on_timeout(self) -> None:
        seconds = self.attempt.execution_timeout_seconds
        self._say("error", f"the task did not end by itself after its timeout of {seconds} s")
        self._verdict = self._verdict or Failed(
            message=f"AirflowTaskTimeout: the task ran longer than {seconds} s"
        )
        self._process.terminate(self._around.settings.timeout_grace_seconds)

    def _end(self, outcome: Outcome) -> None:
        self._ended = True
        self._say("info", describe_end(outcome))
        if self._timer is not None:
            self._timer.cancel()
        self._around.emit(
            self.attempt,
            AttemptEnded(self.attempt.key, self.attempt.attempt_id, datetime.now(UTC), outcome),
        )

    def _answer(self, ask: messages.Ask) -> None:
        """In a thread of the pool: answer one request."""
        answer = self._around.answer(self.attempt, ask.request)
        secrets = secrets_of_answer(ask.request, answer, self._around.settings.sensitive_names)
        if secrets:
            self._log.masker.add(secrets)
        self._process.send(messages.Reply(number=ask.number, answer=answer))

    def _say(self, level: str, event: str) -> None:
        self._add_line(time.time(), level, "slipstream.host", event, None)

    def _add_line(
        self, timestamp: float, level: str, logger: str, event: str, extra: object
    ) -> None:
        self._log.add(
            timestamp=timestamp,
            level=level,
            logger=logger,
            event=event,
            extra=extra if isinstance(extra, dict) else None,
        )
        self._around.mark_dirty(self._log)


def describe_end(outcome: Outcome) -> str:
    """The last line of a log."""
    match outcome:
        case Succeeded():
            return "Task succeeded"
        case Failed(message=message):
            return f"Task failed: {message}"
        case Skipped(message=message):
            return f"Task skipped{f': {message}' if message else ''}"
        case Rescheduled(at=at):
            return f"Task gives its place back until {at.isoformat()}"
        case Deferred(trigger_classpath=classpath):
            return f"Task waits on the trigger {classpath}"
        case Lost(message=message):
            return f"Attempt lost: {message}"
        case Cancelled(message=message):
            return f"Task was ended: {message}"
        case _:
            assert_never(outcome)


def new_log(attempt: Attempt, settings: HostSettings) -> LogFile:
    """The log of an attempt's try, not yet opened."""
    masker = masking.Masker(min_length=settings.min_secret_length)
    return LogFile(settings.log_dir / log_path_of(attempt), masker)


def refuse(job: AttemptJob, outcome: Outcome, detail: str, around: Surroundings) -> None:
    """End an attempt that no process was started for; the detail goes to its log."""
    if detail:
        log = new_log(job.attempt, around.settings)
        log.add(timestamp=time.time(), level="error", logger="slipstream.host", event=detail)
        try:
            log.close()
        except OSError as error:
            _log.error("the log of attempt %s is lost: %s", job.attempt.attempt_id, error)
    end = AttemptEnded(job.attempt.key, job.attempt.attempt_id, datetime.now(UTC), outcome)
    around.emit(job.attempt, end)


def secrets_of_answer(
    request: execution.Request, answer: execution.Answer, names: tuple[str, ...] | object
) -> list[str]:
    """The texts in an answer that must not show in the log of the attempt that got it."""
    more = tuple(names) if isinstance(names, (tuple, list)) else ()
    match request, answer:
        case _, execution.ConnectionFound():
            found = [answer.password] if answer.password else []
            return found + (
                masking.secrets_of_text(answer.extra, "extra", more) if answer.extra else []
            )
        case execution.GetVariable(), execution.Text(value=str(value)):
            return masking.secrets_of_text(value, request.key, more)
        case _:
            return []
