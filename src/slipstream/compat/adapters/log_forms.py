"""Forms of log lines, and handlers that keep logs in a service with pages of its own."""

from __future__ import annotations

import json
import logging
import re
from abc import ABC, abstractmethod
from typing import Any

_ESCAPE_CODES = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def remove_escape_codes(text: str) -> str:
    """A text without the codes that colour a terminal."""
    return _ESCAPE_CODES.sub("", text)


class ExternalLoggingMixin(ABC):
    """A handler whose logs people read in the service that keeps them."""

    @property
    @abstractmethod
    def log_name(self) -> str:
        """The name of the service."""

    @abstractmethod
    def get_external_log_url(self, task_instance: Any, try_number: int) -> str:
        """Where the log of a try is."""

    @property
    @abstractmethod
    def supports_external_link(self) -> bool:
        """Whether there is such a page."""


class JSONFormatter(logging.Formatter):
    """Writes records as JSON objects with these fields and extras."""

    def __init__(
        self,
        fmt: str | None = None,
        datefmt: str | None = None,
        style: Any = "%",
        json_fields: list[str] | None = None,
        extras: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(fmt, datefmt, style)
        self.json_fields = json_fields or []
        self.extras = extras or {}

    def usesTime(self) -> bool:
        """Records always get their time."""
        return "asctime" in self.json_fields

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        super().format(record)
        chosen = {name: getattr(record, name, None) for name in self.json_fields}
        return json.dumps({**chosen, **self.extras}, default=str)
