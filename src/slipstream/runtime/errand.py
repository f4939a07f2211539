"""How a callback that no task is there to call is conducted in a process of its own."""

from __future__ import annotations

import logging

from slipstream.model.attempt import Outcome
from slipstream.runtime import processes
from slipstream.runtime.conversation import Conversation, Surroundings
from slipstream.runtime.jobs import ErrandJob
from slipstream.runtime.reactor import Timer
from slipstream.runtime.task_handle import TaskProcess
from slipstream.wire import messages

_log = logging.getLogger(__name__)


class ErrandConduct:
    """The occupant of a task process that runs an errand. Its result tells whether it went well."""

    def __init__(self, job: ErrandJob, process: TaskProcess, around: Surroundings) -> None:
        self.job = job
        self._process = process
        self._around = around
        self._talk = Conversation(job.errand.attempt, process, around, job.log_path)
        self._error: str | None = "it was never begun"
        self._is_done = False
        """Whether the process has said how it went."""
        self._timer: Timer | None = None

    def first_message(self) -> messages.ToTask:
        """The errand."""
        return self.job.errand

    def cancel(self, verdict: Outcome, grace_seconds: float) -> None:  # noqa: ARG002 - see Conduct
        """End the process."""
        self._process.terminate(grace_seconds)

    def on_begun(self, pid: int) -> None:
        """The process runs."""
        self._talk.say("info", f"{self.job.errand.kind} callback started, process {pid}")
        self._error = None
        self._timer = self._around.reactor.call_after(self.job.timeout_seconds, self._time_out)

    def on_message(self, message: messages.FromTask) -> None:
        """The process said something."""
        if isinstance(message, messages.ErrandDone):
            self._error = message.error
            self._is_done = True
        elif not self._talk.take(message):
            _log.error("an errand's process sent %s", type(message).__name__)

    def on_line(self, stream: str, line: str) -> None:
        """The process, or one below it, wrote a line."""
        self._talk.take_line(stream, line)

    def on_stillborn(self, reason: str) -> None:
        """There never was a process."""
        self._talk.close()
        self._around.requeue(self.job, reason)

    def on_exited(self, status: int | None) -> None:
        """Nothing of the process is left."""
        if self._timer is not None:
            self._timer.cancel()
        is_of_task = self.job.errand.kind is messages.CallbackKind.TASK
        if self._error is None and not self._is_done:
            how = processes.describe_exit(status)
            self._error = f"its process ended before it did ({how})"
        if self._error is not None:
            self._talk.say("error", f"{self.job.errand.kind} callback failed: {self._error}")
            # Of others who asked for them tell, and what a process has seen it tells by itself.
            if is_of_task and not self._is_done:
                self._talk.tell_of_alert(self._error)
        self._talk.close()
        if is_of_task:
            self._around.log_complete(self.job.errand.attempt)
        self.job.settle(self._error)

    def _time_out(self) -> None:
        self._error = f"it took longer than {self.job.timeout_seconds:g} s"
        self._process.terminate(self._around.settings.timeout_grace_seconds)
