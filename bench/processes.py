"""Processes that a benchmark started: what they use, and their end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psutil

from bench.result import NotReadyError

T = TypeVar("T")
MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a tree of processes holds and burns."""

    processes: int
    pss_mb: float
    """Proportional set size: shared pages are counted once, divided among those who share."""
    cpu_seconds: float


def tree(root: int) -> list[psutil.Process]:
    """A process and all that descend from it."""
    try:
        top = psutil.Process(root)
        return [top, *top.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def use(root: int) -> Use:
    """What a process and all its descendants use at this moment."""
    count, pss, cpu = 0, 0, 0.0
    for process in tree(root):
        try:
            pss += process.memory_full_info().pss
            times = process.cpu_times()
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
        cpu += times.user + times.system + times.children_user + times.children_system
        count += 1
    return Use(processes=count, pss_mb=pss / MEGABYTE, cpu_seconds=cpu)


def stop(process: subprocess.Popen[bytes], grace_seconds: float = 15) -> int:
    """End a process that we started, with its descendants; gives how many had to be killed."""
    members = tree(process.pid)
    process.terminate()
    try:
        process.wait(grace_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)
    left = [member for member in members[1:] if member.is_running()]
    _, left = psutil.wait_procs(left, timeout=2)
    for member in left:
        member.kill()
    psutil.wait_procs(left, timeout=5)
    return len(left)


def wait_for(
    probe: Callable[[], T | None], *, what: str, limit_seconds: float, pause_seconds: float = 0.005
) -> T:
    """The first answer of `probe` that is not None. Raises `NotReadyError` at the limit."""
    end = time.monotonic() + limit_seconds
    while (answer := probe()) is None:
        if time.monotonic() > end:
            raise NotReadyError(f"{what} took longer than {limit_seconds:.0f} s")
        time.sleep(pause_seconds)
    return answer
