"""What installed packages offer under the names of groups. Nothing of them is imported."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import SelectableGroups


def entry_points_of(group: str) -> Sequence[EntryPoint]:
    """The entry points of a group, from what was installed when the first one was asked for."""
    return tuple(_every().select(group=group))


def look_again() -> None:
    """Forget what was found: packages have been installed or removed."""
    _every.cache_clear()


@cache
def _every() -> SelectableGroups:
    """All of them at once: to look for one group takes as long as to look for all."""
    return entry_points()
