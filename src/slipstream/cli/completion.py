"""`slipstream completion SHELL`: what a shell needs to complete command lines.

The words are read out of the grammar once, when the script is made: completing starts no Python.
"""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib import import_module

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group, Parser

Words = Mapping[tuple[str, ...], Sequence[str]]
"""`{command: the words that may follow}`; the empty command is `slipstream` itself."""


def add_commands(group: Group) -> None:
    """A command without verbs."""
    parser = group.command(show)
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def show(_deployment: Deployment, arguments: Namespace) -> None:
    """Print the script."""
    words = all_words()
    print(_fish(words) if arguments.shell == "fish" else _bash(words, arguments.shell))


def all_words() -> Words:
    """The whole grammar."""
    from slipstream.cli.dispatch import NOUNS

    found: dict[tuple[str, ...], Sequence[str]] = {(): [*sorted(NOUNS), "--version", "--help"]}
    for noun, (module, _) in NOUNS.items():
        subparsers = Parser(prog="slipstream").add_subparsers()
        parser = subparsers.add_parser(noun)
        import_module(module).add_commands(Group(parser, noun))
        found[(noun,)] = [*_verbs(parser), *_options(parser)]
        for verb, below in _verbs(parser).items():
            found[(noun, verb)] = [*_verbs(below), *_options(below)]
    return found


def _verbs(parser: argparse.ArgumentParser) -> Mapping[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _options(parser: argparse.ArgumentParser) -> list[str]:
    found: list[str] = []
    for action in parser._actions:
        if action.help is not argparse.SUPPRESS:
            found += [option for option in action.option_strings if option.startswith("--")]
            if not action.option_strings and not isinstance(action, argparse._SubParsersAction):
                found += [str(choice) for choice in action.choices or ()]
    return found


def _bash(words: Words, shell: str) -> str:
    cases = "\n".join(
        f'    "{" ".join(command)}") words="{" ".join(follow)}" ;;'
        for command, follow in words.items()
        if command
    )
    begin = "autoload -U +X bashcompinit && bashcompinit\n" if shell == "zsh" else ""
    return f"""{begin}_slipstream() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" command="" count=0 word words
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$word" in -*) continue ;; esac
    count=$((count + 1))
    [ $count -le 2 ] && command="${{command:+$command }}$word"
  done
  words=""
  while :; do
    case "$command" in
    "") words="{" ".join(words[()])}" ;;
{cases}
    esac
    [ -n "$words" ] && break
    case "$command" in *" "*) command="${{command% *}}" ;; *) break ;; esac
  done
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
}}
complete -o default -F _slipstream slipstream"""


def _fish(words: Words) -> str:
    lines = ["complete -c slipstream -f"]
    for command, follow in words.items():
        if not command:
            seen = "__fish_use_subcommand"
        elif len(command) == 1:
            seen = f"__fish_seen_subcommand_from {command[0]}"
        else:
            noun, verb = command
            seen = f"__fish_seen_subcommand_from {noun}; and __fish_seen_subcommand_from {verb}"
        for word in follow:
            given = f"-l {word[2:]}" if word.startswith("--") else f"-a {word}"
            lines.append(f"complete -c slipstream -n '{seen}' {given}")
    return "\n".join(lines)
