"""Warnings about DAGs that run all the same."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from slipstream.api.payloads.base import Instant, Payload


class DagWarningType(StrEnum):
    """What a warning is about."""

    ASSET_CONFLICT = "asset conflict"
    NO_POOL = "non-existent pool"
    VARYING = "runtime varying value"


class DAGWarningResponse(Payload, frozen=True, kw_only=True):
    """One warning."""

    dag_id: str
    warning_type: DagWarningType
    message: str
    timestamp: Instant
    dag_display_name: str


class DAGWarningCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of warnings."""

    dag_warnings: Sequence[DAGWarningResponse]
    total_entries: int
