"""The outside of a task, in memory: variables, connections and XComs for a run without a server."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.run import UNMAPPED, TaskKey
from slipstream.model.states import TaskState
from slipstream.runtime.masking import Masker
from slipstream.sdk._backend import StoredConnection

States: TypeAlias = Callable[[], Mapping[TaskKey, TaskState]]


class MemoryBackend:
    """Implements `slipstream.sdk._backend.Backend` for one run of one DAG."""

    def __init__(
        self,
        dag_id: str,
        run_id: str,
        *,
        variables: Mapping[str, str] | None = None,
        connections: Mapping[str, StoredConnection] | None = None,
        groups: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """`groups` is `{group id: ids of all tasks in it}`."""
        self._own = dag_id, run_id
        self._variables = dict(variables or {})
        self._connections = dict(connections or {})
        self._states: States = dict
        self._run_state: Callable[[], str] = lambda: "running"
        self._groups = groups or {}
        self._xcoms: dict[tuple[str, str, str, str], dict[int, str]] = {}
        self.running = TaskKey("")
        """The task instance that runs now."""
        self.masker = Masker()
        self.lengths: dict[str, int] = {}
        """`{xcom key: items}` of what the running attempt has pushed."""
        self.rendered: Mapping[str, JsonValue] = {}
        """The rendered template fields of the attempt that ran last."""

    def watch(self, states: States, run_state: Callable[[], str]) -> None:
        """From now on these say how the run stands."""
        self._states = states
        self._run_state = run_state

    def get_variable(self, key: str) -> str | None:
        """See `Backend`."""
        return self._variables.get(key)

    def set_variable(self, key: str, value: str, description: str | None) -> None:
        """See `Backend`."""
        del description
        self._variables[key] = value

    def delete_variable(self, key: str) -> bool:
        """See `Backend`."""
        return self._variables.pop(key, None) is not None

    def get_connection(self, conn_id: str) -> StoredConnection | None:
        """See `Backend`."""
        return self._connections.get(conn_id)

    def get_xcom(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int | None,
        key: str,
        include_prior_dates: bool = False,
    ) -> str | None:
        """See `Backend`. There are no prior dates."""
        del include_prior_dates
        values = self._xcoms.get((dag_id, run_id, task_id, key), {})
        if map_index is not None:
            return values.get(map_index)
        return values[min(values)] if values else None

    def get_xcoms(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        key: str,
        start: int | None = None,
        stop: int | None = None,
        step: int | None = None,
        include_prior_dates: bool = False,
    ) -> Sequence[str]:
        """See `Backend`. There are no prior dates."""
        del include_prior_dates
        values = self._xcoms.get((dag_id, run_id, task_id, key), {})
        return [values[index] for index in sorted(values)][slice(start, stop, step)]

    def count_xcoms(self, *, dag_id: str, run_id: str, task_id: str, key: str) -> int:
        """See `Backend`."""
        return len(self._xcoms.get((dag_id, run_id, task_id, key), {}))

    def set_xcom(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int,
        key: str,
        value: str,
        length: int | None,
    ) -> None:
        """See `Backend`."""
        self._xcoms.setdefault((dag_id, run_id, task_id, key), {})[map_index] = value
        if length is not None:
            self.lengths[key] = length

    def delete_xcom(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
    ) -> None:
        """See `Backend`."""
        self._xcoms.get((dag_id, run_id, task_id, key), {}).pop(map_index, None)

    def take_xcoms(self, *, with_values: bool) -> Mapping[str, str]:
        """See `Backend`."""
        taken = {}
        for (dag_id, run_id, task_id, name), values in self._xcoms.items():
            if (dag_id, run_id, task_id) == (*self._own, self.running.task_id):
                text = values.pop(self.running.map_index, None)
                if text is not None:
                    taken[name] = text if with_values else ""
        return taken

    def set_rendered_fields(self, fields: Mapping[str, JsonValue]) -> None:
        """See `Backend`."""
        self.rendered = fields

    def get_previous_run(
        self, *, dag_id: str, logical_date: datetime | None, run_id: str, state: str | None
    ) -> Mapping[str, JsonValue] | None:
        """See `Backend`. There is no run but this one."""
        del dag_id, logical_date, run_id, state
        return None

    def get_task_states(
        self,
        *,
        dag_id: str,
        task_ids: Sequence[str] | None,
        group_id: str | None,
        run_ids: Sequence[str],
        logical_dates: Sequence[datetime],
        map_index: int = UNMAPPED,
    ) -> Mapping[str, Mapping[str, str | None]]:
        """See `Backend`. Of other runs nothing is known."""
        del logical_dates
        own_dag, own_run = self._own
        if dag_id != own_dag or (run_ids and own_run not in run_ids):
            return {}
        wanted = self._groups.get(group_id, ()) if group_id is not None else task_ids
        found: dict[str, str | None] = {}
        for key, state in self._states().items():
            if wanted is not None and key.task_id not in wanted:
                continue
            if map_index not in (UNMAPPED, key.map_index):
                continue
            name = key.task_id if key.map_index == UNMAPPED else f"{key.task_id}_{key.map_index}"
            found[name] = None if state is TaskState.NONE else state.value
        return {own_run: found}

    def get_run_state(self, *, dag_id: str, run_id: str) -> str | None:
        """See `Backend`. Of other runs nothing is known."""
        return self._run_state() if (dag_id, run_id) == self._own else None

    def count_runs(
        self,
        *,
        dag_id: str,
        run_ids: Sequence[str],
        logical_dates: Sequence[datetime],
        states: Sequence[str],
    ) -> int:
        """See `Backend`. There is no run but this one."""
        del logical_dates
        own_dag, own_run = self._own
        is_own = dag_id == own_dag and (not run_ids or own_run in run_ids)
        return int(is_own and (not states or self._run_state() in states))

    def trigger_run(
        self,
        *,
        dag_id: str,
        run_id: str | None,
        logical_date: datetime | None,
        conf: Mapping[str, JsonValue],
        note: str | None,
        reset_existing: bool,
    ) -> str:
        """Raises `NotFoundError`: there is nothing here that could run another DAG."""
        del run_id, logical_date, conf, note, reset_existing
        raise NotFoundError(
            f"DAG {dag_id!r} cannot be started here: this run is by itself, without a server. "
            "Mark the task as done with mark_success_pattern."
        )

    def mask_secret(self, value: str) -> None:
        """See `Backend`."""
        self.masker.add([value])
