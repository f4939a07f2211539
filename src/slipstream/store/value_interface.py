"""What the store offers of the values that tasks leave: XComs, and what they remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from slipstream.model.run import TaskKey
from slipstream.store.records import (
    AssetStateRecord,
    Page,
    StateWriter,
    TaskStateRecord,
    Window,
    XComFilter,
    XComItem,
    XComRecord,
)


class XComStore(Protocol):
    """Values between tasks. Text above the threshold goes to the object store and back."""

    def set_xcom(
        self,
        run_pk: int,
        key: TaskKey,
        xcom_key: str,
        value: str,
        length: int | None,
        *,
        attempt_id: str | None = None,
    ) -> None:
        """Store a value. With an attempt id: raises `ConflictError` unless it still counts."""

    def get_xcom(
        self,
        *,
        dag_id: str,
        run_id: str,
        task_id: str,
        map_index: int | None,
        key: str,
        include_prior_dates: bool = False,
    ) -> XComRecord | None:
        """One value; with prior dates, the newest at or before the run's logical date."""

    def get_xcom_item(
        self, *, dag_id: str, run_id: str, task_id: str, map_index: int, key: str, index: int
    ) -> XComItem | None:
        """The item at `index`, modulo their number, of a list or mapping; the whole of another
        value. None where nothing was pushed, or nothing with items in it."""

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
    ) -> Sequence[XComRecord]:
        """The values of a task's instances in map index order, sliced as a list is."""

    def count_xcoms(self, *, dag_id: str, run_id: str, task_id: str, key: str) -> int:
        """How many instances pushed the key."""

    def list_xcoms(self, which: XComFilter, window: Window) -> Page[XComRecord]:
        """A page of XComs, by default in order of creation."""

    def delete_xcom(self, run_pk: int, key: TaskKey, xcom_key: str) -> bool:
        """Remove one; False where there was none."""

    def take_xcoms(self, attempt_id: str, *, with_values: bool = False) -> Mapping[str, str]:
        """Remove all of the attempt's task instance; gives `{key: text, empty without values}`.

        Raises `ConflictError` unless the attempt still counts.
        """


class KeptStateStore(Protocol):
    """What tasks remember: of a task instance across its tries, of an asset across runs.

    Values are JSON text. What has expired is not there. Verbs of a task instance that are given
    an attempt id raise `ConflictError` unless that attempt still counts. An asset is named by its
    name or, where that is None, by its URI.
    """

    def get_task_state(self, run_pk: int, key: TaskKey, name: str) -> TaskStateRecord | None:
        """One value, or None."""

    def list_task_state(self, run_pk: int, key: TaskKey, window: Window) -> Page[TaskStateRecord]:
        """A page of values, ordered by key."""

    def set_task_state(
        self,
        run_pk: int,
        key: TaskKey,
        name: str,
        value: str,
        expires_at: datetime | None,
        *,
        attempt_id: str | None = None,
    ) -> None:
        """Store a value; one without a moment never expires."""

    def delete_task_state(
        self, run_pk: int, key: TaskKey, name: str, *, attempt_id: str | None = None
    ) -> bool:
        """Remove one value; False where there was none."""

    def clear_task_state(
        self,
        run_pk: int,
        key: TaskKey,
        *,
        all_map_indexes: bool = False,
        attempt_id: str | None = None,
    ) -> int:
        """Remove every value of an instance, or of all instances of its task; gives how many."""

    def clean_task_state(self, *, batch_size: int = 0, dry_run: bool = False) -> int:
        """Remove what has expired, so many rows in one transaction (0: all); gives how many."""

    def get_asset_state(
        self, asset_name: str | None, asset_uri: str | None, name: str
    ) -> AssetStateRecord | None:
        """One value, or None."""

    def list_asset_state(
        self, asset_name: str | None, asset_uri: str | None, window: Window
    ) -> Page[AssetStateRecord]:
        """A page of an asset's values, ordered by key."""

    def set_asset_state(
        self,
        asset_name: str | None,
        asset_uri: str | None,
        name: str,
        value: str,
        writer: StateWriter,
    ) -> None:
        """Store a value."""

    def delete_asset_state(self, asset_name: str | None, asset_uri: str | None, name: str) -> bool:
        """Remove one value; False where there was none."""

    def clear_asset_state(self, asset_name: str | None, asset_uri: str | None) -> int:
        """Remove every value of an asset; gives how many."""
