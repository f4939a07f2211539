"""What can go wrong between this command line and a server."""

from __future__ import annotations

from slipstream.model.errors import SlipstreamError


class UnreachableServerError(SlipstreamError):
    """The server does not answer, or what answers is none; the exit code is 3."""


class NotAdmittedError(SlipstreamError):
    """The server does not know who asks, or does not let them; the exit code is 4."""
