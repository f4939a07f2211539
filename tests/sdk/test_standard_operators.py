"""The standard operators and sensors, each for real in a run of its own."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from slipstream.sdk import DAG, BaseOperator
from slipstream.sdk._weekday import WeekDay
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.datetime import BranchDateTimeOperator, target_times_as_dates
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.smooth import SmoothOperator
from slipstream.sdk.operators.weekday import BranchDayOfWeekOperator
from slipstream.sdk.sensors.bash import BashSensor
from slipstream.sdk.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
from slipstream.sdk.sensors.filesystem import FileSensor
from slipstream.sdk.sensors.time import TimeSensor, TimeSensorAsync
from slipstream.sdk.sensors.time_delta import (
    TimeDeltaSensor,
    TimeDeltaSensorAsync,
    WaitSensor,
)
from slipstream.sdk.sensors.weekday import DayOfWeekSensor
from slipstream.sdk.triggers.file import (
    DirectoryFileDeleteTrigger,
    FileDeleteTrigger,
    FileTrigger,
)
from slipstream.sdk.triggers.temporal import DateTimeTrigger, TimeDeltaTrigger

MONDAY = datetime(2026, 1, 5, 7, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def states(dag: DAG, logical_date: datetime | None = None) -> dict[str, str]:
    run = dag.test(logical_date=logical_date)
    return {one.task_id: one.state.value for one in run.get_task_instances()}


def outcome(make: Callable[[], BaseOperator], logical_date: datetime | None = None) -> str:
    """How a run of that one task ends for it."""
    with DAG("one", start_date=datetime(2026, 1, 1, tzinfo=BERLIN)) as dag:
        task = make()
    return states(dag, logical_date)[task.task_id]


def chosen(make: Callable[..., Any], logical_date: datetime | None = None) -> str:
    with DAG("branching", start_date=datetime(2026, 1, 1, tzinfo=BERLIN)) as dag:
        branch = make(
            task_id="branch", follow_task_ids_if_true="yes", follow_task_ids_if_false="no"
        )
        branch >> [EmptyOperator(task_id="yes"), EmptyOperator(task_id="no")]
    found = states(dag, logical_date)
    assert found["branch"] == "success"
    (ran,) = [name for name in ("yes", "no") if found[name] == "success"]
    return ran


# ---------------------------------------------------------------------- branches


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [
        (time(8), time(9), "yes"),  # 07:30 UTC is 08:30 in the DAG's zone.
        (time(9), time(10), "no"),
        (time(8), time(8, 15), "no"),
        (time(22), time(9), "no"),
        (time(8), None, "yes"),
        (None, time(8), "no"),
        (datetime(2026, 1, 5, 8), datetime(2026, 1, 5, 9), "yes"),
        (datetime(2026, 1, 5, 8, tzinfo=UTC), None, "no"),
        (time(7, tzinfo=UTC), time(8, tzinfo=UTC), "yes"),
        (datetime(2026, 1, 6), time(10), "no"),
    ],
)
def test_a_branch_by_the_time_of_the_run(lower: Any, upper: Any, expected: str) -> None:
    def make(**kwargs: Any) -> BaseOperator:
        return BranchDateTimeOperator(
            target_lower=lower, target_upper=upper, use_task_logical_date=True, **kwargs
        )

    assert chosen(make, MONDAY) == expected


def test_a_branch_by_the_clock() -> None:
    now = datetime.now(UTC)

    def make(**kwargs: Any) -> BaseOperator:
        lower, upper = now - timedelta(minutes=5), now + timedelta(minutes=5)
        return BranchDateTimeOperator(target_lower=lower, target_upper=upper, **kwargs)

    assert chosen(make, MONDAY) == "yes"


def test_a_window_over_midnight_ends_on_the_next_day() -> None:
    lower, upper = target_times_as_dates(MONDAY, time(22), time(2))
    assert (lower, upper) == (datetime(2026, 1, 5, 22), datetime(2026, 1, 6, 2))


def test_a_window_needs_an_end() -> None:
    with pytest.raises(AirflowException, match="neither target_lower nor target_upper"):
        BranchDateTimeOperator(
            task_id="t",
            follow_task_ids_if_true="a",
            follow_task_ids_if_false="b",
            target_lower=None,
            target_upper=None,
        )


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("Monday", "yes"),
        ("tuesday", "no"),
        (WeekDay.MONDAY, "yes"),
        ({"Sunday", "Monday"}, "yes"),
        ([WeekDay.SATURDAY, "Sunday"], "no"),
        ([], "no"),
    ],
)
def test_a_branch_by_the_day_of_the_run(days: Any, expected: str) -> None:
    def make(**kwargs: Any) -> BaseOperator:
        return BranchDayOfWeekOperator(week_day=days, use_task_logical_date=True, **kwargs)

    assert chosen(make, MONDAY) == expected


def test_the_day_of_a_branch_by_the_clock_is_that_of_the_dags_zone() -> None:
    # 26 hours lie between these two zones, so that they never share a day.
    days = set()
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        today = datetime.now(ZoneInfo(zone)).isoweekday()
        with DAG("d", start_date=datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))) as dag:
            BranchDayOfWeekOperator(
                task_id="branch",
                week_day=WeekDay(today),
                follow_task_ids_if_true="yes",
                follow_task_ids_if_false="no",
            ) >> [EmptyOperator(task_id="yes"), EmptyOperator(task_id="no")]
        days.add(today)
        assert states(dag)["yes"] == "success"
    assert len(days) == 2


@pytest.mark.parametrize("former", ["use_task_execution_day", "use_task_execution_date"])
def test_former_arguments_still_work(former: str) -> None:
    def make(**kwargs: Any) -> BaseOperator:
        return BranchDayOfWeekOperator(week_day="Monday", **{former: True}, **kwargs)

    with pytest.warns(DeprecationWarning, match="Use use_task_logical_date"):
        assert chosen(make, MONDAY) == "yes"


@pytest.mark.parametrize(
    ("days", "error"), [("Funday", AttributeError), (5, TypeError), ([1], TypeError)]
)
def test_days_that_are_none_are_refused(days: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"Invalid Week Day|week_day"):
        DayOfWeekSensor(task_id="t", week_day=days)


# ---------------------------------------------------------------------- Bash


def test_a_script_may_be_longer_than_an_argument(tmp_path: Path) -> None:
    filler = "# filler\n" * 20_000
    (tmp_path / "long.sh").write_text(f"{filler}echo {{{{ ds }}}} $(basename $PWD) $#")
    with DAG("d", template_searchpath=str(tmp_path)) as dag:
        BashOperator(task_id="t", bash_command="long.sh", cwd=str(tmp_path))
    run = dag.test(logical_date=MONDAY)
    ti = run.get_task_instance("t")
    assert ti is not None
    assert ti.xcom_pull("t") == f"2026-01-05 {tmp_path.name} 0"


def test_what_runs_the_command_can_be_used_by_subclasses() -> None:
    class Twice(BashOperator):
        def execute(self, context: Any) -> str:
            first = self.subprocess_hook.run_command(["bash", "-c", "echo one"])
            return first.output + str(super().execute(context))

    with DAG("d") as dag:
        Twice(task_id="t", bash_command="echo two")
    ti = dag.test().get_task_instance("t")
    assert ti is not None
    assert ti.xcom_pull("t") == "onetwo"


def test_the_smooth_operator_tells_of_its_song(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert outcome(lambda: SmoothOperator(task_id="t")) == "success"
    assert "Enjoy Sade - Smooth Operator" in caplog.text


# ---------------------------------------------------------------------- sensors of time


def day_of_week(**kwargs: Any) -> Callable[[], BaseOperator]:
    return lambda: DayOfWeekSensor(task_id="t", timeout=0, **kwargs)


def test_waiting_for_a_day() -> None:
    today = WeekDay(datetime.now(UTC).isoweekday())
    not_today = [day for day in WeekDay if day not in (today, today % 7 + 1)]
    assert outcome(day_of_week(week_day=[today, WeekDay(today % 7 + 1)])) == "success"
    assert outcome(day_of_week(week_day=not_today)) == "failed"
    assert outcome(day_of_week(week_day="Monday", use_task_logical_date=True), MONDAY) == "success"


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("{{ logical_date }}", "success"),
        ("2026-01-05T07:30:00+01:00", "success"),
        (MONDAY, "success"),
        ("2999-01-01", "failed"),
    ],
)
def test_waiting_for_a_moment(target: Any, expected: str) -> None:
    def make() -> BaseOperator:
        return DateTimeSensor(task_id="t", target_time=target, timeout=0, poke_interval=0)

    assert outcome(make, MONDAY) == expected


def test_a_moment_is_a_text_or_a_datetime() -> None:
    with pytest.raises(TypeError, match="target_time of sensor 't'"):
        DateTimeSensor(task_id="t", target_time=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("ends_in_trigger", [True, False])
def test_waiting_for_a_moment_in_the_triggerer(ends_in_trigger: bool) -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=200)

    def make() -> BaseOperator:
        return DateTimeSensorAsync(task_id="t", target_time=soon, end_from_trigger=ends_in_trigger)

    assert outcome(make) == "success"
    assert datetime.now(UTC) >= soon


def test_waiting_for_a_time_of_day() -> None:
    assert outcome(lambda: TimeSensor(task_id="t", target_time=time(0))) == "success"
    assert outcome(lambda: TimeSensorAsync(task_id="t", target_time=time(0))) == "success"


def test_a_time_of_day_is_one_of_the_day_on_which_the_task_starts() -> None:
    with DAG("d", start_date=datetime(2026, 1, 1, tzinfo=BERLIN)):
        sensor = TimeSensor(task_id="t", target_time=time(12))
    # Loading the file settles nothing, or tasks of a long-lived process would look at its day.
    assert "target_datetime" not in vars(sensor)
    local = sensor.target_datetime.astimezone(BERLIN)
    assert (local.date(), local.time()) == (datetime.now(BERLIN).date(), time(12))


@pytest.mark.parametrize("deferrable", [True, False])
def test_waiting_after_the_end_of_the_interval(deferrable: bool) -> None:
    def make() -> BaseOperator:
        return TimeDeltaSensor(task_id="t", delta=timedelta(hours=1), deferrable=deferrable)

    assert outcome(make, MONDAY) == "success"


def test_a_number_is_minutes() -> None:
    now = datetime.now(UTC)

    def make(minutes: Any) -> Callable[[], BaseOperator]:
        return lambda: TimeDeltaSensor(task_id="t", delta=minutes, timeout=0, poke_interval=0)

    ago = now - timedelta(minutes=10)
    assert outcome(make(9), ago) == "success"
    assert outcome(make("{{ 3 * 3 }}"), ago) == "success"
    assert outcome(make(11), ago) == "failed"
    assert WaitSensor(task_id="t", time_to_wait=2)._resolve_time_to_wait() == timedelta(minutes=2)


def test_a_delta_that_is_not_over_is_waited_for_in_the_triggerer() -> None:
    soon = datetime.now(UTC) + timedelta(milliseconds=300)

    def make() -> BaseOperator:
        return TimeDeltaSensorAsync(task_id="t", delta=timedelta(hours=1))

    assert outcome(make, soon - timedelta(hours=1)) == "success"
    assert datetime.now(UTC) >= soon


@pytest.mark.parametrize("deferrable", [True, False])
def test_waiting_for_a_while(deferrable: bool) -> None:
    begin = datetime.now(UTC)

    def make() -> BaseOperator:
        return WaitSensor(
            task_id="t", time_to_wait=timedelta(milliseconds=100), deferrable=deferrable
        )

    assert outcome(make) == "success"
    assert datetime.now(UTC) - begin >= timedelta(milliseconds=100)


# ---------------------------------------------------------------------- sensors of the machine


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that the connection `box` names."""
    box = tmp_path / "box"
    (box / "empty" / "inner").mkdir(parents=True)
    (box / "full" / "inner").mkdir(parents=True)
    (box / "full" / "inner" / "deep.txt").write_text("")
    (box / "a.csv").write_text("")
    monkeypatch.setenv("AIRFLOW_CONN_BOX", f'{{"conn_type": "fs", "extra": {{"path": "{box}"}}}}')
    return box


@pytest.mark.parametrize(
    ("pattern", "recursive", "expected"),
    [
        ("a.csv", False, "success"),
        ("*.csv", False, "success"),
        ("{{ 'a' }}.csv", False, "success"),
        ("b.csv", False, "failed"),
        ("empty", False, "failed"),
        ("full", False, "success"),
        ("**/deep.txt", False, "failed"),
        ("**/deep.txt", True, "success"),
    ],
)
def test_waiting_for_a_file(folder: Path, pattern: str, recursive: bool, expected: str) -> None:
    def make() -> BaseOperator:
        return FileSensor(
            task_id="t", filepath=pattern, fs_conn_id="box", recursive=recursive, timeout=0
        )

    assert outcome(make) == expected


def test_the_default_connection_stands_for_the_root_folder(folder: Path) -> None:
    assert outcome(lambda: FileSensor(task_id="t", filepath=str(folder / "a.csv"))) == "success"


def test_waiting_for_a_file_in_the_triggerer(folder: Path) -> None:
    writer = threading.Timer(0.3, (folder / "late.csv").touch)
    writer.start()
    try:
        assert (
            outcome(
                lambda: FileSensor(
                    task_id="t",
                    filepath="late.csv",
                    fs_conn_id="box",
                    deferrable=True,
                    poke_interval=0.05,
                    timeout=60,
                )
            )
            == "success"
        )
    finally:
        writer.join()


def test_a_file_that_does_not_come_in_time(folder: Path) -> None:
    assert (
        outcome(
            lambda: FileSensor(
                task_id="t",
                filepath="never.csv",
                fs_conn_id="box",
                deferrable=True,
                poke_interval=0.05,
                timeout=0.2,
            )
        )
        == "failed"
    )


@pytest.mark.parametrize(
    ("command", "arguments", "expected"),
    [
        ("true", {}, "success"),
        ("exit 3", {}, "failed"),  # Not yet, until its time is up.
        ("exit 3", {"retry_exit_code": 3, "soft_fail": True}, "skipped"),
        ("exit 4", {"retry_exit_code": 3}, "failed"),
        ("exit 0", {"retry_exit_code": 3}, "success"),
        ("test $X = {{ 'y' }}", {"env": {"X": "{{ 'y' }}"}}, "success"),
    ],
)
def test_asking_a_command(command: str, arguments: dict[str, Any], expected: str) -> None:
    def make() -> BaseOperator:
        return BashSensor(
            task_id="t", bash_command=command, timeout=0, poke_interval=0, **arguments
        )

    assert outcome(make) == expected


def test_a_command_is_asked_again(tmp_path: Path) -> None:
    count = tmp_path / "count"

    def make() -> BaseOperator:
        return BashSensor(
            task_id="t",
            bash_command=f"echo >> {count}; test $(wc -l < {count}) -ge 3",
            poke_interval=0,
        )

    assert outcome(make) == "success"
    assert count.read_text() == "\n" * 3


# ---------------------------------------------------------------------- triggers


async def payloads(trigger: Any) -> list[Any]:
    return [event.payload async for event in trigger.run()]


def run_again(trigger: Any) -> list[Any]:
    """What it gives when it is made anew from what it says of itself."""
    import asyncio
    from importlib import import_module

    path, arguments = trigger.serialize()
    module, _, name = path.rpartition(".")
    return asyncio.run(payloads(getattr(import_module(module), name)(**arguments)))


def test_triggers_of_files(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.touch()
    assert run_again(FileTrigger(str(file))) == [True]
    assert run_again(FileDeleteTrigger(str(file))) == [True]
    assert not file.exists()
    file.touch()
    assert run_again(DirectoryFileDeleteTrigger(directory=str(tmp_path), filename="a")) == [True]
    assert os.listdir(tmp_path) == []


def test_triggers_of_moments() -> None:
    assert run_again(DateTimeTrigger(MONDAY)) == [MONDAY]
    assert run_again(DateTimeTrigger(target_time="2026-01-05T08:30:00+01:00")) == [MONDAY]
    assert run_again(TimeDeltaTrigger(timedelta(0), end_from_trigger=True)) == [None]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, TypeError),
        ({"moment": MONDAY, "target_time": MONDAY}, TypeError),
        ({"moment": "2026-01-05"}, TypeError),
        ({"moment": datetime(2026, 1, 5)}, ValueError),
    ],
)
def test_a_moment_needs_a_zone(arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        DateTimeTrigger(**arguments)
