"""A DAG version: the spec as parsed from one state of a file and what it imports."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from slipstream.model.dag import DagSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class DagVersion:
    """One version of one DAG; immutable once written."""

    version_id: str
    """A UUIDv7."""
    dag_id: str
    number: int
    """Counts from 1 within the DAG."""
    spec: DagSpec
    fileloc: str
    source_hash: str
    """`hash_sources` of the sources: which files' contents the version stands for."""
    created_at: datetime
    bundle_name: str = "dags-folder"
    """The bundle of its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """What parsing one DAG file gave: DAGs, or the error that it costs."""

    fileloc: str
    relative_fileloc: str
    bundle_name: str = "dags-folder"
    dags: tuple[DagSpec, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    """`{path relative to the DAGs folder: text}`: the file first, then what it imports from
    that folder. Empty if the file could not be read."""
    error: str | None = None
    """The traceback, or None."""
    warnings: tuple[str, ...] = ()
    duration_seconds: float = 0.0
    parsed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FileError:
    """A DAG file that could not be loaded, as kept in the store."""

    pk: int
    fileloc: str
    bundle_name: str
    stack_trace: str
    timestamp: datetime


def hash_sources(sources: Mapping[str, str]) -> str:
    """SHA-256 over files' names and contents, whatever order they come in."""
    digest = hashlib.sha256()
    for path in sorted(sources):
        for text in (path, sources[path]):
            data = text.encode("utf-8", "surrogateescape")
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
