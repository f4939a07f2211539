"""What user code may ask of the outside while it runs: one interface, several backends.

A task's process asks its supervisor over a socket; `DAG.test()` asks an in-memory backend; a plain
Python process that merely imports a DAG file has environment variables alone.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from slipstream.model.map_index import UNMAPPED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from slipstream.model.asset import AssetEvent
    from slipstream.model.input import InputRequest, InputResponse
    from slipstream.model.json import JsonValue
    from slipstream.model.run import FoundInstance
    from slipstream.sdk._backend_values import (
        AssetKey,
        DagSummary,
        KnownAsset,
        StoredConnection,
        XComItem,
    )


class Backend(Protocol):
    """Answers for one task attempt. Values of XComs are JSON text (see `wire.values`).

    Every method may raise `slipstream.model.errors.SlipstreamError` where the outside refuses.
    """

    def get_team(self) -> str | None:
        """The team that the DAG belongs to, or None."""

    def get_variable(self, key: str) -> str | None:
        """The variable's text, or None where there is none."""

    def set_variable(self, key: str, value: str, description: str | None) -> None:
        """Store a variable, replacing one of that key."""

    def delete_variable(self, key: str) -> bool:
        """Remove a variable; False where there was none."""

    def get_connection(self, conn_id: str) -> StoredConnection | None:
        """The connection, or None where there is none."""

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
        """The value pushed by that instance (None as map index: any), or None."""

    def get_xcom_item(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str, index: int
    ) -> XComItem | None:
        """The item at `index`, modulo their number, of what that instance pushed; None where it
        pushed nothing, or nothing with items in it."""

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
        """The values pushed by the instances of a mapped task, in map index order, sliced."""

    def count_xcoms(self, *, dag_id: str, run_id: str, task_id: str, key: str) -> int:
        """How many instances of the task pushed that key."""

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
        """Store a value, replacing an earlier one."""

    def delete_xcom(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str
    ) -> None:
        """Remove a value if it is there."""

    def take_xcoms(self, *, with_values: bool) -> Mapping[str, str]:
        """Remove everything that the running task instance has pushed; gives `{key: text}`.

        The texts are empty without `with_values`.
        """

    def get_state(self, key: str, *, asset: AssetKey | None) -> str | None:
        """What is remembered as JSON text, of an asset or of the running task instance (None)."""

    def set_state(
        self, key: str, value: str, *, asset: AssetKey | None, expires_at: datetime | None
    ) -> None:
        """Remember a value, until that moment or for ever."""

    def delete_state(self, key: str | None, *, asset: AssetKey | None) -> None:
        """Forget a value if it is there; without a key, all of them."""

    def get_asset(self, key: AssetKey) -> KnownAsset | None:
        """The asset of that name, of that URI or of both; None where there is none in use."""

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
        """The events of an asset, or of what was found through an alias."""

    def get_triggering_events(self, *, dag_id: str, run_id: str) -> Sequence[AssetEvent]:
        """The events that a run was made for, the oldest first."""

    def get_run(self, *, dag_id: str, run_id: str) -> Mapping[str, JsonValue] | None:
        """A run, with the REST API's field names, or None where there is none."""

    def get_previous_run(
        self, *, dag_id: str, logical_date: datetime | None, run_id: str, state: str | None
    ) -> Mapping[str, JsonValue] | None:
        """The run before this one (of that state), with the REST API's field names, or None."""

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
        """`{run_id: {task_id or task_id_mapindex: state}}`."""

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
        """Task instances, those of the latest logical date first; `before` is a bound on it."""

    def get_run_state(self, *, dag_id: str, run_id: str) -> str | None:
        """The state of a run, or None where there is none."""

    def count_runs(
        self,
        *,
        dag_id: str,
        run_ids: Sequence[str],
        logical_dates: Sequence[datetime],
        states: Sequence[str],
    ) -> int:
        """Runs of a DAG by ids, dates and states; an empty sequence does not restrict."""

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
        """Start a run of another DAG; gives its run id. Raises `AlreadyExistsError`."""

    def get_dag(self, dag_id: str) -> DagSummary | None:
        """A DAG of the deployment, or None where there is none."""

    def await_change(self, *, dag_id: str, seen: int | None, seconds: float) -> int:
        """Wait until something has happened in the runs of a DAG; gives the number of changes.

        Returns as soon as the number is not `seen`, and after `seconds` at the latest. Ask with
        None first, which returns at once, then look, then wait: so nothing is missed in between.
        """

    async def change_after(self, *, dag_id: str, seen: int | None, seconds: float) -> int:
        """The same as `await_change`, for a coroutine."""

    def ask_input(self, request: InputRequest) -> None:
        """Show people a question of the running attempt; an earlier one is replaced."""

    def get_input(self, attempt_id: str) -> tuple[InputRequest, InputResponse | None]:
        """What that attempt has asked, and the answer. Raises `NotFoundError`."""

    def take_default_input(
        self, *, chosen_options: Sequence[str], params_input: Mapping[str, JsonValue]
    ) -> InputResponse:
        """Let this count as the answer to what the running attempt has asked, for nobody gave one
        in time. Raises `ConflictError` where somebody has."""

    def mask_secret(self, value: str) -> None:
        """From now on, hide this text wherever it appears in the attempt's log."""


current_backend: ContextVar[Backend | None] = ContextVar("slipstream_backend", default=None)
"""The backend of the code that is running, or None outside of a task."""
