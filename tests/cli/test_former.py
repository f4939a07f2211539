"""Commands of Airflow 1.10 and 2 keep working, or say what to use."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Slipstream

from slipstream.cli.dispatch import NOUNS, parse
from slipstream.cli.former import _GONE, _RENAMED, in_todays_words


@pytest.mark.parametrize("former", _RENAMED, ids=" ".join)
def test_a_former_command_is_one_of_today(former: tuple[str, ...]) -> None:
    today = in_todays_words([*former, "--help"], NOUNS)
    with pytest.raises(SystemExit) as stop:
        parse(today)
    assert stop.value.code == 0


@pytest.mark.parametrize("former", _GONE, ids=" ".join)
def test_a_command_that_is_gone_says_what_to_do(
    slipstream: Slipstream, former: tuple[str, ...]
) -> None:
    done = slipstream(*former)
    assert done.code == 2
    assert f"There is no {' '.join(former)} here." in done.err


def test_the_commands_of_the_founding_documents(slipstream: Slipstream) -> None:
    assert slipstream("db", "init").code == 0
    words = "users create --username admin --firstname A --lastname B --role Admin"
    assert slipstream(*words.split(), "--email", "a@b.c", "--password", "x").code == 0
    assert "admin" in slipstream("users", "list").out
    assert in_todays_words(["webserver", "--port", "8081"], NOUNS) == [
        "api-server",
        "--port",
        "8081",
    ]


def test_commands_of_today_are_left_alone() -> None:
    for words in (["dags", "list"], ["--version"], [], ["tasks", "clear", "d"], ["db", "migrate"]):
        assert in_todays_words(words, NOUNS) == words
