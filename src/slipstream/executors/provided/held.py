"""Attempts that workers elsewhere run, as the server holds them.

Each has a token of its own; whoever shows another one, or speaks for an attempt that is not held
any more, is turned away. What is held lives as long as the server: after a restart the workers
find nothing, end what they run, and the attempts are started again.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from slipstream.executors.interface import Report, Sink
from slipstream.model.attempt import Attempt, Cancelled, Failed, Lost, Outcome
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.runtime.jobs import Source
from slipstream.wire import execution, messages, remote

Answerer = Callable[
    [Attempt | None, execution.Request], "execution.Answer | Future[execution.Answer]"
]


@dataclass(slots=True)
class _Held:
    attempt: Attempt
    source: Source
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    has_begun: bool = False
    cancelled: str | None = None
    heard_at: float = field(default_factory=time.monotonic)


class HeldAttempts:
    """All methods are safe from any thread. Workers' raise `NotFoundError` for what is not held and
    for a wrong token, `ConflictError` for what cannot be done twice."""

    def __init__(self, answer: Answerer, folder_of: Callable[[Path], Path]) -> None:
        """`folder_of` gives the DAGs folder that a file lies in."""
        self._answer = answer
        self._folder_of = folder_of
        self._sink: Sink = lambda _: None
        self._lock = threading.Lock()
        self._held: dict[str, _Held] = {}

    def report_to(self, sink: Sink) -> None:
        """What becomes of attempts goes there."""
        self._sink = sink

    def add(self, attempt: Attempt, source: Source) -> str:
        """Hold an attempt; gives its token."""
        held = _Held(attempt, source)
        with self._lock:
            self._held[attempt.attempt_id] = held
        return held.token

    def is_held(self, attempt_id: str) -> bool:
        """Whether its end has not been told yet."""
        return attempt_id in self._held

    def silent(self, seconds: float) -> list[str]:
        """Attempts whose workers were not heard for so long."""
        oldest = time.monotonic() - seconds
        with self._lock:
            return [
                attempt_id
                for attempt_id, held in self._held.items()
                if held.has_begun and held.heard_at < oldest
            ]

    def is_heard_since(self, attempt_id: str, moment: float) -> bool:
        """Whether its worker has begun and was heard after that, by the monotonic clock."""
        with self._lock:
            held = self._held.get(attempt_id)
            return held is not None and held.has_begun and held.heard_at > moment

    def cancel(self, attempt_id: str, reason: str) -> bool:
        """End it: at once where no worker has begun, else when its worker is heard next. Whether it
        is held."""
        with self._lock:
            held = self._held.get(attempt_id)
            if held is None:
                return False
            held.cancelled = reason
            has_begun = held.has_begun
        if not has_begun:
            self.settle(attempt_id, Cancelled(message=reason))
        return True

    def settle(self, attempt_id: str, outcome: Outcome, rendered: object = None) -> bool:
        """Its end, whoever says so; the first counts."""
        with self._lock:
            held = self._held.pop(attempt_id, None)
        if held is None:
            return False
        attempt = held.attempt
        event = AttemptEnded(
            attempt.key,
            attempt_id,
            datetime.now(UTC),
            outcome,
            rendered if isinstance(rendered, dict) else None,
        )
        self._sink([Report(attempt.run.pk, event)])
        return True

    def lose_all(self, message: str) -> None:
        """Nobody will hear of these attempts again."""
        for attempt_id in list(self._held):
            self.settle(attempt_id, Lost(message=message))

    # What workers say.

    def require(self, attempt_id: str, token: str) -> None:
        """Raises `NotFoundError` unless the token is that of an attempt that is held."""
        with self._lock:
            self._find(attempt_id, token)

    def begin(self, attempt_id: str, token: str, begin: remote.Begin) -> remote.Begun:
        """A worker is about to run it; only one may."""
        if begin.version != remote.VERSION:
            raise ConflictError(
                f"The worker speaks version {begin.version}, the server {remote.VERSION}: install "
                "the same release on both."
            )
        with self._lock:
            held = self._find(attempt_id, token)
            if held.has_begun:
                raise ConflictError(f"Attempt {attempt_id} is run by another worker.")
            held.has_begun = True
        attempt, source = held.attempt, held.source
        event = AttemptStarted(
            attempt.key, attempt_id, datetime.now(UTC), begin.hostname, begin.pid
        )
        self._sink([Report(attempt.run.pk, event)])
        path = Path(source.fileloc)
        return remote.Begun(
            attempt=attempt,
            relative_fileloc=path.relative_to(self._folder_of(path)).as_posix(),
            source_hash=source.source_hash,
            sources=dict(source.read()),
        )

    def ask(self, attempt_id: str, token: str, ask: messages.Ask) -> messages.Reply:
        """The task wants to know or to write something."""
        with self._lock:
            held = self._find(attempt_id, token)
        found = self._answer(held.attempt, ask.request)
        answer = found.result() if isinstance(found, Future) else found
        return messages.Reply(number=ask.number, answer=answer)

    def beat(self, attempt_id: str, token: str) -> remote.Going:
        """The worker lives; whether the attempt is still wanted."""
        with self._lock:
            return remote.Going(cancelled=self._find(attempt_id, token).cancelled)

    def end(self, attempt_id: str, token: str, end: remote.End) -> None:
        """The worker has come to the end of it."""
        with self._lock:
            held = self._find(attempt_id, token)
        outcome = messages.unpack_outcome(end.report)
        if held.cancelled is not None and isinstance(outcome, Failed | Lost | Cancelled):
            outcome = Cancelled(message=held.cancelled)
        self.settle(attempt_id, outcome, end.report.rendered)

    def _find(self, attempt_id: str, token: str) -> _Held:
        held = self._held.get(attempt_id)
        if held is None or not secrets.compare_digest(held.token.encode(), token.encode()):
            raise NotFoundError(f"Attempt {attempt_id} is not run any more, or is not yours.")
        held.heard_at = time.monotonic()
        return held
