"""What people's code speaks through to the process host, whatever kind of process it runs in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from slipstream.model.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotYoursError,
    SlipstreamError,
)
from slipstream.wire import execution, messages

_ERRORS: dict[str, type[SlipstreamError]] = {
    "not_found": NotFoundError,
    "already_exists": AlreadyExistsError,
    "invalid": InvalidInputError,
    "conflict": ConflictError,
    "fenced": ConflictError,
    "not_yours": NotYoursError,
}


class RequestFailedError(SlipstreamError):
    """The server could not carry out what the task asked."""


class Link(Protocol):
    """Asks, logs and reports."""

    def send(self, message: messages.FromTask) -> None:
        """Tell the host something."""

    def mask(self, secrets: Sequence[str]) -> None:
        """Hide these texts in the log from now on."""

    def ask(self, request: execution.Request) -> execution.Answer:
        """The answer to a request. Raises the `SlipstreamError` that a refusal stands for."""

    async def ask_async(self, request: execution.Request) -> execution.Answer:
        """The same, for a coroutine."""


def accepted(answer: execution.Answer) -> execution.Answer:
    """The answer, unless it is a refusal, which is raised."""
    if isinstance(answer, execution.Refused):
        raise _ERRORS.get(answer.code, RequestFailedError)(answer.message)
    return answer
