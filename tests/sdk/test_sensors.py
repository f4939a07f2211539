from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.sdk import DAG, BaseSensorOperator, PokeReturnValue, task
from slipstream.sdk.exceptions import (
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferralError,
    TaskDeferralTimeout,
)
from slipstream.sdk.sensors.base import poke_mode_only
from slipstream.sdk.sensors.python import PythonSensor


class Waiting(BaseSensorOperator):
    """Answers from a list; an exception in it is raised."""

    def __init__(self, *, answers: list[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.answers = answers

    def poke(self, context: Any) -> Any:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def wait(answers: list[Any], attempt: dict[str, Any] | None = None, **kwargs: Any) -> Any:
    kwargs = {"poke_interval": 0, "timeout": 60, **kwargs}
    with DAG("d") as dag:
        Waiting(task_id="t", answers=answers, **kwargs)
    return Running(dag).execute("t", **(attempt or {}))


def test_it_calls_until_the_answer_is_true() -> None:
    answers = [False, 0, True, "never reached"]
    assert wait(answers) is None
    assert answers == ["never reached"]


def test_a_value_may_come_with_the_answer() -> None:
    assert wait([PokeReturnValue(False), PokeReturnValue(True, xcom_value=5)]) == 5


def test_it_gives_up_after_its_timeout() -> None:
    with pytest.raises(AirflowSensorTimeout, match=r"'t' has waited .* longer than its timeout"):
        wait([False], timeout=0)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({"soft_fail": True}, AirflowSkipException),
        ({"never_fail": True}, AirflowSensorTimeout),
        ({"silent_fail": True}, AirflowSensorTimeout),
    ],
)
def test_giving_up_may_be_a_skip(how: dict[str, bool], expected: type[Exception]) -> None:
    with pytest.raises(expected):
        wait([False], timeout=0, **how)


@pytest.mark.parametrize(
    ("error", "how", "expected"),
    [
        (ValueError("x"), {}, ValueError),
        (ValueError("x"), {"soft_fail": True}, ValueError),
        (ValueError("x"), {"never_fail": True}, AirflowSkipException),
        (ValueError("x"), {"silent_fail": True, "timeout": 0}, AirflowSensorTimeout),
        (AirflowFailException("x"), {}, AirflowFailException),
        (AirflowFailException("x"), {"soft_fail": True}, AirflowSkipException),
        (AirflowSkipException("x"), {"silent_fail": True}, AirflowSkipException),
        (TaskDeferralError("x"), {"soft_fail": True}, TaskDeferralError),
        (TaskDeferralError("x"), {"never_fail": True}, AirflowSkipException),
        (TaskDeferralError("x"), {"silent_fail": True, "timeout": 0}, AirflowSensorTimeout),
    ],
)
def test_errors_while_poking(error: Exception, how: dict[str, Any], expected: Any) -> None:
    with pytest.raises(expected) as caught:
        wait([error], **how)
    assert type(caught.value) is expected


@pytest.mark.parametrize(
    ("error", "how"),
    [
        (ValueError("no such table"), "never_fail"),
        (AirflowFailException("no such table"), "never_fail"),
        (AirflowFailException("no such table"), "soft_fail"),
    ],
)
def test_a_skip_instead_of_a_failure_names_the_cause(error: Exception, how: str) -> None:
    with pytest.raises(AirflowSkipException) as caught:
        wait([error], **{how: True})
    said = f"Skipping due to {how} is set to True; poke raised {type(error).__name__}: {error}"
    assert str(caught.value) == said
    assert caught.value.__cause__ is error


def test_in_reschedule_mode_it_gives_its_place_back() -> None:
    before = datetime.now(UTC)
    with pytest.raises(AirflowRescheduleException) as caught:
        wait([False], mode="reschedule", poke_interval=timedelta(minutes=5))
    assert caught.value.reschedule_date >= before + timedelta(minutes=5)


def test_in_reschedule_mode_the_timeout_counts_from_the_first_start() -> None:
    began = datetime.now(UTC) - timedelta(hours=1)
    attempt = {"reschedules": 3, "first_start": began}
    with pytest.raises(AirflowSensorTimeout):
        wait([False], attempt, mode="reschedule", timeout=1800)
    with pytest.raises(AirflowRescheduleException):
        wait([False], attempt, mode="reschedule", timeout=7200)


def test_the_interval_grows_up_to_a_limit() -> None:
    growing = {"exponential_backoff": True, "poke_interval": 10, "timeout": 10_000}
    sensor = Waiting(task_id="t", answers=[False], **growing)
    pauses = [sensor._get_next_poke_interval(calls) for calls in range(1, 9)]
    for pause, least in zip(pauses, [5, 10, 20, 40, 80, 160, 320, 640], strict=True):
        assert least <= pause < 2 * least
    assert sensor._get_next_poke_interval(3, 9_990) == 10  # The last call is at the timeout.
    assert sensor._get_next_poke_interval(1000) == 10_000
    limited = Waiting(task_id="u", answers=[False], max_wait=timedelta(seconds=30), **growing)
    assert [limited._get_next_poke_interval(calls) for calls in (5, 50)] == [30, 30]
    constant = Waiting(task_id="v", answers=[False], poke_interval=2, max_wait=1)
    assert [constant._get_next_poke_interval(calls) for calls in (1, 9)] == [2, 2]


def test_tasks_that_began_together_do_not_call_together() -> None:
    sensors = [
        Waiting(task_id=f"t{n}", answers=[False], poke_interval=1000, exponential_backoff=True)
        for n in range(9)
    ]
    assert len({one._get_next_poke_interval(4) for one in sensors}) > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mode": "sleep"}, "mode='sleep'; expected one of 'poke', 'reschedule'"),
        ({"poke_interval": -1}, "poke_interval=-1; expected nothing below zero"),
        ({"timeout": "1"}, "timeout of sensor 't' has to be a timedelta"),
        ({"soft_fail": True, "never_fail": True}, "give one of the two"),
    ],
)
def test_wrong_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Waiting(task_id="t", answers=[], **arguments)


def test_a_deferred_wait_that_ran_out_of_time_is_a_timeout() -> None:
    with DAG("d") as dag:
        Waiting(task_id="hard", answers=[])
        Waiting(task_id="soft", answers=[], soft_fail=True)
    running = Running(dag)
    failed = {"error": "Trigger timeout"}
    with pytest.raises(AirflowSensorTimeout) as caught:
        running.render("hard").resume_execution("__fail__", failed, running.context("hard"))
    assert isinstance(caught.value.__cause__, TaskDeferralTimeout)
    with pytest.raises(AirflowSkipException):
        running.render("soft").resume_execution("__fail__", failed, running.context("soft"))


def test_a_function_as_a_sensor() -> None:
    seen: list[Any] = []

    def ready(wanted: int, ds: str) -> bool:
        seen.append(ds)
        return len(seen) >= wanted

    with DAG("d") as dag:
        PythonSensor(task_id="t", python_callable=ready, op_args=[2], poke_interval=0)
    Running(dag).execute("t")
    assert seen == ["2026-01-31"] * 2


def test_a_decorated_function_as_a_sensor() -> None:
    @task.sensor(poke_interval=0, timeout=5, mode="poke")
    def ready(x: int) -> PokeReturnValue:
        return PokeReturnValue(is_done=x > 0, xcom_value=x + 1)

    with DAG("d") as dag:
        ready(1)
    assert Running(dag).execute("ready") == 2


def test_a_sensor_may_insist_on_poke_mode() -> None:
    @poke_mode_only
    class Insisting(BaseSensorOperator):
        pass

    assert Insisting(task_id="t").mode == "poke"
    with pytest.raises(ValueError, match="only be used in mode 'poke'"):
        Insisting(task_id="t", mode="reschedule")


def test_a_sensor_that_holds_its_place_needs_nothing_of_the_context() -> None:
    """Test suites of providers call `execute({})`."""

    class Ready(BaseSensorOperator):
        def poke(self, context: object) -> bool:
            return True

    assert Ready(task_id="ready").execute({}) is None
