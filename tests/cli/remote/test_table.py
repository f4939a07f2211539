"""Every command says whether a server can carry it out."""

from __future__ import annotations

from importlib import import_module

import pytest
from tests.cli.conftest import Slipstream

from slipstream.cli.completion import all_words
from slipstream.cli.remote.choice import HERE_ALONE, ON_ITS_MACHINE, REMOTE


def _commands() -> set[tuple[str, str | None]]:
    words = [command for command in all_words() if command]
    nouns_with_verbs = {command[0] for command in words if len(command) == 2}
    return {
        (command[0], command[1] if len(command) == 2 else None)
        for command in words
        if len(command) == 2 or command[0] not in nouns_with_verbs
    }


def test_every_command_is_in_one_of_the_tables() -> None:
    tables = [set(REMOTE), set(HERE_ALONE), set(ON_ITS_MACHINE)]
    assert _commands() == set.union(*tables)
    assert sum(map(len, tables)) == len(_commands())


def test_every_remote_command_has_its_function() -> None:
    for where in REMOTE.values():
        module, _, name = where.partition(":")
        assert callable(getattr(import_module(f"slipstream.cli.remote.{module}"), name))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("db", "check"), "works on the database itself: run it on the server's own machine."),
        (("rotate-fernet-key",), "works on the database itself"),
        (("connections", "export", "-"), "a server does not send them"),
        (("standalone",), "starts a server here: leave --server out."),
        (("dags", "test", "sales"), "runs DAG files of this machine: leave --server out."),
        (("doctor",), "reads DAG files of this machine"),
        (("providers", "hooks"), "looks at what is installed on this machine"),
    ],
)
def test_what_no_server_does_says_so_in_a_sentence(
    slipstream: Slipstream, words: tuple[str, ...], said: str
) -> None:
    done = slipstream(*words, "--server", "https://slipstream.example.com")
    assert done.code == 2
    assert said in done.err
    assert len(done.err.splitlines()) == 1


def test_a_server_in_the_environment_stops_no_command_of_this_machine(
    slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPSTREAM_SERVER", "https://slipstream.example.com")
    assert slipstream("completion", "bash").code == 0
    assert "own machine" in slipstream("db", "check").err


def test_a_home_and_a_server_exclude_each_other(slipstream: Slipstream) -> None:
    done = slipstream("dags", "list", "--home", "/x", "--server", "https://slipstream.example.com")
    assert done.code == 2
    assert "exclude each other" in done.err
