"""Ending what an earlier server of the same home left behind.

The lifeline ends all that a dead server had started, but for processes that left their group and
outlived the root zygote too. Every process below a server carries the server's name in the
environment that it was started with, so whatever still does is found, whoever its parent is now.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from slipstream.runtime import processes
from slipstream.runtime.environment import LINEAGE

_PATIENCE_SECONDS = 5.0
_LOOK_SECONDS = 0.005


def end_leftovers(run_dir: Path) -> Sequence[int]:
    """Kill every process of a server of this home that is no more; gives their numbers.

    Returns when they are gone, or after 5 seconds.
    """
    found = [pid for pid in processes.all_pids() if _is_left_over(pid, run_dir)]
    for pid in found:
        processes.kill_tree(pid)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while any(processes.is_alive(pid) for pid in found) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
    return found


def _is_left_over(pid: int, run_dir: Path) -> bool:
    mark = processes.environment_of(pid).get(LINEAGE.encode())
    if mark is None or pid == os.getpid():
        return False
    home, _, server = mark.decode(errors="replace").partition("|")
    if home != str(run_dir):
        return False
    server_pid, _, started = server.partition("|")
    return not (server_pid.isdigit() and str(processes.start_time(int(server_pid))) == started)
