"""What authors may write themselves, told from what the scheduler knows."""

from __future__ import annotations


def is_ours(kind: type) -> bool:
    """Whether the class was written here, and by nobody who derived from it."""
    return kind.__module__.startswith("slipstream.sdk.")


def import_path(kind: type) -> str:
    """`module.Class`."""
    return f"{kind.__module__}.{kind.__qualname__}"


def is_key(value: object) -> bool:
    """Whether it names a partition: a text that is not empty."""
    return isinstance(value, str) and bool(value)
