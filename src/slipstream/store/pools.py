"""Pools: how many slots there are and what takes them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from sqlalchemy import delete, func, select, text

from slipstream.model.errors import ConflictError
from slipstream.model.states import TaskState
from slipstream.store import tables
from slipstream.store.database import Row
from slipstream.store.listing import put, read_page
from slipstream.store.parts import StoreParts
from slipstream.store.records import NoticeKind, Page, PoolRecord, PoolUse, Window
from slipstream.store.teams import require_team

DEFAULT_POOL = "default_pool"

_ORDERS = {"id": tables.pool.c.name, **{column.name: column for column in tables.pool.c}}
_USE = (
    select(
        tables.dag_task.c.pool,
        tables.task_instance.c.state,
        func.sum(tables.dag_task.c.pool_slots),
    )
    .select_from(
        tables.task_instance.join(
            tables.dag_run, tables.task_instance.c.run_pk == tables.dag_run.c.pk
        ).join(
            tables.dag_task,
            (tables.dag_task.c.version_id == tables.dag_run.c.version_id)
            & (tables.dag_task.c.task_id == tables.task_instance.c.task_id),
        )
    )
    .where(text(tables.ACTIVE_TASKS))
    .group_by(tables.dag_task.c.pool, tables.task_instance.c.state)
)


class PoolVerbs(StoreParts):
    """Pools."""

    def get_pool(self, name: str) -> PoolRecord | None:
        """The pool, or None."""
        query = select(*tables.pool.c).where(tables.pool.c.name == name)
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        return _to_pool(rows[0]) if rows else None

    def set_pool(self, pool: PoolRecord) -> bool:
        """Create or replace; True when it was new. Raises `InvalidInputError` for a team that there
        is not."""
        row = {
            "name": pool.name,
            "slots": pool.slots,
            "description": pool.description,
            "include_deferred": pool.include_deferred,
            "team_name": pool.team_name,
        }
        with self._database.write() as transaction:
            require_team(transaction, pool.team_name)
            is_new = put(transaction, self._database.dialect, tables.pool, row)
            transaction.leave_notice(NoticeKind.POOL_CHANGED, [pool.name])
        return is_new

    def delete_pool(self, name: str) -> bool:
        """Raises `ConflictError` for `default_pool`."""
        if name == DEFAULT_POOL:
            raise ConflictError(
                f"The pool {DEFAULT_POOL!r} cannot be deleted: tasks fall back to it."
            )
        with self._database.write() as transaction:
            done = transaction.execute(delete(tables.pool).where(tables.pool.c.name == name))
            if done.rowcount:
                transaction.leave_notice(NoticeKind.POOL_CHANGED, [name])
            return done.rowcount > 0

    def list_pools(self, pattern: str | None, window: Window) -> Page[PoolRecord]:
        """A page of pools, by default ordered by name."""
        rows, total = read_page(
            self._database,
            tables.pool,
            tables.pool.c.name,
            pattern=pattern,
            window=window,
            orders=_ORDERS,
        )
        return Page([_to_pool(row) for row in rows], total)

    def pool_use(self) -> Mapping[str, PoolUse]:
        """`{pool name: what is taken}`."""
        slots: dict[str, Counter[str]] = defaultdict(Counter)
        with self._database.read() as transaction:
            for pool, state, taken in transaction.rows(_USE):
                slots[pool][state] += int(taken)
        return {
            pool: PoolUse(
                running=taken[TaskState.RUNNING] + taken[TaskState.RESTARTING],
                queued=taken[TaskState.QUEUED],
                scheduled=taken[TaskState.SCHEDULED],
                deferred=taken[TaskState.DEFERRED],
            )
            for pool, taken in slots.items()
        }


def _to_pool(row: Row) -> PoolRecord:
    name, slots, description, include_deferred, team_name = row
    return PoolRecord(
        name=name,
        slots=slots,
        description=description,
        include_deferred=include_deferred,
        team_name=team_name,
    )
