"""Metrics: what is sent where, under which names, and what is left out."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._stats import stats
from slipstream.sdk._stats.filters import NameFilter
from slipstream.sdk._stats.names import normalize_name_for_stats
from slipstream.sdk._stats.senders import NoStatsLogger


class Sink:
    """A UDP socket that keeps what it is sent."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port: int = self.socket.getsockname()[1]

    def take(self) -> list[str]:
        """Everything that has arrived: loopback loses nothing and delivers at once."""
        self.socket.setblocking(False)
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.socket.close()


@pytest.fixture(autouse=True)
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Sets `[metrics]`, in this process."""

    def set_all(**settings: object) -> None:
        for key, value in settings.items():
            monkeypatch.setenv(f"SLIPSTREAM__METRICS__{key.upper()}", str(value))
        read_settings_anew()
        stats.forget_backend()

    set_all()
    yield set_all
    monkeypatch.undo()
    read_settings_anew()
    stats.forget_backend()


@pytest.fixture
def statsd(sink: Sink, configure: Callable[..., None]) -> Callable[..., None]:
    """Sends to the sink, with further settings."""

    def set_all(**settings: object) -> None:
        configure(statsd_on=True, statsd_host="127.0.0.1", statsd_port=sink.port, **settings)

    set_all()
    return set_all


def test_by_default_nothing_is_sent_and_time_is_measured() -> None:
    assert not stats.is_on()
    stats.incr("a")
    with stats.timer("b") as timer:
        pass
    assert timer.duration is not None
    with stats.timer() as timer:
        pass
    assert timer.duration >= 0


def test_each_kind_of_metric_reaches_statsd(sink: Sink, statsd: object) -> None:
    stats.incr("things")
    stats.incr("things", 3)
    stats.decr("things", 2)
    stats.gauge("level", 7)
    stats.gauge("level", -2, delta=True)
    stats.timing("length", timedelta(seconds=2))
    stats.timing("length", 5)
    stats.Stats.incr("of_class")
    assert sink.take() == [
        "airflow.things:1|c",
        "airflow.things:3|c",
        "airflow.things:-2|c",
        "airflow.level:7|g",
        "airflow.level:-2|g",
        "airflow.length:2000.000000|ms",
        "airflow.length:5.000000|ms",
        "airflow.of_class:1|c",
    ]
    with stats.timer("block"):
        pass
    (line,) = sink.take()
    assert line.startswith("airflow.block:")
    timer = stats.timer("block").start()
    timer.stop(send=False)
    assert not sink.take()


def test_former_names_are_sent_beside_those_of_today(
    sink: Sink, statsd: Callable[..., None]
) -> None:
    tags = {"dag_id": "d", "task_id": "group.task", "state": "success"}
    stats.incr("ti.finish", tags=tags)
    assert sink.take() == [
        "airflow.ti.finish.d.group__task.success:1|c",
        "airflow.ti.finish:1|c",
    ]
    with stats.timer("task.duration", tags=tags):
        pass
    assert sorted(line.partition(":")[0] for line in sink.take()) == [
        "airflow.dag.d.group__task.duration",
        "airflow.task.duration",
    ]
    with pytest.raises(ValueError, match="missing: state"):
        stats.incr("ti.finish", tags={"dag_id": "d", "task_id": "t"})
    statsd(legacy_names_on=False)
    stats.incr("ti.finish", tags=tags)
    assert sink.take() == ["airflow.ti.finish:1|c"]


def test_influxdb_gets_tags_in_the_name(sink: Sink, statsd: Callable[..., None]) -> None:
    statsd(statsd_influxdb_enabled=True)
    stats.incr("a", tags={"dag_id": "d", "run_id": "r", "odd": "x=y"})
    assert sink.take() == ["airflow.a,dag_id=d:1|c"]


def test_lists_choose_what_is_sent(sink: Sink, statsd: Callable[..., None]) -> None:
    statsd(metrics_allow_list="pool,ti\\.start")
    for name in ("pool.x", "ti.starting", "ti.finished", "my_pool"):
        stats.incr(name)
    assert sink.take() == ["airflow.pool.x:1|c", "airflow.ti.starting:1|c", "airflow.my_pool:1|c"]
    assert not NameFilter(block="secret").test("my_Secret_metric")


def test_a_name_that_cannot_be_sent_is_said_and_left_out(
    sink: Sink, statsd: object, caplog: pytest.LogCaptureFixture
) -> None:
    stats.incr("with space")
    stats.incr("x" * 300)
    assert not sink.take()
    assert "' '" in caplog.text
    assert "at most 250" in caplog.text
    assert normalize_name_for_stats("a b/ü", log_warning=False) == "a_b__"


def test_the_deployments_own_function_gives_the_names(
    sink: Sink, statsd: Callable[..., None]
) -> None:
    statsd(stat_name_handler="slipstream.sdk._stats.names.normalize_name_for_stats")
    stats.incr("with space")
    assert sink.take() == ["airflow.with_space:1|c"]


def test_a_host_that_is_nobodys_turns_metrics_off(
    configure: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    configure(statsd_on=True, statsd_host="no.such.host.invalid")
    stats.incr("a")
    assert "Metrics are not sent" in caplog.text
    assert isinstance(stats._backend(), NoStatsLogger)


def test_opentelemetry_keeps_an_instrument_for_each_metric() -> None:
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import InMemoryMetricReader

    from slipstream.sdk._stats.otel import SafeOtelLogger

    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    stats.initialize(factory=lambda: SafeOtelLogger(provider), export_legacy_names=False)
    stats.incr("things", 2, tags={"dag_id": "d"})
    stats.incr("things", 3, tags={"dag_id": "d"})
    stats.gauge("level", 5)
    stats.gauge("level", 2, delta=True)
    stats.timing("length", timedelta(seconds=1))
    with stats.timer("length"):
        pass
    stats.incr("not sendable")
    with pytest.raises(ValueError, match="0 or more"):
        stats.incr("things", -1)
    data: Any = reader.get_metrics_data()
    found = {
        metric.name: metric.data.data_points[0]
        for scope in data.resource_metrics[0].scope_metrics
        for metric in scope.metrics
    }
    assert found["airflow.things"].value == 5
    assert dict(found["airflow.things"].attributes) == {"dag_id": "d"}
    assert found["airflow.level"].value == 7
    assert found["airflow.length"].count == 2
    assert found.keys() == {"airflow.things", "airflow.level", "airflow.length"}
    provider.shutdown()


def test_opentelemetry_is_sent_to_the_collector_that_the_settings_name(
    configure: Callable[..., None],
) -> None:
    from slipstream.sdk._stats.otel import endpoint

    configure(otel_on=True, otel_host="collector", otel_port=4318, otel_ssl_active=True)
    assert endpoint("metrics", "metrics") == "https://collector:4318/v1/metrics"
