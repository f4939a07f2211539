"""How a question to a DAG's own code is put to a process of its file's version."""

from __future__ import annotations

import logging

from slipstream.model.attempt import LoadingFile, Outcome
from slipstream.runtime import processes
from slipstream.runtime.conversation import Conversation, Surroundings
from slipstream.runtime.jobs import QuestionJob
from slipstream.runtime.reactor import Timer
from slipstream.runtime.task_handle import TaskProcess
from slipstream.wire import messages
from slipstream.wire.questions import Answered

_log = logging.getLogger(__name__)


class QuestionConduct:
    """The occupant of a task process that answers a question. What goes wrong is an answer, too."""

    def __init__(self, job: QuestionJob, process: TaskProcess, around: Surroundings) -> None:
        self.job = job
        self._process = process
        self._around = around
        self._talk = Conversation(LoadingFile(job.source.fileloc), process, around, job.log_path)
        self._answer: Answered | None = None
        self._late: str | None = None
        self._timer: Timer | None = None

    def first_message(self) -> messages.ToTask:
        """The question."""
        return self.job.question

    def cancel(self, verdict: Outcome, grace_seconds: float) -> None:  # noqa: ARG002 - see Conduct
        """End the process."""
        self._process.terminate(grace_seconds)

    def on_begun(self, pid: int) -> None:  # noqa: ARG002 - see Occupant
        """The process runs."""
        self._timer = self._around.reactor.call_after(self.job.timeout_seconds, self._time_out)

    def on_message(self, message: messages.FromTask) -> None:
        """The process said something."""
        if isinstance(message, Answered):
            self._answer = message
        elif not self._talk.take(message):
            _log.error("a process that answers a question sent %s", type(message).__name__)

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
        answer = self._answer
        if answer is None:
            how = processes.describe_exit(status)
            answer = Answered(error=self._late or f"its process ended ({how})")
        if answer.error is not None:
            self._talk.say("error", f"{self.job.what}: {answer.error}")
        self._talk.close()
        self.job.settle(answer)

    def _time_out(self) -> None:
        self._late = f"it took longer than {self.job.timeout_seconds:g} s"
        self._process.terminate(self._around.settings.timeout_grace_seconds)
