"""Metrics as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from slipstream.sdk._stats import stats
from slipstream.sdk._stats.filters import NameFilter
from slipstream.sdk._stats.prometheus import BOUNDS, Exposition


@pytest.fixture
def kept() -> Iterator[Exposition]:
    """What `stats` is kept in."""
    kept = Exposition("airflow", NameFilter(block="secret"))
    stats.keep_in(kept)
    yield kept
    stats.keep_in(None)


def test_counters_and_gauges_are_named_as_prometheus_wants_them(kept: Exposition) -> None:
    stats.incr("ti.finish", tags={"dag_id": "etl", "state": "success"})
    stats.incr("ti.finish", 2, tags={"state": "success", "dag_id": "etl"})
    stats.incr("ti.finish", tags={"dag_id": "b", "state": "failed"})
    stats.gauge("pool.open_slots", 128, tags={"pool_name": 'a "wide"\\\none'})
    stats.gauge("queue", 5)
    stats.gauge("queue", -2, delta=True)
    stats.incr("dag_processing.processes")
    stats.decr("dag_processing.processes")
    stats.incr("secret.things")

    assert kept.text().splitlines() == [
        "# TYPE airflow_dag_processing_processes gauge",
        "airflow_dag_processing_processes 0",
        "# TYPE airflow_pool_open_slots gauge",
        'airflow_pool_open_slots{pool_name="a \\"wide\\"\\\\\\none"} 128',
        "# TYPE airflow_queue gauge",
        "airflow_queue 3",
        "# TYPE airflow_ti_finish_total counter",
        'airflow_ti_finish_total{dag_id="b",state="failed"} 1',
        'airflow_ti_finish_total{dag_id="etl",state="success"} 3',
    ]


def test_lengths_of_time_are_histograms_in_seconds(kept: Exposition) -> None:
    for seconds in (0.1, 0.2, 4000):
        stats.timing("task.duration", timedelta(seconds=seconds), tags={"dag_id": "etl"})
    stats.timing("task.duration", 50, tags={"dag_id": "etl"})

    lines = kept.text().splitlines()
    assert lines[0] == "# TYPE airflow_task_duration_seconds histogram"
    name = 'airflow_task_duration_seconds_bucket{dag_id="etl",le='
    found = {line.split("le=")[1]: line for line in lines if line.startswith(name)}
    assert len(found) == len(BOUNDS) + 1
    assert [text for text in found if text.startswith(('"0.1"', '"0.25"', '"3600"', '"+Inf"'))] == [
        '"0.1"} 2',
        '"0.25"} 3',
        '"3600"} 3',
        '"+Inf"} 4',
    ]
    assert 'airflow_task_duration_seconds_sum{dag_id="etl"} 4000.35' in lines
    assert 'airflow_task_duration_seconds_count{dag_id="etl"} 4' in lines


def test_a_stopwatch_is_kept_too_and_nothing_is_once_it_is_forgotten(kept: Exposition) -> None:
    assert stats.is_on()
    with stats.timer("scheduler.scheduler_loop_duration"):
        pass
    stats.keep_in(None)
    with stats.timer("scheduler.scheduler_loop_duration"):
        stats.incr("other")
    assert "airflow_scheduler_scheduler_loop_duration_seconds_count 1\n" in kept.text()
    assert "other" not in kept.text()
    assert not stats.is_on()
