"""XComs."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Body
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED


class XComResponse(Payload, frozen=True, kw_only=True):
    """An XCom in a listing, without its value."""

    key: str
    timestamp: Instant
    logical_date: Instant | None
    map_index: int
    task_id: str
    dag_id: str
    run_id: str
    dag_display_name: str
    task_display_name: str
    run_after: Instant


class XComResponseNative(XComResponse, frozen=True, kw_only=True):
    """An XCom and its value as JSON."""

    value: JsonValue


class XComResponseString(XComResponse, frozen=True, kw_only=True):
    """An XCom and its value as text."""

    value: str | None


class XComCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of XComs."""

    xcom_entries: Sequence[XComResponse]
    total_entries: int


class XComCreateBody(Body):
    """An XCom to store."""

    key: str = Field(min_length=1)
    value: JsonValue
    map_index: int = UNMAPPED


class XComUpdateBody(Body):
    """A new value."""

    value: JsonValue
    map_index: int = UNMAPPED
