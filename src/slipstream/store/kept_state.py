"""What tasks remember: of a task instance across its tries, of an asset across runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_

from slipstream.model.run import TaskKey
from slipstream.store.database import Row, Transaction
from slipstream.store.listing import put
from slipstream.store.parts import StoreParts
from slipstream.store.records import AssetStateRecord, Page, StateWriter, TaskStateRecord, Window
from slipstream.store.runs import counting_instance
from slipstream.store.tables import asset_state_store as asset_state
from slipstream.store.tables import task_state_store as task_state
from slipstream.store.times import from_micros, to_micros

_TASK = (task_state.c.key, task_state.c.value, task_state.c.updated_at, task_state.c.expires_at)
_TASK_KEY = tuple(task_state.primary_key.columns)
_ASSET = tuple(
    asset_state.c[name]
    for name in (
        "asset_name",
        "asset_uri",
        "key",
        "value",
        "updated_at",
        "writer_kind",
        "dag_id",
        "run_id",
        "task_id",
        "map_index",
    )
)


class KeptStateVerbs(StoreParts):
    """State of task instances and of assets: JSON text by key. What has expired is not there."""

    # ------------------------------------------------------------------ of task instances

    def get_task_state(self, run_pk: int, key: TaskKey, name: str) -> TaskStateRecord | None:
        """One value, or None."""
        query = select(*_TASK).where(*_of_task(run_pk, key), task_state.c.key == name, self._live())
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        return _task_record(rows[0]) if rows else None

    def list_task_state(self, run_pk: int, key: TaskKey, window: Window) -> Page[TaskStateRecord]:
        """A page of values, ordered by key."""
        conditions = (*_of_task(run_pk, key), self._live())
        page = select(*_TASK).where(*conditions).order_by(task_state.c.key)
        total = select(func.count()).select_from(task_state).where(*conditions)
        with self._database.read() as transaction:
            rows = transaction.rows(page.limit(window.limit).offset(window.offset))
            count = transaction.value(total)
        return Page([_task_record(row) for row in rows], count)

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
        """Store a value. With an attempt id: raises `ConflictError` unless it still counts."""
        row = {
            "run_pk": run_pk,
            "task_id": key.task_id,
            "map_index": key.map_index,
            "key": name,
            "value": value,
            "updated_at": to_micros(self._clock()),
            "expires_at": to_micros(expires_at),
        }
        with self._database.write() as transaction:
            _require(transaction, attempt_id)
            put(transaction, self._database.dialect, task_state, row)

    def delete_task_state(
        self, run_pk: int, key: TaskKey, name: str, *, attempt_id: str | None = None
    ) -> bool:
        """Remove one value; False where there was none."""
        statement = delete(task_state).where(*_of_task(run_pk, key), task_state.c.key == name)
        with self._database.write() as transaction:
            _require(transaction, attempt_id)
            return transaction.execute(statement).rowcount > 0

    def clear_task_state(
        self,
        run_pk: int,
        key: TaskKey,
        *,
        all_map_indexes: bool = False,
        attempt_id: str | None = None,
    ) -> int:
        """Remove every value of an instance, or of all instances of its task; gives how many."""
        mine = _of_task(run_pk, key)[:2] if all_map_indexes else _of_task(run_pk, key)
        with self._database.write() as transaction:
            _require(transaction, attempt_id)
            return transaction.execute(delete(task_state).where(*mine)).rowcount

    def clean_task_state(self, *, batch_size: int = 0, dry_run: bool = False) -> int:
        """Remove what has expired, so many rows in one transaction (0: all); gives how many."""
        expired = task_state.c.expires_at <= to_micros(self._clock())
        if dry_run:
            with self._database.read() as transaction:
                count: int = transaction.value(
                    select(func.count()).select_from(task_state).where(expired)
                )
            return count
        removed = 0
        while True:
            some = select(*_TASK_KEY).where(expired)
            some = some.limit(batch_size) if batch_size else some
            with self._database.write() as transaction:
                count = transaction.execute(
                    delete(task_state).where(tuple_(*_TASK_KEY).in_(some))
                ).rowcount
            removed += count
            if not batch_size or count < batch_size:
                return removed

    # ------------------------------------------------------------------ of assets

    def get_asset_state(
        self, asset_name: str | None, asset_uri: str | None, name: str
    ) -> AssetStateRecord | None:
        """One value of the asset of that name, or of that URI; None where there is none."""
        query = select(*_ASSET).where(_of_asset(asset_name, asset_uri), asset_state.c.key == name)
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        return _asset_record(rows[0]) if rows else None

    def list_asset_state(
        self, asset_name: str | None, asset_uri: str | None, window: Window
    ) -> Page[AssetStateRecord]:
        """A page of an asset's values, ordered by key."""
        mine = _of_asset(asset_name, asset_uri)
        page = select(*_ASSET).where(mine).order_by(asset_state.c.key)
        total = select(func.count()).select_from(asset_state).where(mine)
        with self._database.read() as transaction:
            rows = transaction.rows(page.limit(window.limit).offset(window.offset))
            count = transaction.value(total)
        return Page([_asset_record(row) for row in rows], count)

    def set_asset_state(
        self,
        asset_name: str | None,
        asset_uri: str | None,
        name: str,
        value: str,
        writer: StateWriter,
    ) -> None:
        """Store a value. Of an asset known by its URI alone, the name is that of earlier values."""
        with self._database.write() as transaction:
            known = transaction.rows(
                select(asset_state.c.asset_name, asset_state.c.asset_uri)
                .where(_of_asset(asset_name, asset_uri))
                .limit(1)
            )
            found_name, found_uri = known[0] if known else (None, None)
            row = {
                "asset_name": asset_name or found_name or asset_uri,
                "asset_uri": asset_uri or found_uri or asset_name,
                "key": name,
                "value": value,
                "updated_at": to_micros(self._clock()),
                "writer_kind": writer.kind,
                "dag_id": writer.dag_id,
                "run_id": writer.run_id,
                "task_id": writer.task_id,
                "map_index": writer.map_index,
            }
            put(transaction, self._database.dialect, asset_state, row)

    def delete_asset_state(self, asset_name: str | None, asset_uri: str | None, name: str) -> bool:
        """Remove one value; False where there was none."""
        mine = (_of_asset(asset_name, asset_uri), asset_state.c.key == name)
        with self._database.write() as transaction:
            return transaction.execute(delete(asset_state).where(*mine)).rowcount > 0

    def clear_asset_state(self, asset_name: str | None, asset_uri: str | None) -> int:
        """Remove every value of an asset; gives how many."""
        mine = _of_asset(asset_name, asset_uri)
        with self._database.write() as transaction:
            return transaction.execute(delete(asset_state).where(mine)).rowcount

    def _live(self) -> ColumnElement[bool]:
        now = to_micros(self._clock())
        return or_(task_state.c.expires_at.is_(None), task_state.c.expires_at > now)


def _require(transaction: Transaction, attempt_id: str | None) -> None:
    if attempt_id is not None:
        counting_instance(transaction, attempt_id)


def _of_task(run_pk: int, key: TaskKey) -> Sequence[ColumnElement[bool]]:
    return (
        task_state.c.run_pk == run_pk,
        task_state.c.task_id == key.task_id,
        task_state.c.map_index == key.map_index,
    )


def _of_asset(name: str | None, uri: str | None) -> ColumnElement[bool]:
    if name is not None:
        return asset_state.c.asset_name == name
    return asset_state.c.asset_uri == uri


def _task_record(row: Row) -> TaskStateRecord:
    key, value, updated_at, expires_at = row
    return TaskStateRecord(
        key=key,
        value=value,
        updated_at=from_micros(updated_at),
        expires_at=from_micros(expires_at),
    )


def _asset_record(row: Row) -> AssetStateRecord:
    asset_name, asset_uri, key, value, updated_at, kind, dag_id, run_id, task_id, map_index = row
    return AssetStateRecord(
        asset_name=asset_name,
        asset_uri=asset_uri,
        key=key,
        value=value,
        updated_at=from_micros(updated_at),
        writer=StateWriter(
            kind=kind, dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index
        ),
    )
