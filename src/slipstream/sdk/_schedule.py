"""What authors pass as `schedule`, as a timetable."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta, tzinfo
from typing import TYPE_CHECKING, TypeAlias

from slipstream.sdk._asset_timetables import AssetTriggeredTimetable
from slipstream.sdk._assets import BaseAsset, as_asset_condition
from slipstream.sdk._timetable import Timetable
from slipstream.sdk._timetables import (
    ContinuousTimetable,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    DeltaDataIntervalTimetable,
    DeltaTriggerTimetable,
    NullTimetable,
    OnceTimetable,
)
from slipstream.sdk.exceptions import AirflowTimetableInvalid

if TYPE_CHECKING:
    from dateutil.relativedelta import relativedelta

    from slipstream.sdk._conf import AuthoringDefaults

ScheduleArgument: TypeAlias = (
    "str | timedelta | relativedelta | Timetable | BaseAsset | Collection[BaseAsset] | None"
)
"""What `schedule` may be."""


def as_timetable(
    schedule: ScheduleArgument, timezone: tzinfo, defaults: AuthoringDefaults
) -> Timetable:
    """The timetable. The settings say whether cron and deltas have data intervals."""
    if schedule is None:
        return NullTimetable()
    if isinstance(schedule, Timetable):
        return schedule
    if isinstance(schedule, str):
        return _of_text(schedule, timezone, defaults)
    if isinstance(schedule, timedelta) or hasattr(schedule, "leapdays"):
        if defaults.delta_intervals:
            return DeltaDataIntervalTimetable(schedule)  # type: ignore[arg-type]  # relativedelta
        return DeltaTriggerTimetable(schedule)  # type: ignore[arg-type]  # relativedelta
    if isinstance(schedule, list | tuple | set) and not schedule:
        return NullTimetable()
    condition = as_asset_condition(schedule)
    if condition is not None:
        return AssetTriggeredTimetable(condition)
    raise AirflowTimetableInvalid(
        f"{schedule!r} is no schedule. Expected a cron expression, a preset such as '@daily', a "
        f"timedelta, a timetable, assets, or None."
    )


def _of_text(schedule: str, timezone: tzinfo, defaults: AuthoringDefaults) -> Timetable:
    match schedule:
        case "@once":
            return OnceTimetable()
        case "@continuous":
            return ContinuousTimetable()
    if defaults.cron_intervals:
        return CronDataIntervalTimetable(schedule, timezone=timezone)
    return CronTriggerTimetable(schedule, timezone=timezone)
