"""How an attempt is conducted in its process: started, kept in time, judged at its end."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, assert_never

import msgspec

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
)
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.runtime import processes
from slipstream.runtime.conversation import (
    HOST_LOGGER,
    Conversation,
    Surroundings,
    close_log,
    new_log,
)
from slipstream.runtime.jobs import AttemptJob
from slipstream.runtime.log_files import log_name_of
from slipstream.runtime.masking import redact
from slipstream.runtime.reactor import Callback, Timer
from slipstream.runtime.shown_result import shown_result
from slipstream.runtime.task_handle import TaskProcess
from slipstream.runtime.waited import seconds_before
from slipstream.wire import messages

_log = logging.getLogger(__name__)


class AttemptConduct:
    """The occupant of a task process that runs an attempt."""

    def __init__(self, job: AttemptJob, process: TaskProcess, around: Surroundings) -> None:
        self.job = job
        self._attempt = job.attempt
        self._process = process
        self._around = around
        self._talk = Conversation(job.attempt, process, around, log_name_of(job.attempt))
        self._reported: Outcome | None = None
        self._verdict: Outcome | None = None
        """Decided by the host, whatever the process says: cancelled, stopped, out of time."""
        self._owes_callbacks = True
        """Whether the process has not called the task's callbacks for a failure itself."""
        self._grace_seconds = around.settings.kill_grace_seconds
        self._begun = False
        self._rendered: Mapping[str, Any] | None = None
        self._exit: tuple[int | None] | None = None
        """The exit status, once the process is gone."""
        self._ended = False
        self._is_calling_back = False
        """Whether the process calls callbacks after its report, and has not said that it did."""
        self._timer: Timer | None = None

    def first_message(self) -> messages.ToTask:
        """The attempt."""
        return messages.Start(attempt=self._attempt, hostname=self._around.settings.hostname)

    def cancel(self, verdict: Outcome, grace_seconds: float) -> None:
        """End the process; the attempt's end is then the verdict."""
        if self._ended:
            return
        self._verdict = self._verdict or verdict
        self._grace_seconds = grace_seconds
        if self._begun:
            self._process.terminate(grace_seconds)

    def on_begun(self, pid: int) -> None:
        """The process runs."""
        self._begun = True
        host = self._around.settings.hostname
        tries = f"try {self._attempt.try_number} of {self._attempt.max_tries + 1}"
        self._talk.say("info", f"Task started on {host}, process {pid}, {tries}")
        key, attempt_id = self._attempt.key, self._attempt.attempt_id
        started = AttemptStarted(key, attempt_id, datetime.now(UTC), host, pid)
        self._around.emit(self._attempt, started)
        timeout = self._attempt.execution_timeout_seconds
        if timeout is not None:
            left = max(0.0, timeout - seconds_before(self._attempt))
            self._set_timer(left + self._around.settings.timeout_grace_seconds, self._time_out)
        if self._verdict is not None:
            self._process.terminate(self._grace_seconds)

    def on_message(self, message: messages.FromTask) -> None:
        """The process said something."""
        match message:
            case messages.Report():
                self._take_report(message)
            case messages.Finished():
                self._is_calling_back = False
                self._expect_exit()
            case _ if not self._talk.take(message):
                _log.error("an attempt's process sent %s", type(message).__name__)

    def on_line(self, stream: str, line: str) -> None:
        """The process, or one below it, wrote a line."""
        self._talk.take_line(stream, line)

    def on_stillborn(self, reason: str) -> None:
        """There never was a process."""
        self._talk.close()
        if self._verdict is not None:
            self._end(self._verdict)
        else:
            self._around.requeue(self.job, reason)

    def on_exited(self, status: int | None) -> None:
        """Nothing of the process is left: now any end may be told."""
        self._exit = (status,)
        if self._timer is not None:
            self._timer.cancel()
        if self._is_calling_back and self._verdict is None:
            how = processes.describe_exit(status)
            error = f"its process ended before it did ({how})"
            self._talk.say("error", f"a callback failed: {error}")
            self._talk.tell_of_alert(error)
        self._end_if_due()
        if self._ended:
            self._talk.close()
            self._around.log_complete(self._attempt)

    def _take_report(self, report: messages.Report) -> None:
        try:
            outcome = messages.unpack_outcome(report)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            outcome = Failed(message=f"the task's report cannot be read: {error}")
        if isinstance(outcome, (Failed, Skipped)):
            outcome = replace(outcome, message=self._talk.mask(outcome.message))
        self._reported = outcome
        self._owes_callbacks = report.owes_callbacks
        if report.shows_result and (line := shown_result(outcome)) is not None:
            self._talk.say("info", line)
        if self._timer is not None:
            self._timer.cancel()
        if report.is_last:
            self._expect_exit()
        else:
            self._is_calling_back = True
            self._talk.goes_on_as(replace(self._attempt, is_over=True))
        if report.rendered:
            names = self._around.settings.sensitive_names
            self._rendered = self._talk.mask(redact(report.rendered, more_names=names))
        self._end_if_due()

    def _end_if_due(self) -> None:
        """Tell the end: a good one at once, any other when the process is gone.

        A task that has failed may be tried again, and its tries must never overlap. In the place
        of one that succeeded nothing will run, so what follows need not wait for its exit.
        """
        if self._ended:
            return
        if self._exit is not None:
            self._end(self._judge(*self._exit))
        elif self._verdict is None and isinstance(self._reported, (Succeeded, Skipped)):
            self._end(self._reported)

    def _judge(self, status: int | None) -> Outcome:
        if self._verdict is None and self._reported is not None:
            outcome = self._reported
        elif self._verdict is not None:
            outcome = self._verdict
        else:
            how = (
                "its exit status is not known"
                if status is None
                else processes.describe_exit(status)
            )
            outcome = Failed(message=f"the task's process ended without a report: {how}")
        if isinstance(outcome, Failed) and self._owes_callbacks:
            self._around.call_back(self.job, outcome.message)
        return outcome

    def _end(self, outcome: Outcome) -> None:
        self._ended = True
        self._talk.say("info", describe_end(outcome))
        key, attempt_id = self._attempt.key, self._attempt.attempt_id
        end = AttemptEnded(key, attempt_id, datetime.now(UTC), outcome, self._rendered)
        self._around.emit(self._attempt, end)

    def _expect_exit(self) -> None:
        self._set_timer(self._around.settings.linger_seconds, self._stop_lingering)

    def _stop_lingering(self) -> None:
        self._process.terminate(self._around.settings.timeout_grace_seconds)

    def _time_out(self) -> None:
        seconds = self._attempt.execution_timeout_seconds
        self._talk.say("error", f"the task did not end by itself after its timeout of {seconds} s")
        message = f"AirflowTaskTimeout: the task ran longer than {seconds} s"
        self._verdict = self._verdict or Failed(message=message)
        self._process.terminate(self._around.settings.timeout_grace_seconds)

    def _set_timer(self, seconds: float, callback: Callback) -> None:
        if self._timer is not None:
            self._timer.cancel()

        self._timer = self._around.reactor.call_after(seconds, callback)


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
        case AwaitsInput(timeout_at=until):
            limit = "" if until is None else f" until {until.isoformat()} at the latest"
            return f"Task waits for somebody to answer{limit}"
        case Lost(message=message):
            return f"Attempt lost: {message}"
        case Cancelled(message=message):
            return f"Task was ended: {message}"
        case _:
            assert_never(outcome)


def refuse_attempt(job: AttemptJob, outcome: Outcome, detail: str, around: Surroundings) -> None:
    """End an attempt that no process was started for; the detail goes to its log."""
    log = new_log(log_name_of(job.attempt), around.settings)
    for event in filter(None, (detail, describe_end(outcome))):
        log.add(timestamp=time.time(), level="error", logger=HOST_LOGGER, event=event)
    close_log(log)
    around.log_complete(job.attempt)
    end = AttemptEnded(job.attempt.key, job.attempt.attempt_id, datetime.now(UTC), outcome)
    around.emit(job.attempt, end)
