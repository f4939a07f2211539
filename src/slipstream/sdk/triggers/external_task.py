"""Triggers that wait for runs and tasks of another DAG."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from slipstream.sdk._external import SHORTEST_PAUSE_SECONDS, External, Verdict
from slipstream.sdk._running import require_backend
from slipstream.sdk._triggers import BaseTrigger, TriggerEvent
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._backend import Backend


class WorkflowTrigger(BaseTrigger):
    """Fires with `{"status": …}`, `success`, `failed` or `skipped`, as the other DAG's runs, tasks
    or group have come to one of the states; see `ExternalTaskSensor`."""

    def __init__(
        self,
        external_dag_id: str,
        run_ids: list[str] | None = None,
        execution_dates: list[datetime] | None = None,
        logical_dates: list[datetime] | None = None,
        external_task_ids: Collection[str] | None = None,
        external_task_group_id: str | None = None,
        failed_states: Collection[str] | None = None,
        skipped_states: Collection[str] | None = None,
        allowed_states: Collection[str] | None = None,
        poke_interval: float = 2.0,
        soft_fail: bool = False,
        **_: UserValue,
    ) -> None:
        super().__init__()
        self.external_dag_id = external_dag_id
        self.run_ids = run_ids
        self.logical_dates = logical_dates or execution_dates
        self.external_task_ids = external_task_ids
        self.external_task_group_id = external_task_group_id
        self.failed_states = failed_states
        self.skipped_states = skipped_states
        self.allowed_states = allowed_states
        self.poke_interval = poke_interval
        self.soft_fail = soft_fail

    def serialize(self) -> tuple[str, dict[str, UserValue]]:
        """See `BaseTrigger`."""

        def plain(states: Collection[str] | None) -> list[str] | None:
            return None if states is None else [str(state) for state in states]

        return (
            f"{WorkflowTrigger.__module__}.{WorkflowTrigger.__qualname__}",
            {
                "external_dag_id": self.external_dag_id,
                "run_ids": self.run_ids,
                "logical_dates": self.logical_dates,
                "external_task_ids": plain(self.external_task_ids),
                "external_task_group_id": self.external_task_group_id,
                "failed_states": plain(self.failed_states),
                "skipped_states": plain(self.skipped_states),
                "allowed_states": plain(self.allowed_states),
                "poke_interval": self.poke_interval,
                "soft_fail": self.soft_fail,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look whenever something has happened in the DAG, and after the interval at the latest."""
        backend = require_backend()
        external = External(
            dag_id=self.external_dag_id,
            logical_dates=self.logical_dates or (),
            run_ids=self.run_ids or (),
            task_ids=self.external_task_ids or (),
            group_id=self.external_task_group_id,
            allowed=self.allowed_states or ("success",),
            failed=self.failed_states or (),
            skipped=self.skipped_states or (),
        )
        found = await _wait_for(external, backend, self.poke_interval)
        if found is Verdict.FAILED and self.soft_fail:
            found = Verdict.SKIPPED
        yield TriggerEvent({"status": found.value})


class DagStateTrigger(BaseTrigger):
    """Fires when all of some runs of a DAG have come to one of the states.

    The event is its own import path and arguments, with the state of each run under its id.
    """

    def __init__(
        self,
        dag_id: str,
        states: Sequence[str],
        run_ids: list[str] | None = None,
        execution_dates: list[datetime] | None = None,
        poll_interval: float = 5.0,
    ) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.states = states
        self.run_ids = run_ids
        self.execution_dates = execution_dates
        self.poll_interval = poll_interval

    def serialize(self) -> tuple[str, dict[str, UserValue]]:
        """See `BaseTrigger`."""
        return (
            f"{DagStateTrigger.__module__}.{DagStateTrigger.__qualname__}",
            {
                "dag_id": self.dag_id,
                "states": [str(state) for state in self.states],
                "run_ids": self.run_ids,
                "execution_dates": self.execution_dates,
                "poll_interval": self.poll_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look whenever something has happened in the DAG, and after the interval at the latest."""
        backend = require_backend()
        external = External(
            dag_id=self.dag_id,
            run_ids=self.run_ids or (),
            logical_dates=self.execution_dates or (),
            allowed=list(self.states),
        )
        await _wait_for(external, backend, self.poll_interval)
        path, arguments = self.serialize()
        found = await asyncio.to_thread(self._states_of_runs, backend)
        yield TriggerEvent((path, {**arguments, **found}))

    def _states_of_runs(self, backend: Backend) -> dict[str, str | None]:
        return {
            run_id: backend.get_run_state(dag_id=self.dag_id, run_id=run_id)
            for run_id in self.run_ids or ()
        }


async def _wait_for(external: External, backend: Backend, interval_seconds: float) -> Verdict:
    """What becomes of it. The looks themselves are made in another thread."""
    seen = await backend.change_after(dag_id=external.dag_id, seen=None, seconds=0)
    while (found := await asyncio.to_thread(external.look, backend)) is Verdict.WAITING:
        # A busy DAG changes all the time; not every change is worth a look.
        shortest = min(interval_seconds, SHORTEST_PAUSE_SECONDS)
        await asyncio.sleep(shortest)
        seen = await backend.change_after(
            dag_id=external.dag_id, seen=seen, seconds=interval_seconds - shortest
        )
    return found
