from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.sdk import (
    DAG,
    AsyncCallback,
    BaseNotifier,
    BaseOperator,
    DeadlineAlert,
    DeadlineReference,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    SyncCallback,
)
from slipstream.sdk._spec import build_spec
from slipstream.sdk.operators.empty import EmptyOperator

# ---------------------------------------------------------------- retry policies


@pytest.mark.parametrize(
    ("error", "action", "delay"),
    [
        (KeyError("x"), RetryAction.FAIL, None),
        (ConnectionResetError(), RetryAction.RETRY, timedelta(seconds=3)),
        (TimeoutError(), RetryAction.RETRY, None),
        (ValueError("x"), RetryAction.DEFAULT, None),
        (UnicodeDecodeError("utf-8", b"", 0, 1, ""), RetryAction.DEFAULT, None),
        (ArithmeticError(), RetryAction.FAIL, None),
    ],
)
def test_the_first_rule_that_matches_decides(error: Any, action: Any, delay: Any) -> None:
    policy = ExceptionRetryPolicy(
        [
            RetryRule(LookupError, RetryAction.FAIL, reason="no use"),
            RetryRule("builtins.ConnectionError", retry_delay=timedelta(seconds=3)),
            RetryRule([TimeoutError, "builtins.ZeroDivisionError"]),
            RetryRule(ValueError, RetryAction.DEFAULT, match_subclasses=False),
            RetryRule(ArithmeticError, RetryAction.FAIL),
        ]
    )
    found = policy.evaluate(error, 1, 3)
    assert (found.action, found.retry_delay) == (action, delay)


def test_a_rule_about_something_else_than_exceptions_is_refused() -> None:
    with pytest.raises(TypeError, match=r"names 'builtins\.len', which is no class of exceptions"):
        RetryRule("builtins.len").matches(ValueError())


def test_a_rule_about_a_text_without_a_dot_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'ValueError'; expected a class or an import path"):
        RetryRule("ValueError")


def test_a_rule_about_what_cannot_be_imported_warns_and_never_matches(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rule = RetryRule(["nowhere.at.all.Error", KeyError])
    assert "'nowhere.at.all.Error' cannot be imported" in caplog.text
    assert rule.matches(KeyError())
    assert not rule.matches(ValueError())


def test_a_policy_is_the_same_after_it_was_serialized() -> None:
    policy = ExceptionRetryPolicy(
        [
            RetryRule(["builtins.OSError", KeyError], RetryAction.FAIL, reason="no use"),
            RetryRule(ValueError, retry_delay=timedelta(seconds=3), match_subclasses=False),
        ],
        RetryAction.RETRY,
    )
    again = ExceptionRetryPolicy.deserialize(policy.serialize())
    for error in (TimeoutError(), KeyError(), ValueError(), UnicodeError(), TypeError()):
        assert again.evaluate(error, 1, 3) == policy.evaluate(error, 1, 3)


def test_a_retry_policy_must_be_one() -> None:
    with pytest.raises(TypeError, match=r"'t' has retry_policy=3; expected a RetryPolicy"):
        BaseOperator(task_id="t", retry_policy=3)


# ---------------------------------------------------------------- notifiers


class Note(BaseNotifier):
    """Keeps what it told."""

    template_fields = ("message",)
    told: list[str] = []  # noqa: RUF012 - shared on purpose

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message

    def notify(self, context: Any) -> None:
        self.told.append(self.message)


def test_a_notifier_renders_its_fields_for_each_call() -> None:
    with DAG("d", user_defined_macros={"who": "you"}) as dag:
        EmptyOperator(task_id="a")
        EmptyOperator(task_id="b")
    running = Running(dag)
    note = Note("{{ ti.task_id }} of {{ who }}")
    note(running.context("a"))
    note(running.context("b"))
    assert Note.told == ["a of you", "b of you"]
    assert note.message == "{{ ti.task_id }} of {{ who }}"


def test_a_notifier_needs_a_context() -> None:
    with pytest.raises(TypeError, match="with the context of a task"):
        Note("x")()


# ---------------------------------------------------------------- deadlines


async def late(**kwargs: Any) -> None: ...


def test_a_deadline_is_kept_for_people() -> None:
    alert = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=timedelta(hours=1),
        callback=AsyncCallback(late, {"channel": "#x"}),
    )
    details = build_spec(DAG("d", deadline=alert)).details
    assert details["deadlines"] == [
        {
            "name": None,
            "reference": {"reference_type": "DagRunQueuedAtDeadline"},
            "interval": 3600.0,
            "callback": {
                "type": "AsyncCallback",
                "path": f"{__name__}.late",
                "kwargs": {"channel": "#x"},
            },
        }
    ]


def test_references_of_deadlines() -> None:
    fixed = DeadlineReference.FIXED_DATETIME(datetime(2026, 1, 1, tzinfo=UTC))
    assert fixed.serialize_reference() == {
        "reference_type": "FixedDatetimeDeadline",
        "datetime": "2026-01-01T00:00:00+00:00",
    }
    average = DeadlineReference.AVERAGE_RUNTIME(max_runs=5)
    assert (average.max_runs, average.min_runs) == (5, 5)


def test_callbacks_of_deadlines_are_functions_or_paths() -> None:
    assert SyncCallback("pkg.mod.function", executor="x").path == "pkg.mod.function"
    with pytest.raises(TypeError, match="5 is none"):
        SyncCallback(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'context' is taken"):
        SyncCallback("a.b", {"context": 1})


def test_a_callback_for_another_executor_is_refused_when_its_dag_is_read() -> None:
    def alert(executor: str | None) -> DeadlineAlert:
        callback = SyncCallback("pkg.tell", executor=executor)
        return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, timedelta(hours=1), callback)

    for ours in (None, "LocalExecutor", "airflow.executors.local_executor.LocalExecutor"):
        assert alert(ours).as_spec().interval == timedelta(hours=1)
    with pytest.raises(ValueError, match=r"names the executor 'CeleryExecutor'.*Leave `executor`"):
        alert("CeleryExecutor").as_spec()
