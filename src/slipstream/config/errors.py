"""What can be wrong with the settings."""

from __future__ import annotations

from slipstream.model.errors import InvalidInputError, NotFoundError


class ConfigError(InvalidInputError):
    """A setting, or the file it stands in, is not what it should be; the message names where."""


class UnknownSettingError(NotFoundError):
    """There is no setting of that name, and nobody has given it a value."""
