"""What must be true of a run before its time counts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.result import CheckFailedError


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution of a task, as it wrote it down itself."""

    task_id: str
    map_index: int
    pid: int
    born: int
    """When its process began, in clock ticks since the machine did: tells equal pids apart."""
    begun: float
    ended: float


def read_trace(folder: Path, dag_id: str) -> list[Execution]:
    """What ran of a DAG, and forget it."""
    file = folder / dag_id
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return [Execution(*json.loads(line)) for line in lines]


def require(condition: bool, found: str) -> None:
    """Raise `CheckFailedError` unless the condition holds."""
    if not condition:
        raise CheckFailedError(found)


def each_ran_once(ran: Collection[Execution], expected: Collection[tuple[str, int]]) -> None:
    """Every expected instance ran, once, and nothing else did."""
    counted = Counter((one.task_id, one.map_index) for one in ran)
    again = [key for key, count in counted.items() if count > 1]
    require(not again, f"ran more than once: {again[:5]}")
    missing = set(expected) - set(counted)
    require(not missing, f"{len(missing)} did not run, such as {sorted(missing)[:5]}")
    require(len(counted) == len(expected), "something ran that was not asked for")


def each_in_its_own_process(ran: Collection[Execution]) -> None:
    """No two executions shared a process."""
    processes = {(one.pid, one.born) for one in ran}
    require(len(processes) == len(ran), f"{len(ran)} executions in {len(processes)} processes")


def none_overlapped(ran: Collection[Execution]) -> None:
    """Each began after the one before it had ended."""
    for earlier, later in pairwise(sorted(ran, key=lambda one: one.begun)):
        require(
            earlier.ended <= later.begun and earlier.task_id < later.task_id,
            f"{later.task_id} began before {earlier.task_id} had ended",
        )


def all_in_success(states: Mapping[str, int], expected: int) -> None:
    """The database has every instance, all in success."""
    require(dict(states) == {"success": expected}, f"states in the database: {dict(states)}")
