"""Every process that the zygotes make for one host, found by what they call it."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Sequence

from slipstream.runtime.reactor import Reactor
from slipstream.runtime.task_handle import TaskProcess
from slipstream.runtime.warm import WarmFile
from slipstream.wire import messages

_log = logging.getLogger(__name__)


class Offspring:
    """Passes on what zygotes tell of their children. All methods are the reactor's thread's."""

    def __init__(self, reactor: Reactor, on_gone: Callable[[TaskProcess], None]) -> None:
        """`on_gone` is called when nothing of a task process is left."""
        self._reactor = reactor
        self._on_gone = on_gone
        self._numbers = itertools.count(1)
        self._by_number: dict[int, TaskProcess | WarmFile] = {}
        self._by_pid: dict[int, TaskProcess | WarmFile] = {}

    def new_number(self) -> int:
        """What the next process is called until it has a process number."""
        return next(self._numbers)

    def new_process(self) -> TaskProcess:
        """A task process that is yet to be made: some zygote must be told to."""
        process = TaskProcess(
            self.new_number(), self._reactor, on_pid=self._on_pid, on_gone=self._on_process_gone
        )
        self._by_number[process.number] = process
        process.open()
        return process

    def adopt(self, file: WarmFile) -> None:
        """A DAG zygote is about to be made."""
        self._by_number[file.number] = file

    def drop(self, file: WarmFile) -> None:
        """A DAG zygote has ended. Its exit may still be told."""
        self._by_number.pop(file.number, None)

    def knows(self, pid: int) -> bool:
        """Whether a process of that number is one of these."""
        return pid in self._by_pid

    def on_message(self, message: messages.FromZygote) -> None:
        """A zygote said something about a child of its."""
        match message:
            case messages.Forked():
                child = self._by_number.get(message.process)
                if child is not None:
                    self._on_pid(child, message.pid)
                    child.on_forked(message.pid)
            case messages.ForkFailed():
                child = self._by_number.get(message.process)
                if isinstance(child, TaskProcess):
                    child.give_up(message.message)
            case messages.ChildExited():
                child = self._by_pid.pop(message.pid, None)
                if child is not None:
                    child.on_exited(message.status)
            case messages.Ready(unsafe=str() as reason):
                _log.warning("every task starts in a new interpreter, for %s", reason)
            case messages.Ready() | messages.Loaded() | messages.LoadTimeout() | messages.Ask():
                return

    def end(self) -> None:
        """End every process. What the zygotes leave, the root ends after them."""
        for process in self._task_processes():
            process.kill()
        for child in list(self._by_number.values()):
            if isinstance(child, WarmFile):
                child.retire()

    def forget(self) -> None:
        """Every process is gone: let go of what is held for them."""
        for process in self._task_processes():
            process.on_exited(None)

    def _task_processes(self) -> Sequence[TaskProcess]:
        return [child for child in self._by_number.values() if isinstance(child, TaskProcess)]

    def _on_pid(self, child: TaskProcess | WarmFile, pid: int) -> None:
        self._by_pid[pid] = child

    def _on_process_gone(self, process: TaskProcess) -> None:
        del self._by_number[process.number]
        if process.pid is not None:
            self._by_pid.pop(process.pid, None)
        self._on_gone(process)
