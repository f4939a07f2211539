"""The root of what can go wrong, and the errors that more than one package raises."""

from __future__ import annotations


class SlipstreamError(Exception):
    """Root of every error that Slipstream raises on purpose."""


class NotFoundError(SlipstreamError, LookupError):
    """What was asked for does not exist."""


class AlreadyExistsError(SlipstreamError, ValueError):
    """A thing of that name is there already."""


class InvalidInputError(SlipstreamError, ValueError):
    """A value from outside is not what it should be; the message names it."""


class ConflictError(SlipstreamError):
    """The thing changed, or is in a state that forbids what was asked."""


class NotYoursError(SlipstreamError):
    """It belongs to another task, or to another team, than the one that asks."""
