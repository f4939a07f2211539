"""XComs as rows: the statement that writes one, and the row that it takes."""

from __future__ import annotations

from slipstream.model.attempt import XComWrite
from slipstream.model.run import TaskKey
from slipstream.store.statements import RowsStatement, SqlTuple, types_of, upsert
from slipstream.store.tables import xcom

XCOM_KEY = ("run_pk", "task_id", "key", "map_index")
_COLUMNS = ("run_pk", "task_id", "map_index", "key", "value", "length", "is_reference", "timestamp")

WRITE_XCOM = RowsStatement(
    lambda rows: rows.put_into(upsert(rows.dialect, xcom, _COLUMNS, XCOM_KEY)),
    types_of(xcom, _COLUMNS),
)


def xcom_row(run_pk: int, key: TaskKey, write: XComWrite, now: int) -> SqlTuple:
    """The parameters of `WRITE_XCOM`."""
    return (
        run_pk,
        key.task_id,
        key.map_index,
        write.key,
        write.value,
        write.length,
        write.is_reference,
        now,
    )
