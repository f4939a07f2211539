"""Tells listeners of plugins what happens in the server; whoever says it does not wait."""

from __future__ import annotations

import logging
import threading
from queue import Full, Queue

from slipstream.api.plugin_apps.happenings import Happening
from slipstream.api.plugin_apps.host import PluginHost, PluginsUnavailableError

_log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_END_SECONDS = 3.0


class Announcer:
    """One thread that passes on what happened, in order."""

    def __init__(self, host: PluginHost) -> None:
        """It sends to the process of that host."""
        self._host = host
        self._waiting: Queue[Happening | None] = Queue(_MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="announcer", daemon=True)
        self._thread.start()

    def __call__(self, happening: Happening) -> None:
        """Tell of this, soon. Returns at once."""
        try:
            self._waiting.put_nowait(happening)
        except Full:
            _log.warning("The process of plugins does not keep up: a listener is not told.")

    def stop(self) -> None:
        """Pass on what waits, as far as that takes no longer than seconds."""
        try:
            self._waiting.put(None, timeout=_END_SECONDS)
        except Full:
            return
        self._thread.join(_END_SECONDS)

    def _run(self) -> None:
        while (happening := self._waiting.get()) is not None:
            try:
                self._host.tell(happening)
            except PluginsUnavailableError as error:
                _log.warning("%s", error)
