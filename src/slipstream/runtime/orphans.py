"""Processes that became the server's own children because the root zygote died.

The server is a child subreaper, so they come to it. It must wait for them, and for nobody else's
children: other code in the server may have started processes too. So it waits by number only, for
those that it knows and for those that carry its mark in their environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from slipstream.runtime import processes
from slipstream.runtime.environment import LINEAGE
from slipstream.runtime.reactor import Reactor


class Orphans:
    """All methods are the reactor's thread's. `root` gives the number of the root zygote that runs
    now, which is no orphan; `on_exit` gets a number and the exit status."""

    def __init__(
        self,
        reactor: Reactor,
        lineage: str,
        *,
        root: Callable[[], int | None],
        is_known: Callable[[int], bool],
        on_exit: Callable[[int, int], None],
    ) -> None:
        self._reactor = reactor
        self._root = root
        self._lineage = lineage.encode()
        self._is_known = is_known
        self._on_exit = on_exit
        self._adopted: dict[int, int] = {}

    def adopt(self) -> None:
        """Take charge of what has come.

        What nobody knows was left by a task that is no more, and is killed.
        """
        for pid in processes.children_of(os.getpid()):
            if pid == self._root() or pid in self._adopted:
                continue
            known = self._is_known(pid)
            if not known and processes.environment_of(pid).get(_MARK) != self._lineage:
                continue
            self._watch(pid)
            if not known:
                processes.kill_tree(pid)

    def end(self) -> None:
        """Kill and wait for all of them."""
        self.adopt()
        while self._adopted:
            for pid in list(self._adopted):
                processes.kill_tree(pid)
                self._wait(pid, 0)
            self.adopt()

    def _watch(self, pid: int) -> None:
        self._adopted[pid] = os.pidfd_open(pid)

        def on_end() -> None:
            self._wait(pid, os.WNOHANG)
            self.adopt()

        self._reactor.watch(self._adopted[pid], on_end)

    def _wait(self, pid: int, options: int) -> None:
        descriptor = self._adopted.pop(pid)
        self._reactor.unwatch(descriptor)
        os.close(descriptor)
        processes.kill_group(pid)
        try:
            _, status = os.waitpid(pid, options)
        except ChildProcessError:
            return
        self._on_exit(pid, os.waitstatus_to_exitcode(status))


_MARK = LINEAGE.encode()
