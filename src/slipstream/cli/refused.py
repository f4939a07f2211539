"""Flags of Airflow that mean nothing here: each says what to use instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from slipstream.cli.errors import UsageError


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


def refuse(arguments: Sequence[str]) -> None:
    """Raises `UsageError`, which says what to use, for what is there in Airflow and not here."""
    words = [word for word in arguments if not word.startswith("-")]
    noun, verb = [*words, "", ""][:2]
    for word in arguments:
        flag = word.partition("=")[0]
        for command in ((noun, verb), (noun, "")):
            said = _FLAGS.get((*command, flag))
            if said is not None:
                raise UsageError(f"There is no {flag} of {' '.join(command).strip()} here. {said}")
