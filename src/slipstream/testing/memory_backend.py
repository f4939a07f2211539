"""The outside of a task, in memory: variables, connections and XComs for a run without a server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from slipstream.model.asset import AssetEvent, AssetUpdate
from slipstream.model.attempt import XComWrite
from slipstream.model.errors import ConflictError, NotFoundError, NotYoursError
from slipstream.model.input import InputRequest, InputResponse
from slipstream.model.json import JsonValue
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import FoundInstance, TaskKey
from slipstream.model.states import RunType, TaskState
from slipstream.runtime.masking import Masker
from slipstream.sdk import _scope
from slipstream.sdk._asset_specs import asset_specs
from slipstream.sdk._backend_values import (
    AssetKey,
    DagSummary,
    KnownAsset,
    StoredConnection,
    XComItem,
)
from slipstream.testing.memory_events import OF_PROCESS
from slipstream.testing.other_runs import KnownRun, KnownRuns, instance_states
from slipstream.wire.value_items import ValueItems, split_items


class MemoryBackend:
    """Implements `slipstream.sdk._backend.Backend` for one run of one DAG."""

    def __init__(
        self,
        dag_id: str,
        run_id: str,
        *,
        variables: Mapping[str, str] | None = None,
        connections: Mapping[str, StoredConnection] | None = None,
        runs: KnownRuns | None = None,
    ) -> None:
        """`runs` are those that can be asked about, this one among them."""
        self._own = dag_id, run_id
        self._variables = dict(variables or {})
        self._connections = dict(connections or {})
        self.runs = runs or KnownRuns()
        self._xcoms: dict[tuple[str, str, str, str], dict[int, str]] = {}
        self._itemized: tuple[str, ValueItems | None] | None = None
        """The value that was last mapped over, and its items."""
        self.events = OF_PROCESS
        self._state: dict[tuple[TaskKey | str, str], str] = {}
        self.running = TaskKey("")
        """The task instance that runs now."""
        self.running_attempt = ""
        """And its attempt."""
        self._is_inside = False
        """Whether the code of that attempt runs, and not what drives it."""
        self.asked: dict[str, tuple[InputRequest, InputResponse | None]] = {}
        """`{attempt: what it has asked people, and the answer}`."""
        self.masker = Masker()
        self.lengths: dict[str, int] = {}
        """`{xcom key: items}` of what the running attempt has pushed."""

    def of_run(self, dag_id: str, run_id: str) -> MemoryBackend:
        """The backend of another run in the same memory."""
        other = MemoryBackend(dag_id, run_id, runs=self.runs)
        other.share(self._variables, self._connections)
        other._xcoms, other.masker = self._xcoms, self.masker
        return other

    def share(self, variables: dict[str, str], connections: dict[str, StoredConnection]) -> None:
        """Look into these very dictionaries from now on."""
        self._variables, self._connections = variables, connections

    def get_team(self) -> str | None:
        """See `Backend`. There are no teams."""
        return None

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

    def get_xcom_item(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str, index: int
    ) -> XComItem | None:
        """See `Backend`."""
        text = self._xcoms.get((dag_id, run_id, task_id, key), {}).get(map_index)
        if text is None:
            return None
        if self._itemized is None or self._itemized[0] is not text:
            self._itemized = text, split_items(text)
        items = self._itemized[1]
        if items is None:
            return XComItem(text, None)
        if not len(items):
            return None
        return XComItem(items.text(index % len(items)), len(items), items.are_pairs)

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
        self._require_own(dag_id, run_id, TaskKey(task_id, map_index), key)
        self._xcoms.setdefault((dag_id, run_id, task_id, key), {})[map_index] = value
        if length is not None:
            self.lengths[key] = length

    def keep(self, key: TaskKey, xcoms: Iterable[XComWrite]) -> None:
        """Take in what an attempt of this run has reported with its end."""
        for xcom in xcoms:
            place = (*self._own, key.task_id, xcom.key)
            self._xcoms.setdefault(place, {})[key.map_index] = xcom.value
            if xcom.length is not None:
                self.lengths[xcom.key] = xcom.length

    def delete_xcom(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
    ) -> None:
        """See `Backend`."""
        self._require_own(dag_id, run_id, TaskKey(task_id, map_index), key)
        self._xcoms.get((dag_id, run_id, task_id, key), {}).pop(map_index, None)

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The code of the running attempt runs until the block ends."""
        self._is_inside = True
        try:
            yield
        finally:
            self._is_inside = False

    def _require_own(self, dag_id: str, run_id: str, key: TaskKey, name: str) -> None:
        """As a server does: a task writes the XComs of its own instance alone."""
        if self._is_inside and (dag_id, run_id, key) != (*self._own, self.running):
            raise NotYoursError(
                f"XCom {name!r} of task {key.task_id} in run {run_id} of {dag_id} cannot be "
                f"written by task {self.running.task_id} in run {self._own[1]} of {self._own[0]}: "
                "a task writes XComs of its own task instance alone, and reads those of all."
            )

    def take_xcoms(self, *, with_values: bool) -> Mapping[str, str]:
        """See `Backend`."""
        taken = {}
        for (dag_id, run_id, task_id, name), values in self._xcoms.items():
            if (dag_id, run_id, task_id) == (*self._own, self.running.task_id):
                text = values.pop(self.running.map_index, None)
                if text is not None:
                    taken[name] = text if with_values else ""
        return taken

    def get_state(self, key: str, *, asset: AssetKey | None) -> str | None:
        """See `Backend`. Nothing expires within the run."""
        return self._state.get((self._scope(asset), key))

    def set_state(
        self, key: str, value: str, *, asset: AssetKey | None, expires_at: datetime | None
    ) -> None:
        """See `Backend`."""
        del expires_at
        self._state[self._scope(asset), key] = value

    def delete_state(self, key: str | None, *, asset: AssetKey | None) -> None:
        """See `Backend`."""
        scope = self._scope(asset)
        for known in [each for each in self._state if each[0] == scope and key in {None, each[1]}]:
            del self._state[known]

    def _scope(self, asset: AssetKey | None) -> TaskKey | str:
        return self.running if asset is None else str(asset.name or asset.uri)

    def updated(self, key: TaskKey, updates: Iterable[AssetUpdate]) -> None:
        """A task of this run has succeeded and updated these."""
        self.events.record(*self._own, key, updates)

    def get_asset(self, key: AssetKey) -> KnownAsset | None:
        """See `Backend`. The assets of this process are those that there are."""
        for dag in _scope.all_dags():
            for spec in asset_specs(dag):
                if key.name in {None, spec.name} and key.uri in {None, spec.uri}:
                    return KnownAsset(
                        name=spec.name, uri=spec.uri, group=spec.group, extra=spec.extra
                    )
        return None

    def get_asset_events(
        self,
        *,
        asset: AssetKey | None,
        alias: str | None,
        after: datetime | None,
        before: datetime | None,
        ascending: bool,
        limit: int | None,
    ) -> Sequence[AssetEvent]:
        """See `Backend`."""
        found = list(self.events.of(asset, alias, after, before))
        return (found if ascending else found[::-1])[:limit]

    def get_triggering_events(self, *, dag_id: str, run_id: str) -> Sequence[AssetEvent]:
        """See `Backend`. No run is started by events here."""
        del dag_id, run_id
        return []

    def get_run(self, *, dag_id: str, run_id: str) -> Mapping[str, JsonValue] | None:
        """See `Backend`."""
        found = self.runs.get(dag_id, run_id)
        if found is None:
            return None
        return {
            "dag_id": dag_id,
            "dag_run_id": run_id,
            "run_type": RunType.MANUAL.value,
            "state": found.state(),
            "logical_date": found.logical_date.isoformat() if found.logical_date else None,
            "conf": dict(found.conf),
        }

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
        """See `Backend`."""
        if group_id is not None:
            task_ids = _tasks_of_group(dag_id, group_id)
        return {
            run.run_id: instance_states(run, task_ids, map_index)
            for run in self.runs.find(dag_id, run_ids, logical_dates)
        }

    def find_instances(
        self,
        *,
        dag_id: str,
        run_id: str | None = None,
        task_id: str | None = None,
        map_index: int | None = None,
        before: datetime | None = None,
        states: Sequence[str] = (),
        limit: int = 1000,
    ) -> Sequence[FoundInstance]:
        """See `Backend`. When they ran is not known here."""
        runs = [
            run
            for run in self.runs.find(dag_id, [run_id] if run_id else [], [])
            if before is None or (run.logical_date is not None and run.logical_date < before)
        ]
        epoch = datetime.min.replace(tzinfo=UTC)
        runs.sort(key=lambda run: run.logical_date or epoch, reverse=True)
        found = [
            FoundInstance(
                dag_id=dag_id,
                run_id=run.run_id,
                task_id=key.task_id,
                map_index=key.map_index,
                state=None if state is TaskState.NONE else state.value,
                try_number=1,
                operator=_operator_of(dag_id, key.task_id),
                logical_date=run.logical_date,
            )
            for run in runs
            for key, state in sorted(run.states().items())
            if task_id in (None, key.task_id) and map_index in (None, key.map_index)
        ]
        return [one for one in found if not states or one.state in states][:limit]

    def get_run_state(self, *, dag_id: str, run_id: str) -> str | None:
        """See `Backend`."""
        run = self.runs.get(dag_id, run_id)
        return None if run is None else run.state()

    def count_runs(
        self,
        *,
        dag_id: str,
        run_ids: Sequence[str],
        logical_dates: Sequence[datetime],
        states: Sequence[str],
    ) -> int:
        """See `Backend`."""
        found = self.runs.find(dag_id, run_ids, logical_dates)
        return sum(1 for run in found if not states or run.state() in states)

    def trigger_run(
        self,
        *,
        dag_id: str,
        run_id: str | None,
        logical_date: datetime | None,
        conf: Mapping[str, JsonValue],
        note: str | None,
        reset_existing: bool,
        run_after: datetime | None = None,
    ) -> str:
        """See `Backend`. A DAG of this process is run here and now; of others nothing is known,
        which raises `NotFoundError`."""
        del note, run_after
        run = KnownRun(
            dag_id=dag_id,
            run_id=run_id or f"manual__{datetime.now(UTC).isoformat()}",
            logical_date=logical_date,
            conf=conf,
        )
        self.runs.trigger(run, reset_existing=reset_existing)
        return run.run_id

    def get_dag(self, dag_id: str) -> DagSummary | None:
        """See `Backend`. The DAGs of this process are those that there are."""
        dag = _scope.find_dag(dag_id)
        if dag is None:
            return None
        return DagSummary(
            dag_id=dag_id,
            is_paused=False,
            relative_fileloc=dag.fileloc,
            tags=sorted(dag.tags),
            task_ids=frozenset(dag.task_dict),
            group_ids=frozenset(dag.task_group_dict),
        )

    def await_change(self, *, dag_id: str, seen: int | None, seconds: float) -> int:
        """See `Backend`. Nothing happens elsewhere while a task of this process waits."""
        del dag_id
        if seen is not None:
            time.sleep(seconds)
        return 0

    async def change_after(self, *, dag_id: str, seen: int | None, seconds: float) -> int:
        """See `Backend`."""
        del dag_id
        if seen is not None:
            await asyncio.sleep(seconds)
        return 0

    def ask_input(self, request: InputRequest) -> None:
        """See `Backend`."""
        self.asked[self.running_attempt] = request, None

    def get_input(self, attempt_id: str) -> tuple[InputRequest, InputResponse | None]:
        """See `Backend`."""
        if attempt_id not in self.asked:
            raise NotFoundError(f"The attempt {attempt_id} has asked nobody anything.")
        return self.asked[attempt_id]

    def answer_input(self, attempt_id: str, response: InputResponse) -> None:
        """Let this be the answer to what that attempt has asked."""
        self.asked[attempt_id] = self.asked[attempt_id][0], response

    def take_default_input(
        self, *, chosen_options: Sequence[str], params_input: Mapping[str, JsonValue]
    ) -> InputResponse:
        """See `Backend`."""
        request, answer = self.get_input(self.running_attempt)
        if answer is not None:
            raise ConflictError(f"{request.subject!r} was answered already.")
        response = InputResponse(
            chosen_options=tuple(chosen_options),
            params_input=params_input,
            responded_at=datetime.now(UTC),
        )
        self.answer_input(self.running_attempt, response)
        return response

    def mask_secret(self, value: str) -> None:
        """See `Backend`."""
        self.masker.add([value])


def _operator_of(dag_id: str, task_id: str) -> str:
    dag = _scope.find_dag(dag_id)
    task = None if dag is None else dag.task_dict.get(task_id)
    return "" if task is None else task.operator_name


def _tasks_of_group(dag_id: str, group_id: str) -> list[str]:
    """Every task in a group, also in groups inside; none where there is no such group."""
    dag = _scope.find_dag(dag_id)
    group = None if dag is None else dag.task_group_dict.get(group_id)
    return [] if group is None else [task.task_id for task in group.iter_tasks()]
