"""Runs, tasks and groups of another DAG: where they stand, seen by who waits for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from slipstream.model.states import TaskState
from slipstream.sdk._dag_run import split_instance_key

if TYPE_CHECKING:
    from slipstream.sdk._backend import Backend


SHORTEST_PAUSE_SECONDS = 0.05
"""Between two looks, however much happens in the other DAG."""


class Verdict(StrEnum):
    """What has become of what is waited for."""

    WAITING = "waiting"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class External:
    """What is waited for: whole runs, or tasks or a group in them.

    The runs are given by their logical dates or by their ids. All of it has to come to an allowed
    state. A failed or skipped state of any part of it ends the wait.
    """

    dag_id: str
    logical_dates: Sequence[datetime] = ()
    run_ids: Sequence[str] = ()
    task_ids: Collection[str] = ()
    group_id: str | None = None
    allowed: Collection[str | None] = field(default_factory=lambda: ("success",))
    failed: Collection[str | None] = ()
    skipped: Collection[str | None] = ()

    def look(self, backend: Backend) -> Verdict:
        """Where it stands now."""
        if not self.task_ids and self.group_id is None:
            return self._look_at_runs(backend)
        runs = backend.get_task_states(
            dag_id=self.dag_id,
            task_ids=sorted(set(self.task_ids)) if self.group_id is None else None,
            group_id=self.group_id,
            run_ids=list(self.run_ids),
            logical_dates=list(self.logical_dates),
        )
        parts = [self._parts(run) for run in runs.values()]
        found = {state for run in parts for instances in run.values() for state in instances}
        if found & set(self.failed):
            return Verdict.FAILED
        if found & set(self.skipped):
            return Verdict.SKIPPED
        needed = set(self.task_ids)
        is_complete = len(parts) >= self._expected and all(
            run and needed <= run.keys() for run in parts
        )
        return Verdict.SUCCESS if is_complete and found <= set(self.allowed) else Verdict.WAITING

    def _look_at_runs(self, backend: Backend) -> Verdict:
        def count(states: Collection[str | None]) -> int:
            wanted = [state for state in states if state is not None]
            if not wanted:
                return 0
            return backend.count_runs(
                dag_id=self.dag_id,
                run_ids=list(self.run_ids),
                logical_dates=list(self.logical_dates),
                states=wanted,
            )

        if count(self.failed):
            return Verdict.FAILED
        if count(self.skipped):
            return Verdict.SKIPPED
        return Verdict.SUCCESS if count(self.allowed) >= self._expected else Verdict.WAITING

    @property
    def _expected(self) -> int:
        """How many runs there have to be."""
        return len(set(self.run_ids)) if self.run_ids else len(set(self.logical_dates))

    def _parts(self, run: Mapping[str, str | None]) -> dict[str, list[str | None]]:
        """`{task_id: states of its instances}`; instances that a shorter map left over are gone."""
        parts: dict[str, list[str | None]] = {}
        for task_id, state in self._instances(run):
            if state != TaskState.REMOVED or TaskState.REMOVED in self.allowed:
                parts.setdefault(task_id, []).append(state)
        return parts

    def _instances(self, run: Mapping[str, str | None]) -> Iterator[tuple[str, str | None]]:
        for key, state in run.items():
            if self.group_id is None:
                yield split_instance_key(key, set(self.task_ids))[0], state
            else:
                yield key, state
