"""Polars' and PyArrow's tables, taken apart and put together as Arrow's own stream format.

Neither library is imported to encode: a value of theirs says that it is there already.
"""

from __future__ import annotations

import base64
import importlib
import io
import sys
from typing import Any

NAMES = frozenset(
    {
        "polars.frame",
        "polars.series",
        "pyarrow.table",
        "pyarrow.batch",
        "pyarrow.array",
        "pyarrow.chunked",
        "pyarrow.scalar",
        "pyarrow.schema",
    }
)


def dismantle(value: Any) -> tuple[str, Any] | None:
    """Name and parts, or None if the value is none of these."""
    polars = sys.modules.get("polars")
    # A module that is being imported by another thread has no classes yet.
    if polars is not None and hasattr(polars, "LazyFrame"):
        found = _of_polars(polars, value)
        if found is not None:
            return found
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None and hasattr(pyarrow, "Table"):
        return _of_pyarrow(pyarrow, value)
    return None


def rebuild(name: str, parts: Any) -> Any:
    """The value from its parts. Raises `ImportError` where its library is not installed."""
    data = base64.b64decode(parts["data"])
    if name.startswith("polars."):
        polars: Any = importlib.import_module("polars")
        frame = polars.read_ipc_stream(io.BytesIO(data))
        return frame.to_series().rename(parts["name"]) if name == "polars.series" else frame
    pyarrow: Any = importlib.import_module("pyarrow")
    if name == "pyarrow.schema":
        return pyarrow.ipc.read_schema(pyarrow.py_buffer(data))
    table = pyarrow.ipc.open_stream(data).read_all()
    match name:
        case "pyarrow.table":
            return table
        case "pyarrow.batch":
            return _batch(pyarrow, table)
        case "pyarrow.chunked":
            return table.column(0)
        case "pyarrow.scalar":
            return table.column(0)[0]
        case _:
            return _array(pyarrow, table.column(0))


def _of_polars(polars: Any, value: Any) -> tuple[str, Any] | None:
    if isinstance(value, polars.LazyFrame):
        raise TypeError("a LazyFrame is a plan, not data: return frame.collect()")
    if isinstance(value, polars.DataFrame):
        return "polars.frame", {"data": _polars_stream(value)}
    if isinstance(value, polars.Series):
        # A frame's column needs a name that a series need not have.
        frame = value.rename("value").to_frame()
        return "polars.series", {"data": _polars_stream(frame), "name": value.name}
    return None


def _polars_stream(frame: Any) -> str:
    stream = io.BytesIO()
    frame.write_ipc_stream(stream)
    return base64.b64encode(stream.getvalue()).decode()


def _of_pyarrow(pyarrow: Any, value: Any) -> tuple[str, Any] | None:
    if isinstance(value, pyarrow.Table):
        return "pyarrow.table", _arrow_stream(pyarrow, value)
    if isinstance(value, pyarrow.RecordBatch):
        return "pyarrow.batch", _arrow_stream(pyarrow, pyarrow.Table.from_batches([value]))
    if isinstance(value, pyarrow.ChunkedArray):
        return "pyarrow.chunked", _arrow_stream(pyarrow, pyarrow.table({"value": value}))
    if isinstance(value, pyarrow.Array):
        return "pyarrow.array", _arrow_stream(pyarrow, pyarrow.table({"value": value}))
    if isinstance(value, pyarrow.Scalar):
        column = pyarrow.array([value.as_py()], type=value.type)
        return "pyarrow.scalar", _arrow_stream(pyarrow, pyarrow.table({"value": column}))
    if isinstance(value, pyarrow.Schema):
        data = value.serialize().to_pybytes()
        return "pyarrow.schema", {"data": base64.b64encode(data).decode()}
    return None


def _arrow_stream(pyarrow: Any, table: Any) -> dict[str, str]:
    stream = io.BytesIO()
    with pyarrow.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return {"data": base64.b64encode(stream.getvalue()).decode()}


def _batch(pyarrow: Any, table: Any) -> Any:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pyarrow.RecordBatch.from_pylist([], schema=table.schema)


def _array(pyarrow: Any, column: Any) -> Any:
    chunks = column.chunks
    return chunks[0] if len(chunks) == 1 else pyarrow.concat_arrays(chunks or [_no_array(column)])


def _no_array(column: Any) -> Any:
    return importlib.import_module("pyarrow").array([], type=column.type)
