"""Reading and writing the files that `import` and `export` verbs name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from slipstream.cli.errors import CommandFailedError
from slipstream.model.json import JsonValue

STANDARD = "-"
"""The file name that stands for standard input or output."""


def read_text(name: str) -> str:
    """The text of a file, or of standard input."""
    if name == STANDARD:
        return sys.stdin.read()
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailedError(f"{name} cannot be read: {error}.") from error


def write_text(name: str, text: str) -> None:
    """Write a file readable for its owner only (it may hold secrets), or to standard output."""
    if name == STANDARD:
        print(text, end="" if text.endswith("\n") else "\n")
        return
    path = Path(name)
    try:
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandFailedError(f"{name} cannot be written: {error.strerror}.") from error


def tell_written(name: str, sentence: str) -> None:
    """Say that a file was written. Standard output holds what is in it, and nothing else."""
    if name != STANDARD:
        print(sentence)


def parse_object(name: str, text: str) -> Mapping[str, JsonValue]:
    """The object in a JSON file, or in a YAML file by its ending."""
    try:
        if name.endswith((".yaml", ".yml")):
            import yaml

            value = yaml.safe_load(text)
        else:
            import json

            value = json.loads(text)
    except ValueError as error:
        raise CommandFailedError(f"{name} is not valid: {error}.") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "yaml":
            raise
        line = " ".join(str(error).split())
        raise CommandFailedError(f"{name} is not valid YAML: {line}.") from error
    if not isinstance(value, dict):
        found = type(value).__name__
        raise CommandFailedError(f"{name} holds a {found}; expected an object of named entries.")
    return value


def parse_env(name: str, text: str) -> Mapping[str, str]:
    """The `KEY=value` lines of a file; empty lines and comments are passed over."""
    entries: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        key, separator, value = stripped.partition("=")
        if not separator or not key:
            raise CommandFailedError(f"{name}:{number} is {line!r}; expected KEY=value.")
        entries[key.strip()] = value.strip()
    return entries
