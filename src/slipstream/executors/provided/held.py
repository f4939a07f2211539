"""Attempts that workers elsewhere run, as the server holds them.

Whoever speaks for one shows a token of it (see `tokens`): the one that lies in the workload begins
it, once, and is given another one for the rest. What is held lives as long as the server: after a
restart the workers find nothing, end what they run, and the attempts are started again.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from slipstream.executors.interface import Report, Sink
from slipstream.executors.provided.tokens import AttemptTokens
from slipstream.model.attempt import Asker, Attempt, Cancelled, Failed, Lost, Outcome
from slipstream.model.errors import ConflictError, InvalidInputError
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.runtime.jobs import Source
from slipstream.wire import execution, messages, remote

Answerer: TypeAlias = Callable[
    [Asker, execution.Request], "execution.Answer | Future[execution.Answer]"
]

_SHORTEST_NONCE = 16
_MARGIN_SECONDS = 30.0
"""What a worker that has to stop calling back may take to say that it has."""


@dataclass(slots=True)
class _Held:
    attempt: Attempt
    source: Source
    begun: remote.Begin | None = None
    """What the worker said that has begun it."""
    has_spoken: bool = False
    """Whether that worker has the answer: it has used the token in it."""
    cancelled: str | None = None
    heard_at: float = field(default_factory=time.monotonic)


class HeldAttempts:
    """All methods are safe from any thread. Workers' raise `TokenRefusedError` for tokens that are
    not good for it, `ConflictError` for what cannot be done twice."""

    def __init__(
        self,
        answer: Answerer,
        folder_of: Callable[[Path], Path],
        *,
        silence_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`folder_of` gives the DAGs folder that a file lies in. `silence_seconds`: a worker that
        is not heard for so long is lost."""
        self._answer = answer
        self._folder_of = folder_of
        self._clock = clock
        self._sink: Sink = lambda _: None
        self._lock = threading.Lock()
        self._tokens = AttemptTokens(silence_seconds, clock)
        self._held: dict[str, _Held] = {}
        self._calling_back: dict[str, tuple[Attempt, float]] = {}
        """Attempts that have ended and whose callbacks may still ask, until then."""

    def report_to(self, sink: Sink) -> None:
        """What becomes of attempts goes there."""
        self._sink = sink

    def add(self, attempt: Attempt, source: Source) -> str:
        """Hold an attempt; gives the token that begins it."""
        with self._lock:
            self._held[attempt.attempt_id] = _Held(attempt, source, heard_at=self._clock())
            return self._tokens.issue_first(attempt.attempt_id)

    def is_held(self, attempt_id: str) -> bool:
        """Whether its end has not been told yet."""
        return attempt_id in self._held

    def silent(self, seconds: float) -> list[str]:
        """Attempts whose workers were not heard for so long."""
        oldest = self._clock() - seconds
        with self._lock:
            return [
                attempt_id
                for attempt_id, held in self._held.items()
                if held.begun is not None and held.heard_at < oldest
            ]

    @property
    def now(self) -> float:
        """The moment, by the clock that workers are heard by."""
        return self._clock()

    def is_heard_since(self, attempt_id: str, moment: float) -> bool:
        """Whether its worker has begun and was heard after that moment of `now`."""
        with self._lock:
            held = self._held.get(attempt_id)
            return held is not None and held.begun is not None and held.heard_at > moment

    def cancel(self, attempt_id: str, reason: str) -> bool:
        """End it: at once where no worker has begun, else when its worker is heard next. Whether it
        is held."""
        with self._lock:
            held = self._held.get(attempt_id)
            if held is None:
                return False
            held.cancelled = reason
            has_begun = held.begun is not None
        if not has_begun:
            self.settle(attempt_id, Cancelled(message=reason))
        return True

    def settle(self, attempt_id: str, outcome: Outcome, rendered: object = None) -> bool:
        """Its end, whoever says so; the first counts."""
        with self._lock:
            held = self._held.pop(attempt_id, None)
            if held is None:
                return False
            self._tokens.end(attempt_id, _reason(outcome))
        self._tell_end(held.attempt, outcome, rendered)
        return True

    def lose_all(self, message: str) -> None:
        """Nobody will hear of these attempts again."""
        for attempt_id in list(self._held):
            self.settle(attempt_id, Lost(message=message))

    # What workers say.

    def require(self, attempt_id: str, token: str, *, to_begin: bool = False) -> None:
        """Raises `TokenRefusedError` unless the token speaks for this attempt, or begins it."""
        with self._lock:
            if to_begin:
                self._tokens.require_first(attempt_id, token)
            else:
                self._tokens.require(attempt_id, token)

    def begin(self, attempt_id: str, token: str, begin: remote.Begin) -> remote.Begun:
        """A worker is about to run it. Only one may; it may say so again until it has the answer.

        Raises `InvalidInputError` for a worker of another release.
        """
        source = self._source_of(attempt_id, token)
        if begin.version != remote.VERSION:
            raise InvalidInputError(
                f"The worker speaks version {begin.version}, the server {remote.VERSION}: install "
                "the same release on both."
            )
        if len(begin.nonce) < _SHORTEST_NONCE:
            raise InvalidInputError(
                f"A worker chooses a nonce of {_SHORTEST_NONCE} or more characters, by which it is "
                f"known again; found {len(begin.nonce)}."
            )
        # First what may fail: a worker that was refused has begun nothing.
        path = Path(source.fileloc)
        relative_fileloc = path.relative_to(self._folder_of(path)).as_posix()
        sources = dict(source.read())
        with self._lock:
            self._tokens.require_first(attempt_id, token)
            held = self._held[attempt_id]
            is_first = held.begun is None
            if held.begun is not None and not _may_repeat(held, begin):
                raise ConflictError(_begun_by(attempt_id, held.begun))
            held.begun = begin
            held.heard_at = self._clock()
            own = self._tokens.issue(attempt_id)
        if is_first:
            event = AttemptStarted(
                held.attempt.key, attempt_id, datetime.now(UTC), begin.hostname, begin.pid
            )
            self._sink([Report(held.attempt.run.pk, event)])
        return remote.Begun(
            attempt=held.attempt,
            relative_fileloc=relative_fileloc,
            source_hash=source.source_hash,
            sources=sources,
            token=own,
        )

    def ask(
        self, attempt_id: str, token: str, ask: messages.Ask
    ) -> messages.Reply | Future[messages.Reply]:
        """The task wants to know or to write something; what waits is answered when it is there."""
        with self._lock:
            attempt = self._speaker(attempt_id, token)
        found = self._answer(attempt, ask.request)
        if isinstance(found, execution.Refused) and found.code == "fenced":
            with self._lock:
                late, _ = self._calling_back.get(attempt_id, (attempt, 0.0))
            if late.is_over and not attempt.is_over:
                # Its end was told, and kept, while this was on its way: a callback asks.
                found = self._answer(late, ask.request)
        if not isinstance(found, Future):
            return messages.Reply(number=ask.number, answer=found)
        later: Future[messages.Reply] = Future()

        def reply(done: Future[execution.Answer]) -> None:
            later.set_result(messages.Reply(number=ask.number, answer=done.result()))

        found.add_done_callback(reply)
        return later

    def beat(self, attempt_id: str, token: str) -> remote.Going:
        """The worker lives; whether the attempt is still wanted, and its next token if it is
        time."""
        with self._lock:
            self._speaker(attempt_id, token)
            held = self._held.get(attempt_id)
            if held is None:
                return remote.Going()
            return remote.Going(
                cancelled=held.cancelled, token=self._tokens.renewed(attempt_id, token)
            )

    def end(self, attempt_id: str, token: str, end: remote.End) -> None:
        """The worker has come to the end of it; saying so again changes nothing."""
        outcome = messages.unpack_outcome(end.report)
        with self._lock:
            attempt = self._speaker(attempt_id, token)
            held = self._held.pop(attempt_id, None)
            if held is None:
                return
            if held.cancelled is not None and isinstance(outcome, Failed | Lost | Cancelled):
                outcome = Cancelled(message=held.cancelled)
            self._forget_late()
            if end.goes_on:
                seconds = remote.AFTERWARDS_SECONDS + _MARGIN_SECONDS
                self._tokens.expire_in(attempt_id, seconds)
                until = self._clock() + seconds
                self._calling_back[attempt_id] = replace(attempt, is_over=True), until
            else:
                self._tokens.end(attempt_id, _SAID)
        self._tell_end(attempt, outcome, end.report.rendered)

    def leave(self, attempt_id: str, token: str) -> None:
        """The worker has nothing more to say of it, callbacks included."""
        with self._lock:
            self._speaker(attempt_id, token)
            if attempt_id in self._held:
                raise ConflictError(f"Attempt {attempt_id} has not ended yet: say how first.")
            del self._calling_back[attempt_id]
            self._tokens.end(attempt_id, _SAID)

    def _speaker(self, attempt_id: str, token: str) -> Attempt:
        """The attempt that the token speaks for, whose worker is heard by that."""
        self._tokens.require(attempt_id, token)
        held = self._held.get(attempt_id)
        if held is None:
            return self._calling_back[attempt_id][0]
        held.heard_at = self._clock()
        held.has_spoken = True
        return held.attempt

    def _source_of(self, attempt_id: str, token: str) -> Source:
        with self._lock:
            self._tokens.require_first(attempt_id, token)
            return self._held[attempt_id].source

    def _forget_late(self) -> None:
        """Workers that died while they called back say nothing more."""
        now = self._clock()
        for attempt_id, (_, until) in list(self._calling_back.items()):
            if until <= now:
                del self._calling_back[attempt_id]
                self._tokens.end(attempt_id, _SAID)

    def _tell_end(self, attempt: Attempt, outcome: Outcome, rendered: object) -> None:
        event = AttemptEnded(
            attempt.key,
            attempt.attempt_id,
            datetime.now(UTC),
            outcome,
            rendered if isinstance(rendered, dict) else None,
        )
        self._sink([Report(attempt.run.pk, event)])


_SAID = "its worker has said how"


def _may_repeat(held: _Held, begin: remote.Begin) -> bool:
    """Whether this is the worker that has begun it, which did not hear that it may."""
    assert held.begun is not None
    is_same = hmac.compare_digest(held.begun.nonce.encode(), begin.nonce.encode())
    return is_same and not held.has_spoken


def _begun_by(attempt_id: str, begun: remote.Begin) -> str:
    return (
        f"Attempt {attempt_id} was begun by another worker, process {begun.pid} on "
        f"{begun.hostname}: its first token was good for that, once. Whoever was given the same "
        "workload has nothing to do."
    )


def _reason(outcome: Outcome) -> str:
    """Why somebody else than its worker has ended an attempt."""
    message = outcome.message if isinstance(outcome, Failed | Lost | Cancelled) else ""
    return message.rstrip(".") or "it is not wanted any more"
