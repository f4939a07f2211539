"""The life of a task process: wait for an attempt, run it, report, exit."""

from __future__ import annotations

import gc
import os
import random
import sys
from _random import Random
from typing import NoReturn, TypeAlias

from slipstream.runtime import fork_hooks, task_log
from slipstream.runtime.impersonation import ImpersonationError, names_users, take_user_of
from slipstream.runtime.loader import LoadedFile
from slipstream.runtime.supervisor_link import SupervisorLink
from slipstream.runtime.task_session import answer_question, run_attempt, run_errand, wind_down
from slipstream.sdk._context_variables import set_common_environment
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError
from slipstream.wire.questions import (
    DeadlineQuestion,
    PartitionQuestion,
    Question,
    TimetableQuestion,
)

_seed = Random.seed

Work: TypeAlias = messages.Start | messages.Errand | Question
_WORK = (messages.Start, messages.Errand, TimetableQuestion, DeadlineQuestion, PartitionQuestion)


class TaskProcess:
    """What every task process of a file needs, made once in its zygote."""

    def __init__(self, file: LoadedFile, *, keeps_user: bool = False) -> None:
        """`keeps_user`: whatever user the tasks name; for a rehearsal."""
        self._file = file
        self._link = SupervisorLink()
        self._link.watch_forks()
        self._names_users = not keeps_user and names_users(file)
        set_common_environment(file.dags.values())
        task_log.capture(self._link)

    def run(
        self,
        connection: BlockingConnection,
        work: Work | None = None,
    ) -> NoReturn:
        """In the child: do the work, if there is none yet the first that comes, and exit."""
        fork_hooks.release()
        try:
            work = self.begin(connection, work)
        except ConnectionLostError:
            os._exit(0)  # A spare that is not needed any more.
        self.carry_out(work)
        wind_down()
        os._exit(0)

    def begin(self, connection: BlockingConnection, work: Work | None = None) -> Work:
        """Be a process of its own on that connection; gives the work, waiting for it if need be.

        Raises `ConnectionLostError` where none is going to come.
        """
        _seed_generators()
        self._link.attach(connection)
        received = work or messages.decode_to_task(connection.receive())
        # What was allocated since the zygote froze its memory would count towards a collection.
        gc.freeze()
        gc.enable()
        if isinstance(received, _WORK):
            return received
        raise TypeError(f"a task process was first sent {type(received).__name__}")

    def carry_out(self, work: Work) -> None:
        """Do the work and report its end."""
        if isinstance(work, messages.Start):
            run_attempt(work, self._file, self._link, refusal=self._take_user(work))
        elif isinstance(work, messages.Errand):
            run_errand(work, self._file, self._link, refusal=self._take_user(work))
        else:
            answer_question(work, self._file, self._link)

    def rest(self) -> None:
        """Speak to nobody any more: for a rehearsal, which goes on in the same process."""
        self._link.detach()

    def _take_user(self, work: messages.Start | messages.Errand) -> str | None:
        """Become who the task runs as, or its callbacks; what stands against it, or None."""
        if not self._names_users:
            return None
        if isinstance(work, messages.Errand) and work.kind is not messages.CallbackKind.TASK:
            return None
        try:
            take_user_of(work.attempt, self._file)
        except ImpersonationError as error:
            return str(error)
        return None


def _seed_generators() -> None:
    """Give the process randomness of its own, where a library keeps a generator in memory."""
    # What `random.seed()` comes to, without the Python code around it.
    generator = random._inst  # The one behind the module's functions.
    _seed(generator)
    if generator.gauss_next is not None:  # type: ignore[attr-defined]  # unknown to the stubs
        generator.gauss_next = None  # type: ignore[attr-defined]
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
