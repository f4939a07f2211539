"""What a task process can be given to do, and where its code comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from slipstream.model.attempt import Attempt
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.model.version import hash_sources

Listener: TypeAlias = Callable[[list[tuple[Attempt, AttemptStarted | AttemptEnded]]], None]
"""Takes what became of attempts, in order; called in the process host's thread, never blocks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One version of a DAG file."""

    fileloc: str
    source_hash: str
    """`model.version.hash_sources` of the version; empty for the file as it is on the disk."""
    read: Callable[[], Mapping[str, str]] = dict
    """The version's files, `{path below the DAGs folder: text}`. Called in a thread of its own,
    and only where the files on the disk are no longer that version."""


def source_on_disk(path: Path) -> Source:
    """The file as it is now, whatever version that is."""
    return Source(fileloc=str(path), source_hash="")


def source_of(fileloc: str, sources: Mapping[str, str]) -> Source:
    """A version whose files are in memory."""
    return Source(fileloc=fileloc, source_hash=hash_sources(sources), read=lambda: sources)


@dataclass(slots=True, kw_only=True, eq=False)
class AttemptJob:
    """An attempt on its way to a process."""

    attempt: Attempt
    source: Source
    misfires: int = 0
    """Processes that were lost before they could begin with it."""


Job: TypeAlias = AttemptJob
"""What waits for a process."""
