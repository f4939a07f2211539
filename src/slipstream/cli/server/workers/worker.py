"""The worker's side: it serves, says that it lives, and counts failed logins with the others."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread

from slipstream.api.auth.throttle import Limits
from slipstream.cli.server.workers.messages import (
    LONGEST_BYTES,
    MOST_SAID,
    Alive,
    Count,
    Counting,
    Failed,
    FromWorker,
    Limit,
    Ready,
    encode,
)

_ANSWER_SECONDS = 10.0


class Tether:
    """A worker's two lines to its supervisor."""

    def __init__(self, life: socket.socket, counts: socket.socket) -> None:
        """`life` carries whether it lives, `counts` failed logins."""
        self._life = life
        counts.settimeout(_ANSWER_SECONDS)
        self._counts = counts
        self._turn = Lock()

    def ready(self, beat: Callable[[Callable[[], None]], None]) -> None:
        """It serves. `beat` calls a function where requests are answered; from now on it is asked
        whether it still does, and ends when the supervisor is gone."""
        Thread(target=self._listen, args=(beat,), name="tether", daemon=True).start()
        self._tell(Ready())

    def failed(self, message: str) -> None:
        """It cannot serve."""
        self._tell(Failed(message[:MOST_SAID]))

    def limits(self) -> Limits:
        """Limits of failed logins that all workers have together."""
        return Limits(*(_SharedCounts(self, limit) for limit in Limit))

    def count(self, what: Count) -> int:
        """The seconds to wait, where that was asked. Safe to use from any thread."""
        with self._turn:
            try:
                self._counts.send(encode(what))
                if what.counting is not Counting.TAKE:
                    return 0
                said = self._counts.recv(LONGEST_BYTES)
            except OSError:
                said = b""
        # Nobody may guess while nobody counts; the supervisor is ending then, or is stopped.
        return int(said) if said else 1

    def _listen(self, beat: Callable[[Callable[[], None]], None]) -> None:
        with suppress(OSError):
            while self._life.recv(LONGEST_BYTES):
                beat(lambda: self._tell(Alive()))
        # Nobody is there any more who would end it. Where it ends already, this ends it at once.
        os.kill(os.getpid(), signal.SIGTERM)

    def _tell(self, what: FromWorker) -> None:
        with suppress(OSError):  # Who is not there need not know.
            self._life.send(encode(what))


class _SharedCounts:
    """Implements `slipstream.api.auth.throttle.Counts` by what the supervisor counts."""

    def __init__(self, tether: Tether, limit: Limit) -> None:
        self._tether = tether
        self._limit = limit

    def take(self, subject: str, now: float) -> int:
        """By the supervisor's clock, not by `now`."""
        del now
        return self._count(Counting.TAKE, subject)

    def give_back(self, subject: str) -> None:
        """What was taken was no failure."""
        self._count(Counting.GIVE_BACK, subject)

    def forget(self, subject: str) -> None:
        """The subject starts afresh."""
        self._count(Counting.FORGET, subject)

    def _count(self, counting: Counting, subject: str) -> int:
        # However long a name somebody makes up, it fits.
        short = hashlib.sha256(subject.encode(errors="surrogatepass")).hexdigest()
        return self._tether.count(Count(self._limit, counting, short))
