"""`slipstream tasks render`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

from slipstream.compat import uninstall

pytestmark = pytest.mark.processes

FLOW = """
from slipstream.sdk import dag, task
from slipstream.sdk.operators.bash import BashOperator

@dag(schedule=None)
def flow():
    BashOperator(
        task_id="say",
        bash_command="echo {{ ds }} {{ var.value.word }}",
        env={"RUN": "{{ run_id }}"},
    )
    BashOperator(task_id="bad", bash_command="{{ 1 // 0 }}")

flow()
"""


@pytest.fixture(autouse=True)
def _names_of_airflow() -> Iterator[None]:
    """The command brings them into this process; they go with the test."""
    yield
    uninstall()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "flow.py"
    path.write_text(FLOW)
    return path


def test_the_fields_are_printed_as_the_task_would_see_them(
    slipstream: Slipstream, file: Path
) -> None:
    slipstream("variables", "set", "word", "hello")
    done = slipstream("tasks", "render", str(file), "say", "2026-01-31")
    assert done.code == 0, done.err
    assert "# property: bash_command" in done.out
    assert "echo 2026-01-31 hello" in done.out
    assert "manual__2026-01-31" in done.out


@pytest.mark.parametrize(
    ("task_id", "date", "words"),
    [
        ("bad", "2026-01-31", "ZeroDivisionError"),
        ("nonsense", "2026-01-31", "say, bad"),
        ("say", "no_such_run", "no_such_run"),
    ],
)
def test_what_cannot_be_rendered_is_one_line(
    slipstream: Slipstream, file: Path, task_id: str, date: str, words: str
) -> None:
    done = slipstream("tasks", "render", str(file), task_id, date)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert words in done.err
