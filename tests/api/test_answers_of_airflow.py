"""A thousand requests are answered with Airflow's status, or with one that is known to differ."""

from __future__ import annotations

from pathlib import Path

from tests.differential.rest import ours
from tests.differential.rest_judge import of_statuses
from tests.differential.rest_world import world


def test_statuses_are_those_of_airflow(tmp_path: Path) -> None:
    case = world()
    answers = ours(case, tmp_path)
    differ = [
        (request["method"], request["path"], request["body"], answer, request["status"])
        for request, answer in zip(case["requests"], answers, strict=True)
        if of_statuses(request, answer["status"], request["status"]) == "disagree"
    ]
    assert not differ
    assert len(answers) > 1000
    assert not [answer for answer in answers if answer["status"] >= 500]
