"""What Airflow calls the kind of a schedule: the name of its timetable's class."""

from __future__ import annotations

from typing import assert_never

from slipstream.model.schedule import (
    AnyCron,
    Continuous,
    Cron,
    CronPartition,
    Custom,
    Delta,
    Events,
    NoSchedule,
    OnAssets,
    Once,
    Schedule,
)


def timetable_type(schedule: Schedule) -> str:
    """The class name, by which clients choose DAGs."""
    match schedule:
        case NoSchedule():
            return "PartitionedAtRuntime" if schedule.partitioned_at_runtime else "NullTimetable"
        case Once():
            return "OnceTimetable"
        case Continuous():
            return "ContinuousTimetable"
        case Cron():
            return "CronDataIntervalTimetable" if schedule.interval else "CronTriggerTimetable"
        case AnyCron():
            return "MultipleCronTriggerTimetable"
        case CronPartition():
            return "CronPartitionTimetable"
        case Delta():
            return "DeltaDataIntervalTimetable" if schedule.interval else "DeltaTriggerTimetable"
        case Events():
            return "EventsTimetable"
        case Custom():
            return schedule.importable.rpartition(".")[2]
        case OnAssets():
            if schedule.partitions is not None:
                return "PartitionedAssetTimetable"
            is_timed = not isinstance(schedule.or_at, NoSchedule)
            return "AssetOrTimeSchedule" if is_timed else "AssetTriggeredTimetable"
        case _:
            assert_never(schedule)
