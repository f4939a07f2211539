"""What a timetable of a user's may answer, and what is said of an answer that is none."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pendulum
import pytest

from slipstream.runtime.timetable_asking import ask
from slipstream.sdk import DAG
from slipstream.sdk._timetable import DagRunInfo, DataInterval, Timetable
from slipstream.sdk.exceptions import AirflowTimetableInvalid
from slipstream.wire.questions import TimetableAsk, TimetableQuestion

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AT = pendulum.instance(NOW)


def asked(answer: Any, *, most: int = 1) -> list[Any]:
    class Mine(Timetable):
        def next_dagrun_info(self, **_: Any) -> Any:
            return answer

    question = TimetableQuestion(dag_id="d", ask=TimetableAsk.NEXT, at=NOW, most=most)
    return list(ask(question, DAG("d", schedule=Mine())).runs)


def test_a_run_or_none_is_an_answer() -> None:
    assert asked(None) == []
    (run,) = asked(DagRunInfo.interval(AT.subtract(days=1), AT))
    assert run.run_after == NOW


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("tomorrow", r"gave 'tomorrow'\. Expected a DagRunInfo, or None"),
        (DagRunInfo(run_after=AT, data_interval=None), "neither a data_interval nor a partition"),
        (DagRunInfo.exact(datetime(2026, 3, 1)), "Expected a datetime with a time zone"),
        (
            DagRunInfo(run_after=AT, data_interval=DataInterval(AT, AT.subtract(days=1))),
            "ends at 2026-02-28T00:00:00.00:00, before it starts at 2026-03-01",
        ),
    ],
)
def test_nonsense_is_told_as_what_it_is(answer: Any, said: str) -> None:
    with pytest.raises(AirflowTimetableInvalid, match=said):
        asked(answer)


def test_the_same_run_twice_is_no_answer() -> None:
    with pytest.raises(AirflowTimetableInvalid, match=r"gave the run at .* again"):
        asked(DagRunInfo.exact(AT.subtract(days=1)), most=2)
