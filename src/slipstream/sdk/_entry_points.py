"""What installed packages offer under the names of groups. Nothing of them is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, SelectableGroups


def entry_points_of(group: str) -> Sequence[EntryPoint]:
    """The entry points of a group, from what was installed when the first one was asked for."""
    return tuple(_every().select(group=group))


def is_offered(group: str) -> bool:
    """Whether an installed package has entry points of the group. Nothing but the few files that
    name entry points is read, so that it can be asked while a server starts."""
    mark = f"[{group}]".encode()
    return any(mark in Path(file).read_bytes() for file in _listings())


def _listings() -> Iterator[str]:
    for folder in dict.fromkeys(sys.path):
        try:
            with os.scandir(folder or ".") as entries:
                names = [e.path for e in entries if e.name.endswith((".dist-info", ".egg-info"))]
        except OSError:
            continue
        for name in names:
            file = os.path.join(name, "entry_points.txt")
            if os.path.isfile(file):
                yield file


def look_again() -> None:
    """Forget what was found: packages have been installed or removed."""
    _every.cache_clear()


@cache
def _every() -> SelectableGroups:
    """All of them at once: to look for one group takes as long as to look for all."""
    # What reads the packages' files is heavy, and a plain DAG file asks for none of it.
    from importlib.metadata import entry_points

    return entry_points()
