"""Ending a program together with everything that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress

_STOPPED_SECONDS = 1.0
"""What a process that waits for a disk may take to stop; it is not waited for longer."""
_AT_REST = {"T", "t", "Z", "X", ""}
"""Stopped, traced, ended, gone."""


def end(process: subprocess.Popen[bytes], grace_seconds: float = 5.0) -> None:
    """Ask the process and all below it to end; after the grace they are killed.

    The processes stay in the process group of the task that started them, so that they also end
    when the whole group is killed from outside.
    """
    if process.poll() is not None:
        return
    pids = _held(process.pid)
    _send(pids, signal.SIGTERM)
    _send(pids, signal.SIGCONT)
    try:
        process.wait(timeout=grace_seconds)
    except subprocess.TimeoutExpired:
        pids = list({*pids, *_held(process.pid)})
    _send(pids, signal.SIGKILL)
    process.wait()


def _held(pid: int) -> list[int]:
    """The process and all below it, stopped, so that none of them starts another one meanwhile."""
    found: list[int] = []
    new = [pid]
    while new:
        _send(new, signal.SIGSTOP)
        for one in new:
            _await_stopped(one)
        found += new
        new = [below for below in descendants(pid) if below not in found]
    return found


def _await_stopped(pid: int) -> None:
    """Wait until the process has taken note of SIGSTOP: until then it may start another one."""
    deadline = time.monotonic() + _STOPPED_SECONDS
    while _state(pid) not in _AT_REST and time.monotonic() < deadline:
        time.sleep(0.0005)


def _state(pid: int) -> str:
    """The letter that proc(5) gives; empty where the process is gone or the system does not say."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0]
    except OSError:
        return ""


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
