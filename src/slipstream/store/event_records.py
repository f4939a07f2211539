"""What people have done, as values: the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from slipstream.model.json import JsonValue


class Door(StrEnum):
    """Through what somebody did something."""

    REST_API = "rest_api"
    WEB_APP = "web_app"
    CLI = "cli"
    DEPLOYMENT = "deployment"
    """Nobody: it happened by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """Something that somebody has done."""

    event: str
    """What: the name of the operation, or `cli_` and the command."""
    owner: str | None
    """Who."""
    door: Door
    address: str | None = None
    """From where: the address of the request, or the name of the machine."""
    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    try_number: int | None = None
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    """What was asked, and of settings how they were before and after. Holds no secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """An entry of the audit log."""

    pk: int
    when: datetime
    what: NewEvent
    logical_date: datetime | None = None
    """That of the run, where the run is still there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which entries. None does not restrict."""

    dag_id: str | None = None
    dag_ids: Sequence[str] | None = None
    """Entries about one of these DAGs, or about none."""
    dag_id_pattern: str | None = None
    run_id: str | None = None
    run_id_pattern: str | None = None
    task_id: str | None = None
    task_id_pattern: str | None = None
    map_index: int | None = None
    try_number: int | None = None
    owner: str | None = None
    owner_pattern: str | None = None
    event: str | None = None
    event_pattern: str | None = None
    included_events: Sequence[str] | None = None
    excluded_events: Sequence[str] | None = None
    before: datetime | None = None
    after: datetime | None = None
