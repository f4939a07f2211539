"""Commands and flags of Airflow that mean nothing here: each says what to use instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from slipstream.cli.errors import UsageError

_COMMANDS: Final[Mapping[tuple[str, ...], str]] = {
    ("db-manager", "downgrade"): "slipstream db downgrade takes all tables back.",
    ("db-manager", "migrate"): "slipstream db migrate brings all tables up to date.",
    ("db-manager", "reset"): "slipstream db reset drops everything and creates it anew.",
    ("db-manager",): "slipstream db has what there is: all tables are one schema.",
}


def _each(noun: str, verb: str, said: str, *flags: str) -> Mapping[tuple[str, str, str], str]:
    return {(noun, verb, flag): said for flag in flags}


_FLAGS: Final[Mapping[tuple[str, str, str], str]] = {
    **{
        (noun, "", flag): "DAG files are read again by themselves; leave it out."
        for noun in ("dag-processor", "scheduler", "triggerer")
        for flag in ("--dev", "-d")
    },
    **_each(
        "api-server",
        "",
        "DAG files are read again by themselves; after a change of a plugin start it again.",
        *("--dev", "-d"),
    ),
    **_each("info", "", "Nothing is uploaded: send what it prints.", "--file-io"),
}


def refuse(arguments: Sequence[str], nouns: Mapping[str, object]) -> None:
    """Raises `UsageError`, which says what to use, for what is there in Airflow and not here."""
    words = [word for word in arguments if not word.startswith("-")]
    for length in (2, 1):
        command = tuple(words[:length])
        if command in _COMMANDS and not (length == 1 and command[0] in nouns):
            raise UsageError(f"There is no {' '.join(command)} here. {_COMMANDS[command]}")
    noun, verb = [*words, "", ""][:2]
    for word in arguments:
        flag = word.partition("=")[0]
        for command in ((noun, verb), (noun, "")):
            said = _FLAGS.get((*command, flag))
            if said is not None:
                raise UsageError(f"There is no {flag} of {' '.join(command).strip()} here. {said}")
