"""What the doctor says about one line of one file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much it matters."""

    ERROR = "error"
    """The file does not load, or what it says is refused."""
    WARNING = "warning"
    """It loads, and one of its lines fails or means something else when it runs."""
    NOTE = "note"
    """It works under a name that Airflow has given up."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing that was found."""

    file: str
    line: int
    level: Level
    rule: str
    """A short name for scripts, such as `provider-missing`."""
    found: str
    remedy: str
