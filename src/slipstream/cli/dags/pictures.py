"""A graph as a picture in the terminal: Graphviz draws it, imgcat shows it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Final

from slipstream.cli.errors import CommandFailedError, UsageError

_PROGRAMS: Final[Mapping[str, str]] = {
    "dot": "draws the picture. It is part of Graphviz: apt-get install graphviz, or brew install "
    "graphviz.",
    "imgcat": "shows the picture, in terminals that can (iTerm2, WezTerm …). It comes with them, "
    "or by pip install imgcat.",
}


def check_pictures(arguments: Namespace) -> None:
    """Raise what stands against showing pictures with `--imgcat`, if that was given: `UsageError`
    beside `--save`, `CommandFailedError` without the programs."""
    if not arguments.imgcat:
        return
    if arguments.save:
        raise UsageError("--save and --imgcat exclude each other: leave one of them out.")
    check_programs()


def check_programs() -> None:
    """Raise `CommandFailedError` for a program that is missing."""
    for program, about in _PROGRAMS.items():
        if shutil.which(program) is None:
            raise CommandFailedError(f"There is no {program} on the PATH, which {about}")


def show_picture(dot: str) -> None:
    """Draw the graph, given in DOT, and show it. Raises `CommandFailedError`."""
    check_programs()
    sys.stdout.flush()
    picture = _output_of(["dot", "-Tpng"], dot.encode())
    shown = _output_of(["imgcat"], picture)
    sys.stdout.buffer.write(shown)
    sys.stdout.buffer.flush()


def _output_of(command: list[str], given: bytes) -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or "it said nothing"
        raise CommandFailedError(f"{command[0]} failed with exit code {done.returncode}: {said}")
    return done.stdout
