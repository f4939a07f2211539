from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pendulum
import pytest
from dateutil.relativedelta import relativedelta

from slipstream.core.timetable_types import timetable_type
from slipstream.model.schedule import (
    AnyCron,
    Continuous,
    Cron,
    Custom,
    Delta,
    Events,
    NoSchedule,
    OnAssets,
    Once,
    Schedule,
)
from slipstream.sdk import (
    DAG,
    Asset,
    AssetAlias,
    AssetOrTimeSchedule,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    DeltaDataIntervalTimetable,
    DeltaTriggerTimetable,
    EventsTimetable,
    MultipleCronTriggerTimetable,
    PartitionedAtRuntime,
)
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._spec import build_spec
from slipstream.sdk._timetable import Timetable, schedule_of
from slipstream.sdk.exceptions import AirflowTimetableInvalid

DAILY = Cron(expression="0 0 * * *", run_immediately=False)
A = {"asset": {"name": "a", "uri": "a", "group": "asset"}}
B = {"asset": {"name": "b", "uri": "s3://x/b", "group": "asset"}}


def cron(expression: str, **kwargs: Any) -> Cron:
    return Cron(expression=expression, run_immediately=False, **kwargs)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (None, NoSchedule()),
        ([], NoSchedule()),
        ("@once", Once()),
        ("@continuous", Continuous()),
        ("@daily", DAILY),
        ("0 0 * * *", DAILY),
        ("@hourly", cron("0 * * * *")),
        ("@weekly", cron("0 0 * * 0")),
        ("@monthly", cron("0 0 1 * *")),
        ("@quarterly", cron("0 0 1 */3 *")),
        ("@yearly", cron("0 0 1 1 *")),
        ("*/5 8-18 * * MON-FRI", cron("*/5 8-18 * * MON-FRI")),
        (timedelta(hours=2), Delta(delta=timedelta(hours=2))),
        (relativedelta(months=1, days=2), Delta(delta=timedelta(days=2), months=1)),
        (pendulum.duration(years=1, months=2, days=3), Delta(delta=timedelta(days=3), months=14)),
        (CronDataIntervalTimetable("@daily", "UTC"), Cron(expression="0 0 * * *", interval=True)),
        (
            CronTriggerTimetable(
                "0 1 * * *",
                timezone="Asia/Tokyo",
                interval=timedelta(hours=1),
                run_immediately=timedelta(minutes=5),
            ),
            Cron(
                expression="0 1 * * *",
                timezone="Asia/Tokyo",
                interval_length=timedelta(hours=1),
                run_immediately=timedelta(minutes=5),
            ),
        ),
        (
            MultipleCronTriggerTimetable("@daily", "0 5 * * *", timezone="UTC"),
            AnyCron(of=(DAILY, cron("0 5 * * *"))),
        ),
        (DeltaTriggerTimetable(timedelta(days=1)), Delta(delta=timedelta(days=1))),
        (
            DeltaDataIntervalTimetable(timedelta(days=1)),
            Delta(delta=timedelta(days=1), interval=True),
        ),
        (
            EventsTimetable(
                [datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1)], description="releases"
            ),
            Events(
                at=(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)),
                description="releases",
            ),
        ),
        (Asset("a"), OnAssets(condition=A)),
        ([Asset("a"), Asset("b", "s3://x/b")], OnAssets(condition={"all": [A, B]})),
        (Asset("a") | Asset("b", "s3://x/b"), OnAssets(condition={"any": [A, B]})),
        (
            Asset("a") & (Asset("b", "s3://x/b") | AssetAlias("c")),
            OnAssets(
                condition={"all": [A, {"any": [B, {"alias": {"name": "c", "group": "asset"}}]}]}
            ),
        ),
        (
            AssetOrTimeSchedule(
                timetable=CronTriggerTimetable("@daily", timezone="UTC"), assets=[Asset("a")]
            ),
            OnAssets(condition={"all": [A]}, or_at=DAILY),
        ),
    ],
)
def test_what_schedule_may_be(schedule: Any, expected: Schedule) -> None:
    spec = build_spec(DAG("d", schedule=schedule, start_date=datetime(2026, 1, 1)))
    assert spec.schedule == expected


def test_without_a_schedule_a_dag_only_runs_when_asked() -> None:
    assert build_spec(DAG("d")).schedule == NoSchedule()


def test_cron_runs_by_the_wall_clock_of_the_dags_zone() -> None:
    start = pendulum.datetime(2026, 1, 1, tz="Europe/Paris")
    schedule = build_spec(DAG("d", schedule="0 8 * * *", start_date=start)).schedule
    assert isinstance(schedule, Cron)
    assert schedule.timezone == "Europe/Paris"


def test_settings_bring_data_intervals_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__SCHEDULER__CREATE_CRON_DATA_INTERVALS", "True")
    monkeypatch.setenv("AIRFLOW__SCHEDULER__CREATE_DELTA_DATA_INTERVALS", "True")
    read_settings_anew()
    daily = build_spec(DAG("c", schedule="@daily")).schedule
    delta = build_spec(DAG("d", schedule=timedelta(days=1))).schedule
    assert daily == Cron(expression="0 0 * * *", interval=True)
    assert delta == Delta(delta=timedelta(days=1), interval=True)


@pytest.mark.parametrize(
    ("schedule", "message"),
    [
        ("every day", "'every day' is no cron expression. Expected five fields"),
        ("@dayly", "'@dayly' is no cron expression"),
        ("61 * * * *", r"is no cron expression: '61' is no minute\. Expected"),
        ("0 0 1 1 8", "'8' is no weekday"),
        (timedelta(0), "has to be positive"),
        (timedelta(days=-1), "has to be positive"),
        (5, "5 is no schedule. Expected a cron expression"),
        ([Asset("a"), "b"], "has to hold assets only; it holds Asset, str"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(schedule: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DAG("d", schedule=schedule)


def test_a_dag_whose_partitions_are_named_at_runtime_says_so() -> None:
    schedule = build_spec(DAG("d", schedule=PartitionedAtRuntime())).schedule
    assert schedule == NoSchedule(partitioned_at_runtime=True)
    assert timetable_type(schedule) == "PartitionedAtRuntime"


def test_a_continuous_dag_runs_once_at_a_time() -> None:
    assert DAG("d", schedule="@continuous").max_active_runs == 1
    with pytest.raises(ValueError, match="max_active_runs=3; its timetable @continuous allows 1"):
        DAG("d", schedule="@continuous", max_active_runs=3)


class Mine(Timetable):
    """A timetable of the user's own."""

    description = "now and then"

    def __init__(self, hours: int = 3) -> None:
        self.hours = hours

    def serialize(self) -> dict[str, Any]:
        return {"hours": self.hours}

    def validate(self) -> None:
        if self.hours <= 0:
            raise AirflowTimetableInvalid("no hours")


def test_a_timetable_of_ones_own_is_named_with_its_data() -> None:
    spec = build_spec(DAG("d", schedule=Mine(hours=5)))
    assert spec.schedule == Custom(
        importable=f"{__name__}.Mine",
        data={"hours": 5},
        summary="Mine",
        description="now and then",
    )
    assert Mine.deserialize({"hours": 5}).serialize() == {"hours": 5}
    with pytest.raises(AirflowTimetableInvalid, match="no hours"):
        build_spec(DAG("d", schedule=Mine(hours=0)))


def test_a_timetable_that_cannot_be_written_is_refused_with_what_it_gave() -> None:
    timetable = Mine()
    timetable.hours = timedelta  # type: ignore[assignment]  # what nobody can read again
    with pytest.raises(
        AirflowTimetableInvalid, match=r"Mine.serialize\(\) gave .* is of the type type"
    ):
        schedule_of(timetable)
    timetable.hours = timedelta(hours=1)  # type: ignore[assignment]  # what becomes a text
    schedule_of(timetable)


def test_people_see_the_schedule_in_words() -> None:
    details = build_spec(DAG("d", schedule="@daily")).details
    assert details["timetable_summary"] == "0 0 * * *"
    assert build_spec(DAG("d")).details["timetable_description"] == "Never, external triggers only"
