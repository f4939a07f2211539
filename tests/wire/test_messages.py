"""Outcomes as they travel."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from slipstream.model.attempt import (
    Attempt,
    AwaitsInput,
    Cancelled,
    Deferred,
    Failed,
    Lost,
    Outcome,
    Rescheduled,
    Skipped,
    Succeeded,
    XComWrite,
)
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.wire import execution, messages
from slipstream.wire.frames import FrameBuffer, pack

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def over_the_wire(message: msgspec.Struct) -> bytes:
    (payload,) = FrameBuffer().feed(pack(message))
    return payload


@pytest.mark.parametrize(
    "outcome",
    [
        Succeeded(
            xcoms=(XComWrite("k", "[1]", 1),), lengths={"k": 1}, skip=("a",), rendered_map_index="x"
        ),
        Failed(message="boom", retryable=False),
        Skipped(message="no data"),
        Rescheduled(at=NOW),
        Deferred(trigger_classpath="a.B", trigger_kwargs="{}", method_name="m", timeout_at=NOW),
        AwaitsInput(method_name="m", default='{"chosen_options": []}', timeout_at=NOW),
        Lost(message="gone"),
        Cancelled(message="cleared"),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
def test_an_outcome_comes_back_as_it_was(outcome: Outcome) -> None:
    report = messages.decode_from_task(over_the_wire(messages.pack_outcome(outcome)))
    assert isinstance(report, messages.Report)
    assert messages.unpack_outcome(report) == outcome


def test_an_unknown_outcome_is_refused() -> None:
    report = messages.Report(kind="exploded", body=msgspec.Raw(b"\x80"))
    with pytest.raises(msgspec.ValidationError, match="exploded"):
        messages.unpack_outcome(report)


def test_an_attempt_comes_back_as_it_was() -> None:
    attempt = Attempt(
        attempt_id="a",
        run=DagRun(
            pk=1,
            dag_id="d",
            run_id="r",
            run_type=RunType.MANUAL,
            state=RunState.RUNNING,
            version_id="v",
            run_after=NOW,
            conf={"nested": [1, {"a": None}]},
        ),
        task_id="t",
        fileloc="/f.py",
        first_start=NOW,
        next_method="m",
        next_kwargs="{}",
        next_event="[1]",
    )
    start = messages.decode_to_task(over_the_wire(messages.Start(attempt=attempt, hostname="here")))
    assert isinstance(start, messages.Start)
    assert start.attempt == attempt


def test_a_request_and_its_answer_come_back_as_they_were() -> None:
    ask = messages.Ask(number=7, request=execution.GetVariable(key="k"))
    assert messages.decode_from_task(over_the_wire(ask)) == ask
    reply = messages.Reply(number=7, answer=execution.Text(value=None))
    assert messages.decode_to_task(over_the_wire(reply)) == reply
