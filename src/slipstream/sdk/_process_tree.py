"""Ending a program together with everything that it started."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress


def end(process: subprocess.Popen[bytes], grace_seconds: float = 5.0) -> None:
    """Ask the process and all below it to end; after the grace they are killed.

    The processes stay in the process group of the task that started them, so that they also end
    when the whole group is killed from outside.
    """
    if process.poll() is not None:
        return
    pids = [process.pid, *descendants(process.pid)]
    _send(pids, signal.SIGTERM)
    try:
        process.wait(timeout=grace_seconds)
    except subprocess.TimeoutExpired:
        pids = list({*pids, *descendants(process.pid)})
    _send(pids, signal.SIGKILL)
    process.wait()


def descendants(pid: int) -> list[int]:
    """The processes below one, where the system tells (Linux does); nearest first."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = _children(waiting.pop(0))
        found += below
        waiting += below
    return found


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:
                children += [int(child) for child in file.read().split()]
    return children


def _send(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
