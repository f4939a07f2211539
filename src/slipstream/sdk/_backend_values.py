"""What a backend answers with, where it is no value of the model's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from slipstream.model.json import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredConnection:
    """A connection as stored, password in the clear, `extra` as JSON text."""

    conn_id: str
    conn_type: str
    description: str | None = None
    host: str | None = None
    login: str | None = None
    password: str | None = None
    schema: str | None = None
    port: int | None = None
    extra: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DagSummary:
    """Another DAG, as a task may see it."""

    dag_id: str
    is_paused: bool
    relative_fileloc: str = ""
    bundle_name: str = ""
    bundle_version: str | None = None
    owners: str = ""
    tags: Sequence[str] = ()
    next_dagrun: datetime | None = None
    task_ids: frozenset[str] = frozenset()
    group_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class XComItem:
    """One item of a list or mapping that a task instance pushed."""

    text: str
    """The item as JSON text; the whole value where `length` is None."""
    length: int | None
    """How many items there are; None for a value that is not kept as a plain list or mapping."""
    is_pair: bool = False
    """Whether the item is a key and its value, in a list of two."""


@dataclass(frozen=True, slots=True)
class AssetKey:
    """What an asset is known by: its name, its URI, or both."""

    name: str | None
    uri: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAsset:
    """An asset that is in use."""

    name: str
    uri: str
    group: str = "asset"
    extra: Mapping[str, JsonValue]
