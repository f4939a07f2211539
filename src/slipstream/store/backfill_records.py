"""What the store takes and gives of backfills."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from slipstream.model.backfill import ReprocessBehavior
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBackfill:
    """A backfill to create."""

    dag_id: str
    from_date: datetime
    to_date: datetime
    conf: Mapping[str, JsonValue] | None = None
    reprocess: ReprocessBehavior = ReprocessBehavior.NONE
    max_active_runs: int = 10
    run_backwards: bool = False
    on_latest_version: bool = True
    triggering_user: str | None = None


@dataclass(frozen=True, slots=True)
class BackfillAdvance:
    """What became of the next dates of a backfill."""

    created: Sequence[DagRun] = ()
    reopened: Sequence[int] = ()
    """Runs that were there and run again."""
    is_exhausted: bool = False
    """Whether no date is left."""
