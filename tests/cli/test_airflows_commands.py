"""Every command of Airflow's command line is there; its flags are, or say what to use instead."""

from __future__ import annotations

import argparse
import ast
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

from slipstream.cli import refused
from slipstream.cli.completion import all_words
from slipstream.cli.dispatch import NOUNS
from slipstream.cli.grammar import Group, Parser

FOLDER = Path(__file__).parent / "facts"
FACTS = (FOLDER / "commands.txt").read_text().splitlines()
WHOLE = (FOLDER / "arguments.txt").read_text().splitlines()
"""`command: its arguments` of every command of Airflow 3.3.2, as its parser has them."""


def commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for line in FACTS:
        listed = re.fullmatch(r"(\(top\)|[\w-]+) \(\d+\): (.*)", line)
        if listed:
            noun, verbs = listed[1], listed[2].split(", ")
            found += [(verb,) if noun == "(top)" else (noun, verb) for verb in verbs]
    return found


def arguments() -> list[tuple[str, str, str]]:
    found = set()
    for line in FACTS:
        listed = re.fullmatch(r"([\w-]+) ([\w-]+) (\[.*\])", line)
        if listed:
            found |= {(listed[1], listed[2], one) for one in ast.literal_eval(listed[3])}
    for line in WHOLE:
        command, _, taken = line.partition(": ")
        noun, _, verb = command.partition(" ")
        found |= {(noun, verb, one) for one in taken.split()}
    return sorted(found)


def parser_of(noun: str, verb: str) -> argparse.ArgumentParser:
    parser = Parser(prog="slipstream").add_subparsers().add_parser(noun)
    import_module(NOUNS[noun][0]).add_commands(Group(parser, noun))
    if not verb:
        return parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found: argparse.ArgumentParser = action.choices[verb]
            return found
    raise KeyError(verb)


def test_the_facts_are_read() -> None:
    assert len(commands()) == 97
    assert len(arguments()) > 500
    assert {tuple(line.partition(":")[0].split()) for line in WHOLE} == set(commands())


@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_a_command_of_airflow_is_there(slipstream: Slipstream, command: tuple[str, ...]) -> None:
    done = slipstream(*command, "--help")
    assert done.code == 0, done.err
    assert "usage: slipstream" in done.out


@pytest.mark.parametrize(("noun", "verb", "argument"), arguments())
def test_a_flag_of_airflow_is_there_or_says_what_to_use(
    slipstream: Slipstream, noun: str, verb: str, argument: str
) -> None:
    command = (noun, verb) if verb else (noun,)
    if (noun, verb, argument) in refused._FLAGS:
        done = slipstream(*command, "x", argument)
        assert done.code == 2
        assert f"There is no {argument} of {' '.join(command)} here. " in done.err
        return
    actions = parser_of(noun, verb)._actions
    if argument.startswith("-"):
        assert argument in {option for action in actions for option in action.option_strings}
    else:
        assert [action for action in actions if not action.option_strings]


def test_all_of_them_are_completed() -> None:
    words = all_words()
    for command in commands():
        if len(command) == 2:
            assert command[1] in words[command[:1]].commands
    assert "--run-id" in words["dags", "trigger"].words
    assert "bash" in words["completion",].words
    assert "json" in words["dags", "list"].values["-o"]
    assert "pools" in words[()].commands


LINES = {
    "poo": "pools",
    "pools ex": "export",
    "--server http://there pools ex": "export",
    "dags trigger --run": "--run-id",
    "dags trigger x --conf": "--conf --config",
    "dags list --output js": "json",
    "dags list -o ": "table json yaml plain",
    "pools import ": "--help --home --config --server",
}
"""`{what is typed: what is offered}`."""


def completed(shell: str, script: Path, line: str, commands: str) -> list[str]:
    """What the shell offers where the line is completed by these commands."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed: its completion was not tried")
    done = subprocess.run(
        [found, *(["-f"] if shell == "zsh" else []), "-c", commands, str(script), line],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert not done.stderr
    return sorted(done.stdout.split())


@pytest.mark.parametrize("line", LINES)
def test_bash_completes(slipstream: Slipstream, tmp_path: Path, line: str) -> None:
    script = tmp_path / "completion.bash"
    script.write_text(slipstream("completion", "bash").out)
    asked = """source "$0"; COMP_WORDS=(slipstream $1); [ "${1% }" = "$1" ] || COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _slipstream; echo "${COMPREPLY[@]}" """
    assert completed("bash", script, line, asked) == sorted(LINES[line].split())


@pytest.mark.parametrize("line", LINES)
def test_zsh_completes(slipstream: Slipstream, tmp_path: Path, line: str) -> None:
    script = tmp_path / "completion.zsh"
    script.write_text(slipstream("completion", "zsh").out)
    # What the completion system of an interactive shell does with what is offered.
    asked = """compdef() { :; }; source "$0"
    compadd() { shift; for one in "$@"; do [[ $one == ${line[CURRENT]}* ]] && echo $one; done
    true; }
    words=(slipstream ${=1}); [[ $1 == *" " ]] && words+=(""); CURRENT=${#words}; _slipstream"""
    assert completed("zsh", script, line, asked) == sorted(LINES[line].split())


@pytest.mark.parametrize("line", LINES)
def test_fish_completes(slipstream: Slipstream, tmp_path: Path, line: str) -> None:
    script = tmp_path / "completion.fish"
    script.write_text(slipstream("completion", "fish").out)
    asked = 'source $argv[1]; complete -C "slipstream $argv[2]"'
    assert completed("fish", script, line, asked) == sorted(LINES[line].split())


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_are_told_the_same_words(slipstream: Slipstream, shell: str) -> None:
    said = slipstream("completion", shell).out
    for word in ("pools", "list-runs", "run-id"):
        assert word in said
    assert slipstream("completion", "csh").code == 2
