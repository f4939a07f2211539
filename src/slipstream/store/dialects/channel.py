"""Wake-ups through PostgreSQL: a connection of its own that does nothing but LISTEN."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable

import psycopg

from slipstream.store.wakeups import Hear, SharedWakeups

CHANNEL = "slipstream_notice"

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 10.0


class Channel(SharedWakeups["_Listening"]):
    """Wakes the listeners of this process whenever a transaction anywhere left a notice."""

    def __init__(self, connect: Callable[[], psycopg.Connection]) -> None:
        """`connect` gives a connection that is in no transaction; called when somebody listens."""
        super().__init__(lambda heard: _Listening(connect, heard))


class _Listening:
    """The thread with the connection; a lost one is made anew, after ever longer pauses."""

    def __init__(self, connect: Callable[[], psycopg.Connection], hear: Hear) -> None:
        self._connect = connect
        self._hear_text = hear
        self._heard = threading.Event()
        self._stopped = threading.Event()
        # Closing the write end ends the thread's wait, whatever it waits for.
        self._stop_reader, self._stop_writer = os.pipe()
        self._thread = threading.Thread(target=self._run, name="store-wakeups", daemon=True)
        self._thread.start()

    def wait_ready(self) -> None:
        """Return when the first try to connect has ended, well or not."""
        self._heard.wait()

    def close(self) -> None:
        """End the thread."""
        self._stopped.set()
        os.close(self._stop_writer)
        if self._thread is not threading.current_thread():
            self._thread.join()
        os.close(self._stop_reader)

    def _run(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self._stopped.is_set():
            try:
                with self._connect() as connection:
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._heard.set()
                    # What was sent while nobody listened is lost, so everybody looks now.
                    self._hear_text(None)
                    pause = _FIRST_PAUSE_SECONDS
                    self._hear(connection)
            except psycopg.Error:
                # The writers notice an unreachable server and say so; here it is waited for.
                self._heard.set()
                self._stopped.wait(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    def _hear(self, connection: psycopg.Connection) -> None:
        while not self._stopped.is_set():
            ready, _, _ = select.select([connection.fileno(), self._stop_reader], [], [])
            if self._stop_reader in ready:
                return
            for text in dict.fromkeys(one.payload for one in connection.notifies(timeout=0)):
                self._hear_text(text)
