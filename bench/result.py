"""What a benchmark gives: figures by name, or why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class CheckFailedError(AssertionError):
    """The work was not done as it had to be, so its time means nothing."""


class NotReadyError(TimeoutError):
    """Something did not get to where it should within its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One work on one system. A figure's name ends in its unit: `total_seconds`, `idle_mb`."""

    work: str
    system: str
    figures: Mapping[str, float] = field(default_factory=dict)
    samples: Mapping[str, list[float]] = field(default_factory=dict)
    """`{figure: every measured value}`, where there was more than one."""
    error: str | None = None


def spoken(name: str, value: float) -> str:
    """A figure as people read it."""
    unit = name.rsplit("_", maxsplit=1)[-1]
    match unit:
        case "seconds" if value < 0.1:
            return f"{value * 1000:.1f} ms"
        case "seconds":
            return f"{value:.2f} s"
        case "mb":
            return f"{value:.0f} MB"
        case "percent":
            return f"{value:.2f} %"
        case _:
            return f"{value:,.0f}"
