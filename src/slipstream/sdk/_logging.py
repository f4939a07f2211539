"""A logger for objects of every class."""

from __future__ import annotations

import logging

from slipstream.sdk._types import UserValue


class LoggingMixin:
    """Gives `self.log`, a logger named after the class."""

    _logger_name: str | None = None
    _log_config_logger_name: str | None = None

    def __init__(self, context: object = None, **kwargs: UserValue) -> None:
        super().__init__(**kwargs)

    @property
    def log(self) -> logging.Logger:
        """The logger."""
        return _logger(type(self), self._logger_name, self._log_config_logger_name)

    @property
    def logger(self) -> logging.Logger:
        """The logger."""
        return self.log

    @classmethod
    def _get_logger_name(cls) -> str:
        return _name(cls, cls._logger_name, cls._log_config_logger_name)


def _logger(owner: type, name: str | None, base: str | None) -> logging.Logger:
    return logging.getLogger(_name(owner, name, base))


def _name(owner: type, name: str | None, base: str | None) -> str:
    own = name or f"{owner.__module__}.{owner.__qualname__}"
    return f"{base}.{own}" if base else own
