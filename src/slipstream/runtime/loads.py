"""Loads DAG files in zygotes of their own, a bounded number at a time."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from slipstream.runtime.processes import describe_exit
from slipstream.runtime.reactor import Reactor
from slipstream.runtime.root import RootProcess
from slipstream.runtime.settings import HostSettings
from slipstream.runtime.warm import WarmFile
from slipstream.wire import messages

_MOST_MISFIRES = 3
_CRASHES = {-signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL, -signal.SIGSEGV}
"""Some native code does not work in any forked process: whether it does in another is tried."""


@dataclass(slots=True, kw_only=True)
class Load:
    """A file to load, and who wants to know."""

    spec: messages.LoadSpec
    on_loaded: Callable[[WarmFile, messages.Loaded], None]
    on_dropped: Callable[[], object] = lambda: None
    """The host stops before the file is loaded."""
    misfires: int = 0


class LoadQueue:
    """All methods are the reactor's thread's."""

    def __init__(
        self,
        reactor: Reactor,
        settings: HostSettings,
        root: RootProcess,
        *,
        new_number: Callable[[], int],
        adopt: Callable[[WarmFile], None],
        on_message: Callable[[messages.FromZygote], None],
        on_ask: Callable[[WarmFile, messages.Ask], None],
        on_gone: Callable[[WarmFile], None],
    ) -> None:
        self._reactor = reactor
        self._settings = settings
        self._root = root
        self._new_number = new_number
        self._adopt = adopt
        self._on_message = on_message
        self._on_ask = on_ask
        self._on_gone = on_gone
        self._waiting: deque[Load] = deque()
        self._current: list[Load] = []

    def add(self, load: Load, *, urgent: bool = False) -> None:
        """Load a file as soon as there is room; an urgent one before those that wait."""
        if urgent:
            self._waiting.appendleft(load)
        else:
            self._waiting.append(load)
        self._start()

    def close(self) -> None:
        """Begin no more; who waits is told, and what is being loaded is told of no more."""
        for load in (*self._waiting, *self._current):
            load.on_dropped()
        self._waiting.clear()
        self._current.clear()

    def _start(self) -> None:
        while self._waiting and len(self._current) < self._settings.load_parallelism:
            load = self._waiting.popleft()
            self._current.append(load)
            self._begin(load)

    def _begin(self, load: Load) -> None:
        def on_loaded(file: WarmFile, loaded: messages.Loaded | None) -> None:
            if load not in self._current:
                return
            self._current.remove(load)
            if loaded is None and load.misfires < _MOST_MISFIRES:
                load.misfires += 1
                self._waiting.appendleft(load)
            elif load.spec.fresh_for is None and file.exit_status in _CRASHES:
                how = describe_exit(file.exit_status)
                reason = f"loading it in a forked process ends that process ({how})"
                load.spec = msgspec.structs.replace(load.spec, fresh_for=reason)
                self._waiting.appendleft(load)
            else:
                load.on_loaded(file, loaded or _NEVER_FORKED)
            self._start()

        file = WarmFile(
            self._new_number(),
            load.spec,
            self._reactor,
            on_loaded=on_loaded,
            on_message=self._on_message,
            on_ask=self._on_ask,
            on_gone=self._on_gone,
        )
        self._adopt(file)
        file.open()
        order = messages.ForkZygote(process=file.number, load=load.spec)
        self._root.send(order, file.child_descriptors)


_NEVER_FORKED = messages.Loaded(
    error="No process could be forked to load this file. Is the machine out of memory or of "
    "process numbers? The server's log says more.\n"
)
