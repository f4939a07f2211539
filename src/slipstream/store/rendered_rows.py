"""Rows of rendered template fields."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from slipstream.model.changes import FieldsRendered
from slipstream.store.rows import to_json
from slipstream.store.statements import RowsStatement, SqlTuple, Statement, types_of, upsert
from slipstream.store.tables import rendered_fields

_KEY = ("run_pk", "task_id", "map_index")
_COLUMNS = (*_KEY, "attempt_id", "fields")

READ_FIELDS = Statement(
    select(rendered_fields.c.fields).where(
        *(rendered_fields.c[name] == bindparam(name) for name in _KEY)
    ),
    _KEY,
)
WRITE_FIELDS = RowsStatement(
    lambda rows: rows.put_into(upsert(rows.dialect, rendered_fields, _COLUMNS, _KEY)),
    types_of(rendered_fields, _COLUMNS),
)


def fields_row(run_pk: int, change: FieldsRendered) -> SqlTuple:
    """The parameters of `WRITE_FIELDS`."""
    key = change.key
    return run_pk, key.task_id, key.map_index, change.attempt_id, to_json(change.fields)
