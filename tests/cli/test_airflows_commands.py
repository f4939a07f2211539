"""Every command and flag of Airflow's command line is there, or refused with what to use."""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

from slipstream.cli import refused
from slipstream.cli.completion import all_words
from slipstream.cli.dispatch import NOUNS
from slipstream.cli.grammar import Group, Parser

FACTS = (Path(__file__).parent / "facts" / "commands.txt").read_text().splitlines()


def commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for line in FACTS:
        listed = re.fullmatch(r"(\(top\)|[\w-]+) \(\d+\): (.*)", line)
        if listed:
            noun, verbs = listed[1], listed[2].split(", ")
            found += [(verb,) if noun == "(top)" else (noun, verb) for verb in verbs]
    return found


def arguments() -> list[tuple[str, str, str]]:
    found = []
    for line in FACTS:
        listed = re.fullmatch(r"([\w-]+) ([\w-]+) (\[.*\])", line)
        if listed:
            found += [(listed[1], listed[2], one) for one in ast.literal_eval(listed[3])]
    return found


def parser_of(noun: str, verb: str) -> argparse.ArgumentParser:
    parser = Parser(prog="slipstream").add_subparsers().add_parser(noun)
    import_module(NOUNS[noun][0]).add_commands(Group(parser, noun))
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found: argparse.ArgumentParser = action.choices[verb]
            return found
    raise KeyError(verb)


def test_the_facts_are_read() -> None:
    assert len(commands()) == 97
    assert len(arguments()) > 100


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_command_of_airflow_is_there_or_says_what_to_use(
    slipstream: Slipstream, command: tuple[str, ...]
) -> None:
    done = slipstream(*command, "--help")
    if command in refused._COMMANDS:
        assert done.code == 2
        assert f"There is no {' '.join(command)} here. " in done.err
    else:
        assert done.code == 0, done.err
        assert "usage: slipstream" in done.out


@pytest.mark.parametrize(("noun", "verb", "argument"), arguments())
def test_a_flag_of_airflow_is_there_or_says_what_to_use(
    slipstream: Slipstream, noun: str, verb: str, argument: str
) -> None:
    if (noun, verb) in refused._COMMANDS:
        return
    if (noun, verb, argument) in refused._FLAGS:
        done = slipstream(noun, verb, "x", argument)
        assert done.code == 2
        assert f"There is no {argument} of {noun} {verb} here. " in done.err
        return
    actions = parser_of(noun, verb)._actions
    if argument.startswith("-"):
        assert argument in {option for action in actions for option in action.option_strings}
    else:
        assert [action for action in actions if not action.option_strings]


def test_all_of_them_are_completed() -> None:
    words = all_words()
    for command in commands():
        if command not in refused._COMMANDS and len(command) == 2:
            assert command[1] in words[command[:1]]
    assert "--run-id" in words["dags", "trigger"]
    assert "bash" in words["completion",]


def test_bash_completes(slipstream: Slipstream, tmp_path: Path) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(slipstream("completion", "bash").out)
    asked = """source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _slipstream
    echo "${COMPREPLY[@]}" """
    for line, wanted in [
        (["slipstream", "poo"], "pools"),
        (["slipstream", "pools", "ex"], "export"),
        (["slipstream", "dags", "trigger", "--run"], "--run-id"),
        (["slipstream", "dags", "trigger", "x", "--conf"], "--conf --config"),
    ]:
        done = subprocess.run(
            ["bash", "-c", asked, "bash", str(script), *line],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        assert sorted(done.stdout.split()) == wanted.split(), line


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_told_the_same_words(slipstream: Slipstream, shell: str) -> None:
    said = slipstream("completion", shell).out
    for word in ("pools", "list-runs", "run-id"):
        assert word in said
    assert slipstream("completion", "csh").code == 2
