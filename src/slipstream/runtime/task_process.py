"""The life of a task process: wait for an attempt, run it, report, exit."""

from __future__ import annotations

import gc
import os
import random
import sys
from typing import NoReturn

from slipstream.runtime import fork_hooks, task_log
from slipstream.runtime.impersonation import ImpersonationError, take_user_of
from slipstream.runtime.loader import LoadedFile
from slipstream.runtime.supervisor_link import SupervisorLink
from slipstream.runtime.task_session import answer_question, run_attempt, run_errand, wind_down
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError
from slipstream.wire.questions import DeadlineQuestion, Question, TimetableQuestion


class TaskProcess:
    """What every task process of a file needs, made once in its zygote."""

    def __init__(self, file: LoadedFile) -> None:
        self._file = file
        self._link = SupervisorLink()
        self._link.watch_forks()
        task_log.capture(self._link)

    def run(
        self,
        connection: BlockingConnection,
        work: messages.Start | messages.Errand | Question | None = None,
    ) -> NoReturn:
        """In the child: do the work, if there is none yet the first that comes, and exit."""
        fork_hooks.release()
        _seed_generators()
        self._link.attach(connection)
        try:
            work = work or messages.decode_to_task(connection.receive())
        except ConnectionLostError:
            os._exit(0)  # A spare that is not needed any more.
        # What was allocated since the zygote froze its memory would count towards a collection.
        gc.freeze()
        gc.enable()
        match work:
            case messages.Start():
                run_attempt(work, self._file, self._link, refusal=self._take_user(work))
            case messages.Errand():
                run_errand(work, self._file, self._link, refusal=self._take_user(work))
            case TimetableQuestion() | DeadlineQuestion():
                answer_question(work, self._file, self._link)
            case _:
                raise TypeError(f"a task process was first sent {type(work).__name__}")
        wind_down()
        os._exit(0)

    def _take_user(self, work: messages.Start | messages.Errand) -> str | None:
        """Become who the task runs as, or its callbacks; what stands against it, or None."""
        if isinstance(work, messages.Errand) and work.kind is not messages.CallbackKind.TASK:
            return None
        try:
            take_user_of(work.attempt, self._file)
        except ImpersonationError as error:
            return str(error)
        return None


def _seed_generators() -> None:
    """Give the process randomness of its own, where a library keeps a generator in memory."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
