from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from slipstream.model.dag import (
    DagSpec,
    GroupSpec,
    Length,
    Literal,
    Longest,
    Product,
    Shortest,
    Sum,
    TaskSpec,
    Upstream,
)
from slipstream.model.deferral import StartTrigger
from slipstream.model.errors import InvalidInputError
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
from slipstream.model.states import RunType, TriggerRule, WeightRule
from slipstream.wire.dag import decode_dag, encode_dag

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)

SCHEDULES: list[Schedule] = [
    NoSchedule(),
    Once(),
    Continuous(),
    Cron(expression="0 1 * * *", timezone="Europe/Paris", interval=True),
    Cron(expression="0 1 * * *", run_immediately=False, interval_length=timedelta(hours=1)),
    Cron(expression="0 1 * * *", run_immediately=timedelta(minutes=3)),
    AnyCron(of=(Cron(expression="0 1 * * *"), Cron(expression="0 2 * * *"))),
    Delta(delta=timedelta(days=2, microseconds=7), months=3),
    Events(at=(NOON, NOON + timedelta(days=1)), description="releases"),
    Custom(importable="pkg.mod.Table", data={"a": [1, None]}, summary="s"),
    OnAssets(condition={"any": [{"asset": {"name": "a", "uri": "a"}}]}),
    OnAssets(condition={"all": []}, or_at=Cron(expression="0 1 * * *")),
]

LENGTHS: list[Length] = [
    Literal(3),
    Upstream("a"),
    Upstream("a", "other"),
    Product((Literal(3), Sum((Upstream("a"), Literal(0))))),
    Shortest((Upstream("a"), Longest((Upstream("b"), Literal(2))))),
]


@pytest.mark.parametrize("schedule", SCHEDULES, ids=repr)
def test_a_schedule_comes_back_as_it_was(schedule: Schedule) -> None:
    spec = DagSpec(dag_id="d", schedule=schedule)
    assert decode_dag(encode_dag(spec)) == spec


@pytest.mark.parametrize("length", LENGTHS, ids=repr)
def test_a_length_comes_back_as_it_was(length: Length) -> None:
    spec = DagSpec(
        dag_id="d",
        tasks={"t": TaskSpec(task_id="t", mapped=length)},
        groups={"g": GroupSpec(group_id="g", mapped=length)},
    )
    assert decode_dag(encode_dag(spec)) == spec


def full_spec() -> DagSpec:
    last = TaskSpec(
        task_id="z",
        upstream=("a",),
        group_id="g",
        trigger_rule=TriggerRule.ONE_DONE,
        retries=2,
        retry_delay=timedelta(seconds=1.5),
        max_retry_delay=timedelta(hours=2),
        weight_rule=WeightRule.ABSOLUTE,
        start_date=NOON,
        max_active_tis_per_dag=4,
        start_trigger=StartTrigger(
            classpath="a.B", kwargs='{"x":1}', next_method="m", timeout=timedelta(seconds=3)
        ),
        details={"ui_color": "#fff", "params": {"x": [1, 2.5, "s", None, True]}},
    )
    return DagSpec(
        dag_id="d",
        tasks={"a": TaskSpec(task_id="a", downstream=("z",), weight_rule="my.Strategy"), "z": last},
        groups={"g": GroupSpec(group_id="g", label="G", prefix_group_id=False)},
        timezone="Asia/Tokyo",
        start_date=NOON,
        dagrun_timeout=timedelta(minutes=5),
        is_paused_upon_creation=False,
        allowed_run_types=(RunType.MANUAL, RunType.BACKFILL),
        tags=("x", "y"),
        owner_links={"me": "https://example.com"},
        params={"n": {"value": 1, "description": None, "schema": {"type": "integer"}}},
    )


def test_every_field_comes_back_as_it_was() -> None:
    assert decode_dag(encode_dag(full_spec())) == full_spec()


def test_tasks_keep_their_order() -> None:
    tasks = {name: TaskSpec(task_id=name) for name in ("z", "m", "a")}
    assert list(decode_dag(encode_dag(DagSpec(dag_id="d", tasks=tasks))).tasks) == ["z", "m", "a"]


def test_equal_specs_give_equal_bytes_whatever_the_order_of_their_details() -> None:
    one = DagSpec(dag_id="d", details={"a": 1, "b": {"x": 1, "y": 2}})
    two = replace(one, details={"b": {"y": 2, "x": 1}, "a": 1})
    assert encode_dag(one) == encode_dag(two)


def test_fields_at_their_default_take_no_room() -> None:
    assert msgspec.json.decode(encode_dag(DagSpec(dag_id="d")))["dag"] == {"dag_id": "d"}


def test_another_format_version_is_refused_by_name() -> None:
    data = encode_dag(DagSpec(dag_id="d")).replace(b'"version":1', b'"version":99')
    with pytest.raises(InvalidInputError, match="format version 99"):
        decode_dag(data)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"version":1,"dag":{"dga_id":"d"}}'])
def test_what_is_not_a_serialized_dag_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidInputError):
        decode_dag(data)
