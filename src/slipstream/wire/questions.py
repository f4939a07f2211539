"""What is asked of a DAG's own code, in a process of its file's version, and the answer."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import msgspec

from slipstream.model.run import DagRun


class TimetableAsk(StrEnum):
    """What of a timetable is wanted."""

    NEXT = "next"
    """The runs after the last one, up to the first that lies ahead."""
    BETWEEN = "between"
    """The runs of a stretch of time."""
    MANUAL = "manual"
    """The interval of a run that somebody asks for."""


class PlannedRun(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run as a timetable gives it."""

    run_after: datetime
    interval_start: datetime | None = None
    interval_end: datetime | None = None
    partition_key: str | None = None
    partition_date: datetime | None = None
    run_id: str | None = None
    """The id that the timetable gives it; None for the usual one."""


class TimetableQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="ask_timetable"):
    """To a DAG's own timetable."""

    dag_id: str
    ask: TimetableAsk
    at: datetime
    """`NEXT`: now. `MANUAL`: when the run is to begin. `BETWEEN`: the end of the stretch."""
    last: PlannedRun | None = None
    """`NEXT`: the newest run that the timetable made."""
    earliest: datetime | None = None
    latest: datetime | None = None
    catchup: bool = False
    most: int = 1
    """How many runs the answer may hold."""


class DeadlineQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="ask_deadline"):
    """To a deadline's own reference: when is the run's deadline?"""

    dag_id: str
    index: int
    """Which of the DAG's deadlines."""
    run: DagRun


class WaitingPartition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event of an asset that waits to start a run about a partition."""

    number: int
    """Tells it from the others."""
    asset: str
    """The asset's name."""
    uri: str
    source_key: str
    source_date: datetime | None = None
    target_key: str | None = None
    """The partition of the DAG that it belongs to; None until that was told."""


class PartitionQuestion(msgspec.Struct, frozen=True, kw_only=True, tag="ask_partitions"):
    """To a DAG's own partition mappers: where do these events belong, and what is complete?"""

    dag_id: str
    at: datetime
    """Now."""
    events: list[WaitingPartition]
    most: int
    """How many partitions one event may belong to, where its mapper does not say."""


class ToldPartition(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a mapper says of that which has arrived of one asset for one partition."""

    asset: str
    uri: str
    target_key: str
    arrived: list[str]
    is_complete: bool
    moment: datetime | None = None
    carried: list[datetime] = []


Question: TypeAlias = TimetableQuestion | DeadlineQuestion | PartitionQuestion


class Answered(msgspec.Struct, frozen=True, kw_only=True, tag="answered"):
    """The answer to a question, or why there is none."""

    error: str | None = None
    """The last line of what was raised."""
    runs: list[PlannedRun] = []
    is_all: bool = True
    """Of a stretch of time: whether there are no runs after these."""
    moment: datetime | None = None
    """A deadline; None for none."""
    interval_seconds: float | None = None
    """The interval of a deadline that a variable says."""
    targets: dict[int, list[str]] = {}
    """`{event: partitions of the DAG}`, of those that had none."""
    partitions: list[ToldPartition] = []
    problems: list[str] = []
    """Why events start nothing, or partitions never will, a sentence each."""
