"""What the server's metrics say about runs, task instances and files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slipstream.model.changes import InstanceChanged, InstancesAdded, RunChanged
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.news import RunNews
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.model.version import ParsedFile
from slipstream.sdk._stats import stats
from slipstream.sdk._stats.senders import NoStatsLogger, milliseconds
from slipstream.services.metrics import MetricsService, Reading

AT = datetime(2026, 1, 1, tzinfo=UTC)
DAG = DagSpec(dag_id="d", tasks={"t": TaskSpec(task_id="t", operator_name="BashOperator")})


class Kept:
    """Keeps what is sent: `{name: values}`."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}
        self.tags: dict[str, Mapping[str, Any]] = {}

    def incr(self, stat: str, count: int = 1, *, tags: Any = None) -> None:
        self._keep(stat, count, tags)

    def gauge(self, stat: str, value: float, *, tags: Any = None) -> None:
        self._keep(stat, value, tags)

    def timing(self, stat: str, dt: Any, *, tags: Any = None) -> None:
        self._keep(stat, milliseconds(dt), tags)

    def close(self) -> None:
        pass

    def _keep(self, stat: str, value: float, tags: Any) -> None:
        self.values.setdefault(stat, []).append(value)
        self.tags[stat] = tags


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    stats.initialize(factory=lambda: kept, export_legacy_names=False)  # type: ignore[arg-type,return-value]
    yield kept
    stats.forget_backend()


def sent(service: MetricsService) -> None:
    """Everything that was handed over is sent."""
    service.start()
    service.stop()


def instance(state: TaskState, **more: Any) -> InstanceChanged:
    return InstanceChanged(TaskInstance(run_pk=1, task_id="t", attempt_id="a", state=state, **more))


def run(state: RunState, **more: Any) -> RunChanged:
    return RunChanged(
        DagRun(
            pk=1,
            dag_id="d",
            run_id="r",
            run_type=RunType.SCHEDULED,
            state=state,
            version_id="v",
            run_after=AT,
            **more,
        )
    )


def seconds(number: float) -> datetime:
    return AT + timedelta(seconds=number)


def test_a_run_and_its_task_are_counted_and_timed(kept: Kept) -> None:
    service = MetricsService()
    times = {"scheduled_at": AT, "queued_at": seconds(1), "start_date": seconds(3)}
    changes = (
        run(RunState.RUNNING, start_date=seconds(2)),
        InstancesAdded((TaskInstance(run_pk=1, task_id="t"),)),
        instance(TaskState.QUEUED, **times),
        instance(TaskState.RUNNING, **times),
        instance(TaskState.UP_FOR_RETRY, **times, end_date=seconds(4)),
        instance(TaskState.SUCCESS, **times, end_date=seconds(8)),
        run(RunState.SUCCESS, start_date=seconds(2), end_date=seconds(9)),
    )
    service.runs_written([RunNews(DAG, changes[-1].run, changes)])
    sent(service)
    assert kept.values == {
        "dagrun.schedule_delay": [2000],
        "task_instance_created": [1],
        "task.scheduled_duration": [1000],
        "ti.start": [1],
        "task.queued_duration": [2000],
        "ti.finish": [1, 1],
        "task.duration": [1000, 5000],
        "ti_failures": [1],
        "operator_failures": [1],
        "ti_successes": [1],
        "operator_successes": [1],
        "dagrun.duration.success": [7000],
    }
    assert kept.tags["ti.finish"] == {"dag_id": "d", "task_id": "t", "state": "success"}
    assert kept.tags["operator_successes"]["operator_name"] == "BashOperator"


def test_what_never_ran_has_not_finished(kept: Kept) -> None:
    service = MetricsService()
    skipped = TaskInstance(run_pk=1, task_id="t", state=TaskState.SKIPPED, end_date=AT)
    news = RunNews(DAG, run(RunState.RUNNING).run, [InstanceChanged(skipped)])
    service.runs_written([news])
    sent(service)
    assert not kept.values


def test_files_are_counted_by_what_is_known_of_them_now(kept: Kept) -> None:
    service = MetricsService()
    for error in ("broken", None):
        service.parsed(
            [
                ParsedFile(
                    fileloc="/dags/a/b.py",
                    relative_fileloc="a/b.py",
                    dags=() if error else (DAG,),
                    error=error,
                    duration_seconds=0.5,
                    parsed_at=AT,
                )
            ]
        )
    sent(service)
    assert kept.values["dag_processing.import_errors"] == [1, 0]
    assert kept.values["dagbag_size"] == [0, 1]
    assert kept.values["dag_processing.last_duration"] == [500, 500]
    assert kept.tags["dag_processing.last_duration"]["file_name"] == "b"


def test_a_reading_that_fails_does_not_end_the_others(
    kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        raise RuntimeError("no disk")

    service = MetricsService(
        [
            Reading(every_seconds=60, send=fails),
            Reading(every_seconds=60, send=lambda: stats.gauge("level", 1)),
        ]
    )
    sent(service)
    assert kept.values == {"level": [1]}
    assert "no disk" in caplog.text


def test_without_a_backend_nothing_is_kept() -> None:
    stats.forget_backend()
    assert isinstance(stats._backend(), NoStatsLogger)
