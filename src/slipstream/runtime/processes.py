"""What the operating system knows of processes: their parents, their start times, their ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import cast

_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    """From now on, processes orphaned below the calling process become its children."""
    if sys.platform == "linux":
        _prctl()(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


@cache
def _prctl() -> Callable[..., int]:
    """The C library's prctl, looked up once: a forked child finds it ready."""
    return cast("Callable[..., int]", ctypes.CDLL(None).prctl)  # what ctypes gives is Any


def kill_group(group: int, number: int = signal.SIGKILL) -> bool:
    """Signal a process group; False where it has no member left, or none that we may signal."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    """Signal one process, if it is there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since the boot; None where it is gone.

    A number together with its start time names one process for ever: numbers are used again.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            stat = file.read()
    except OSError:
        return None
    # The second field is the command in parentheses and may hold anything, parentheses too.
    return int(stat.rpartition(b")")[2].split()[19])


def is_alive(pid: int) -> bool:
    """Whether the process exists and has not ended (a zombie has)."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] not in {b"Z", b"X"}
    except OSError:
        return False


def children_of(pid: int) -> Sequence[int]:
    """The direct children of a process, of all its threads."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with (
                contextlib.suppress(OSError),
                open(f"/proc/{pid}/task/{thread}/children", "rb") as file,
            ):
                found += map(int, file.read().split())
    return found


def own_children() -> Sequence[int]:
    """The direct children of the calling process, which must have a single thread."""
    try:
        listing = os.open("/proc/thread-self/children", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return children_of(os.getpid())
    try:
        text = b""
        while data := os.read(listing, 1 << 16):
            text += data
    finally:
        os.close(listing)
    return list(map(int, text.split()))


def descendants_of(pid: int) -> Sequence[int]:
    """Every process below this one, parents before children."""
    found: list[int] = []
    open_pids = [pid]
    while open_pids:
        below = children_of(open_pids.pop())
        found += below
        open_pids += below
    return found


def kill_tree(pid: int) -> None:
    """SIGKILL a process, its group and everything below it.

    The tree is read again until nothing new turns up, since a process may fork while it is read;
    what is below is stopped first so that it cannot.
    """
    seen: set[int] = set()
    kill(pid, signal.SIGSTOP)
    while below := [child for child in descendants_of(pid) if child not in seen]:
        for child in below:
            kill(child, signal.SIGSTOP)
        seen.update(below)
    kill_group(pid)
    kill(pid)
    for child in seen:
        kill_group(child)
        kill(child)


def environment_of(pid: int) -> Mapping[bytes, bytes]:
    """The environment that the process's program was started with; empty where it is hidden."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        return {}
    return dict(entry.split(b"=", 1) for entry in entries if b"=" in entry)


def all_pids() -> Iterable[int]:
    """The numbers of all processes of the machine."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []


def private_bytes(pid: int | str = "self") -> int:
    """Memory that would be free if this process ended; 0 where it cannot be known."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith(b"Private_")) * 1024


def describe_exit(status: int | None) -> str:
    """What an exit status says to people: `exit code 3`, or the signal with its usual cause; None
    where nobody could learn it."""
    if status is None:
        return "for no known reason"
    if status >= 0:
        return f"exit code {status}"
    try:
        number = signal.Signals(-status)
    except ValueError:
        return f"killed by signal {-status}"
    hints = {
        signal.SIGKILL: " (often out of memory)",
        signal.SIGSEGV: " (a crash in native code)",
        signal.SIGABRT: " (native code gave up)",
        signal.SIGBUS: " (a crash in native code, or a full disk below a memory map)",
    }
    return f"killed by signal {number} {number.name}{hints.get(number, '')}"
