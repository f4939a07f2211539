"""Other Python processes that work on a store at the same time as the test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

DEADLINE_SECONDS = 60


def start(program: str, *arguments: str, stdin: int = subprocess.PIPE) -> subprocess.Popen[str]:
    """A process that runs the program, with this one's import path."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )


def run(program: str, *arguments: str) -> str:
    """What the program prints; it must succeed."""
    process = start(program, *arguments)
    out, err = process.communicate(timeout=DEADLINE_SECONDS)
    assert process.returncode == 0, err
    return out


def wait_for(process: subprocess.Popen[str], line: str) -> None:
    """Read what the process prints up to this line; it must come."""
    assert process.stdout is not None
    for found in process.stdout:
        if found.strip() == line:
            return
    raise AssertionError(f"It ended without a word of {line!r}: {process.communicate()[1]}")


@contextmanager
def at_a_line(program: str, *each: Sequence[str]) -> Iterator[list[subprocess.Popen[str]]]:
    """One process for the arguments in each of `each`, all let go at the same moment.

    The program prints `ready` when it is, then waits for the end of its input.
    """
    line, held = os.pipe()
    processes = [start(program, *arguments, stdin=line) for arguments in each]
    os.close(line)
    try:
        for process in processes:
            wait_for(process, "ready")
        os.close(held)
        held = -1
        yield processes
    finally:
        if held != -1:
            os.close(held)
        for process in processes:
            process.kill()
            process.communicate()


def succeed(processes: list[subprocess.Popen[str]]) -> None:
    """All of them must end well."""
    for process in processes:
        err = process.communicate(timeout=DEADLINE_SECONDS)[1]
        assert process.returncode == 0, err
