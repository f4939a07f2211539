"""Timetables of DAG files, asked in real processes."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import pytest
from tests.services.deployment import Deployment, eventually

from slipstream.model.states import RunType, TriggeredBy
from slipstream.store.records import DagRecord, RunFilter, Window
from slipstream.store.triggering import RunRequest, requested_run
from slipstream.wire.questions import TimetableAsk, TimetableQuestion

pytestmark = pytest.mark.processes

FILE = """
import pendulum
from airflow.timetables.base import DagRunInfo, DataInterval, TimeRestriction, Timetable
from airflow.timetables.interval import CronDataIntervalTimetable

class Evenings(Timetable):
    description = "Evenings"
    summary = "evenings"
    def __init__(self, hour=20):
        self.hour = hour
    def serialize(self):
        return {"hour": self.hour}
    def infer_manual_data_interval(self, *, run_after):
        return DataInterval(run_after.subtract(days=1), run_after)
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        (HERE / "asked").write_text(str(os.getpid()))
        print("asked for the evening")
        if last_automated_data_interval is None:
            start = restriction.earliest
        else:
            start = last_automated_data_interval.end
        return DagRunInfo.interval(start=start, end=start.add(days=1))
    def generate_run_id(self, *, run_type, run_after, data_interval, **extra):
        return f"evening_{run_after.date()}"

class Broken(Timetable):
    def next_dagrun_info(self, **_):
        raise LookupError("no calendar")

class Doubled(CronDataIntervalTimetable):
    def next_dagrun_info(self, *, last_automated_data_interval, restriction):
        found = super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=restriction
        )
        return None if found is None else found._replace(run_after=found.run_after.add(hours=1))

start = pendulum.now("UTC").start_of("day").subtract(days=3)
with DAG("d", schedule=Evenings(21), start_date=start, catchup=True):
    EmptyOperator(task_id="t")
with DAG("broken", schedule=Broken(), start_date=start):
    EmptyOperator(task_id="t")
with DAG("doubled", schedule=Doubled("@daily", timezone="UTC"), start_date=start):
    EmptyOperator(task_id="t")
"""


def test_a_dags_own_timetable_is_asked_in_another_process(deployment: Deployment) -> None:
    deployment.write(FILE)
    store = deployment.store
    with deployment.running():
        eventually(lambda: store.list_runs(RunFilter(dag_ids=["d"]), Window()).total == 3)
        runs = store.list_runs(RunFilter(dag_ids=["d"]), Window()).items
        assert all(run.run_id.startswith("evening_") for run in runs)
        # It is asked again meanwhile, and writes the file anew.
        asked = eventually((deployment.home / "asked").read_text)
        assert int(asked) != os.getpid()
        eventually(lambda: store.get_dag("d").next_run_after)

        def told() -> DagRecord | None:
            found = store.get_dag("broken")
            return found if found.schedule_problem else None

        problem = eventually(told).schedule_problem
        assert problem == "Its timetable failed: LookupError: no calendar"
        doubled = eventually(lambda: store.get_dag("doubled").next_run_after)
        assert doubled.hour == 1

        at = datetime(2026, 1, 5, tzinfo=UTC)
        request = RunRequest(logical_date=at, triggered_by=TriggeredBy.CLI)
        new = requested_run(store.get_dag("d"), request, at, ask=deployment.ask)
        assert (new.data_interval_start, new.data_interval_end) == (at - timedelta(days=1), at)
        assert new.run_type is RunType.MANUAL

        between = TimetableQuestion(
            dag_id="d", ask=TimetableAsk.BETWEEN, earliest=at, at=at + timedelta(days=40), most=10
        )
        answer = deployment.ask(between, store.get_dag("d").latest.version_id)
        assert (len(answer.runs), answer.is_all, answer.error) == (10, False, None)
    logs = deployment.settings.log_dir
    assert "asked for the evening" in (logs / "dag_id=d" / "schedule.log").read_text()
    assert "no calendar" in (logs / "dag_id=broken" / "schedule.log").read_text()
