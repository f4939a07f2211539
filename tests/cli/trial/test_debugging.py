"""pdb at the terminal of who tries a task."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream
from tests.cli.terminals import at_terminal

pytestmark = pytest.mark.processes

FILE = """
import pdb

from airflow.sdk import dag, task


@dag(schedule=None)
def shop():
    @task
    def fails():
        price = 6
        inner(price)

    @task
    def succeeds():
        pass

    @task
    def stops():
        price = 6
        breakpoint()
        price += 1
        pdb.set_trace()
        print("sold for", price)

    @task
    def stops_for(price):
        breakpoint()

    fails(), succeeds(), stops(), stops_for.expand(price=[1, 2])


def inner(price):
    tax = price * 7
    raise ValueError("sold out")


shop()
"""
PROMPT = "(Pdb) "


@pytest.fixture
def file(home: Path) -> Path:
    path = home / "dags" / "shop.py"
    path.parent.mkdir(parents=True)
    path.write_text(FILE)
    return path


def trying(file: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "slipstream", "tasks", "test", str(file), *words]


def test_a_failed_task_is_looked_into_where_it_failed(home: Path, file: Path) -> None:
    with at_terminal(home, trying(file, "fails", "--post-mortem")) as terminal:
        terminal.wait_for(PROMPT)
        assert "ValueError: sold out" in terminal.shown
        assert '-> raise ValueError("sold out")' in terminal.shown
        terminal.type("p 'tax', tax")
        terminal.wait_for("('tax', 42)")
        terminal.type("u")
        terminal.type("p 'price', price")
        terminal.wait_for("('price', 6)")
        terminal.type("q")
        assert terminal.end() == 1
    assert "shop: failed" in terminal.shown


def test_a_task_that_succeeds_is_not_looked_into(home: Path, file: Path) -> None:
    with at_terminal(home, trying(file, "succeeds", "-m")) as terminal:
        assert terminal.end() == 0
    assert PROMPT not in terminal.shown


def test_breakpoints_stop_at_the_terminal(home: Path, file: Path) -> None:
    with at_terminal(home, trying(file, "stops")) as terminal:
        terminal.wait_for(PROMPT)
        assert "-> price += 1" in terminal.shown
        terminal.type("price = 41")
        terminal.type("c")
        terminal.wait_for('-> print("sold for", price)')
        terminal.type("c")
        assert terminal.end() == 0
    assert "sold for 42" in terminal.shown


def test_leaving_a_breakpoint_fails_the_task(home: Path, file: Path) -> None:
    with at_terminal(home, trying(file, "stops")) as terminal:
        terminal.wait_for(PROMPT)
        terminal.type("q")
        assert terminal.end() == 1


def test_instances_of_a_mapped_task_stop_one_after_the_other(home: Path, file: Path) -> None:
    with at_terminal(home, trying(file, "stops_for")) as terminal:
        for _ in range(2):
            terminal.wait_for("-> breakpoint()" if sys.version_info >= (3, 13) else PROMPT)
            before = terminal.shown.count(PROMPT)
            terminal.type("c")
            if before == 1:
                terminal.wait_for(PROMPT, 2)
        assert terminal.end() == 0


def test_without_a_terminal_that_is_said(slipstream: Slipstream, file: Path) -> None:
    done = slipstream("tasks", "test", str(file), "fails", "-m")
    assert done.code == 2
    assert "--post-mortem opens pdb at the terminal" in done.err
