"""Partition mappers of DAG files, asked in real processes."""

from __future__ import annotations

import os

import pytest
from tests.services.deployment import Deployment, eventually

from slipstream.model.asset import AssetUpdate
from slipstream.model.run import DagRun
from slipstream.store.records import (
    DagRecord,
    RunFilter,
    Source,
    Window,
)

pytestmark = pytest.mark.processes

FILE = """
from airflow.partition_mappers.base import PartitionMapper, RollupMapper
from airflow.partition_mappers.wait_policy import WaitPolicy
from airflow.partition_mappers.window import Window
from airflow.sdk import (
    Asset, MinimumCount, PartitionedAssetTimetable, StartOfWeekMapper, WeekWindow,
)

class Region(PartitionMapper):
    def to_downstream(self, key):
        (HERE / "asked").write_text(str(os.getpid()))
        region, _, shop = key.partition("/")
        if not shop:
            raise ValueError("a key is region/shop")
        return region

class Shops(Window):
    def to_upstream(self, decoded_downstream):
        return [f"{decoded_downstream}/{n}" for n in range(4)]

class Half(WaitPolicy):
    def is_satisfied(self, matched, expected):
        return matched * 2 >= expected

class Broken(PartitionMapper):
    def to_downstream(self, key):
        os._exit(3)

sales, days = Asset("sales"), Asset("days")
mapper = RollupMapper(upstream_mapper=Region(), window=Shops(), wait_policy=Half())
timetable = PartitionedAssetTimetable(assets=sales, default_partition_mapper=mapper)
with DAG("d", schedule=timetable, is_paused_upon_creation=False):
    EmptyOperator(task_id="t")
week = RollupMapper(
    upstream_mapper=StartOfWeekMapper(input_format="%Y-%m-%d"),
    window=WeekWindow(),
    wait_policy=MinimumCount(8),
)
endless = PartitionedAssetTimetable(assets=days, default_partition_mapper=week)
with DAG("endless", schedule=endless, is_paused_upon_creation=False):
    EmptyOperator(task_id="t")
broken = PartitionedAssetTimetable(assets=sales, default_partition_mapper=Broken())
with DAG("broken", schedule=broken, is_paused_upon_creation=False):
    EmptyOperator(task_id="t")
"""


def test_they_are_asked_in_another_process(deployment: Deployment) -> None:
    deployment.write(FILE)
    store = deployment.store

    def runs() -> list[DagRun]:
        return list(store.list_runs(RunFilter(dag_ids=["d"]), Window()).items)

    def arrived(key: str) -> None:
        store.record_asset_updates(Source(), [AssetUpdate(name="sales", partition_key=key)])

    def problem_of(dag_id: str) -> str:
        def told() -> DagRecord | None:
            found = store.get_dag(dag_id)
            return found if found.schedule_problem else None

        return eventually(told).schedule_problem or ""

    with deployment.running():
        arrived("eu/0")
        arrived("us/1")
        arrived("nowhere")
        assert "'nowhere' of the asset 'sales' starts nothing" in problem_of("d")
        assert "its process ended" in problem_of("broken")
        assert not runs()
        arrived("us/3")
        assert [run.partition_key for run in eventually(runs)] == ["us"]
        arrived("eu/2")
        eventually(lambda: len(runs()) == 2)
        assert {run.partition_key for run in runs()} == {"us", "eu"}
        eventually(lambda: not store.get_dag("d").schedule_problem)
        store.record_asset_updates(Source(), [AssetUpdate(name="days", partition_key="2026-03-09")])
        assert "wants 8 keys, and the window has 7" in problem_of("endless")
    assert int(eventually((deployment.home / "asked").read_text)) != os.getpid()
