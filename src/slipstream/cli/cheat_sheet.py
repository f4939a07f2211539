"""`slipstream cheat-sheet`: every command on one page."""

from __future__ import annotations

import argparse
from argparse import Namespace
from collections.abc import Iterator
from importlib import import_module

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group, Parser


def add_commands(group: Group) -> None:
    """A command without verbs."""
    group.command(show)


def show(_deployment: Deployment, _arguments: Namespace) -> None:
    """Print every command with what it does."""
    from slipstream.cli.dispatch import NOUNS

    nouns = Parser(prog="slipstream").add_subparsers(parser_class=Parser)
    lines: list[tuple[str, str]] = []
    for noun, (module, about) in NOUNS.items():
        parser = nouns.add_parser(noun)
        import_module(module).add_commands(Group(parser, noun))
        verbs = list(_verbs(parser))
        lines += [(f"{noun} {verb}", said) for verb, said in verbs] or [(noun, about)]
    width = max(len(words) for words, _ in lines)
    for words, about in sorted(lines):
        print(f"slipstream {words:{width}}  {about}")


def _verbs(parser: argparse.ArgumentParser) -> Iterator[tuple[str, str]]:
    for action in parser._actions:  # argparse has no other way to them
        if isinstance(action, argparse._SubParsersAction):
            for choice in action._choices_actions:
                yield choice.dest, choice.help or ""
