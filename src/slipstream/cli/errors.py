"""What the command line itself can find wrong."""

from __future__ import annotations

from slipstream.model.errors import ConflictError, InvalidInputError, SlipstreamError


class UsageError(InvalidInputError):
    """The arguments do not make sense; the exit code is 2."""


class CommandFailedError(SlipstreamError):
    """The command did what was asked, and the answer is a failure; the exit code is 1."""


class NotConfirmedError(SlipstreamError):
    """The person at the terminal did not say yes."""


class HomeInUseError(ConflictError):
    """Another server runs on this home."""
