"""NumPy's and pandas' values, taken apart and put together. Neither is imported to encode."""

from __future__ import annotations

import base64
import importlib
import sys
from typing import Any

NAMES = frozenset(
    {
        "numpy.scalar",
        "numpy.array",
        "pandas.index",
        "pandas.series",
        "pandas.frame",
        "pandas.moment",
        "pandas.duration",
        "pandas.period",
        "pandas.interval",
        "pandas.missing",
    }
)


def dismantle(value: Any) -> tuple[str, Any] | None:
    """Name and parts, or None if the value is none of these."""
    numpy = sys.modules.get("numpy")
    # A module that is being imported by another thread has no classes yet.
    if numpy is None or not hasattr(numpy, "ndarray"):
        return None
    if isinstance(value, numpy.generic):
        return _of_scalar(value)
    if isinstance(value, numpy.ma.MaskedArray):
        raise TypeError("a masked array has no form of its own: return array.filled(...)")
    if isinstance(value, numpy.ndarray):
        return _of_array(value)
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "DataFrame"):
        return None
    if value is pandas.NaT or value is pandas.NA:
        return "pandas.missing", "NaT" if value is pandas.NaT else "NA"
    if isinstance(value, pandas.Timestamp):
        return "pandas.moment", _of_column(pandas.array([value]))
    if isinstance(value, pandas.Timedelta):
        return "pandas.duration", _of_column(pandas.array([value]))
    if isinstance(value, pandas.Period):
        return "pandas.period", [value.ordinal, value.freqstr]
    if isinstance(value, pandas.Interval):
        return "pandas.interval", [value.left, value.right, value.closed]
    if isinstance(value, pandas.Index):
        return "pandas.index", _of_index(value)
    if isinstance(value, pandas.Series):
        return "pandas.series", {
            "data": _of_column(value.array),
            "index": _of_index(value.index),
            "name": value.name,
        }
    if isinstance(value, pandas.DataFrame):
        return "pandas.frame", {
            "columns": _of_index(value.columns),
            "index": _of_index(value.index),
            "data": [_of_column(value.iloc[:, place].array) for place in range(value.shape[1])],
        }
    return None


def rebuild(name: str, parts: Any) -> Any:
    """The value from its parts. Raises `ImportError` where its library is not installed."""
    if name == "numpy.scalar":
        return _array(parts)[()]
    if name == "numpy.array":
        return _array(parts)
    pandas: Any = importlib.import_module("pandas")
    if name == "pandas.missing":
        return pandas.NaT if parts == "NaT" else pandas.NA
    if name in {"pandas.moment", "pandas.duration"}:
        return pandas.array(_column(parts))[0]
    if name == "pandas.period":
        return pandas.Period(ordinal=parts[0], freq=parts[1])
    if name == "pandas.interval":
        return pandas.Interval(parts[0], parts[1], closed=parts[2])
    if name == "pandas.index":
        return _index(parts)
    index = _index(parts["index"])
    if name == "pandas.series":
        return pandas.Series(_column(parts["data"]), index=index, name=parts["name"])
    frame = pandas.DataFrame(
        {place: _column(column) for place, column in enumerate(parts["data"])}, index=index
    )
    frame.columns = _index(parts["columns"])
    return frame


def _of_scalar(value: Any) -> tuple[str, Any]:
    _, parts = _of_array(value.reshape(()))
    return "numpy.scalar", parts


def _of_array(value: Any) -> tuple[str, Any]:
    if value.dtype.hasobject:
        return "numpy.array", {"items": value.tolist(), "shape": list(value.shape)}
    data = base64.b64encode(value.tobytes()).decode()
    return "numpy.array", {
        "dtype": value.dtype.str if value.dtype.fields is None else value.dtype.descr,
        "shape": list(value.shape),
        "data": data,
    }


def _array(parts: Any) -> Any:
    import numpy

    shape = tuple(parts["shape"])
    if "items" in parts:
        found = numpy.empty(shape, dtype=object)
        found[...] = numpy.array(parts["items"], dtype=object).reshape(shape)
        return found
    dtype = parts["dtype"]
    if isinstance(dtype, list):
        dtype = [tuple(field) for field in dtype]
    data = base64.b64decode(parts["data"])
    return numpy.frombuffer(data, dtype=numpy.dtype(dtype)).reshape(shape).copy()


def _of_column(values: Any) -> Any:
    """One column: as an array where it is one below, else item by item with its type's name."""
    import numpy

    dtype = values.dtype
    if isinstance(dtype, numpy.dtype) and not dtype.hasobject:
        return {"array": numpy.asarray(values)}
    if str(dtype) == "category":
        return {
            "codes": numpy.asarray(values.codes),
            "categories": _of_index(values.categories),
            "ordered": bool(values.ordered),
        }
    if str(dtype).startswith("datetime64["):
        unit = str(dtype).partition("[")[2].partition(",")[0]
        return {"instants": numpy.asarray(values, dtype=f"M8[{unit}]"), "dtype": str(dtype)}
    missing = [bool(flag) for flag in values.isna()]
    items = [None if gone else item for item, gone in zip(values, missing, strict=True)]
    return {"items": items, "dtype": str(dtype)}


def _column(parts: Any) -> Any:
    pandas: Any = importlib.import_module("pandas")
    if "array" in parts:
        return parts["array"]
    if "codes" in parts:
        return pandas.Categorical.from_codes(
            parts["codes"], categories=_index(parts["categories"]), ordered=parts["ordered"]
        )
    if "instants" in parts:
        zone = parts["dtype"].partition(", ")[2].rstrip("]")
        instants = pandas.DatetimeIndex(parts["instants"])
        return (instants.tz_localize("UTC").tz_convert(zone) if zone else instants).array
    return pandas.array(parts["items"], dtype=parts["dtype"])


def _of_index(index: Any) -> Any:
    pandas: Any = importlib.import_module("pandas")
    if isinstance(index, pandas.RangeIndex):
        return {"range": [index.start, index.stop, index.step], "name": index.name}
    if isinstance(index, pandas.MultiIndex):
        return {"tuples": list(index), "names": list(index.names)}
    parts = {"column": _of_column(index.array), "name": index.name}
    frequency = getattr(index, "freqstr", None)
    return {**parts, "freq": frequency} if frequency else parts


def _index(parts: Any) -> Any:
    pandas: Any = importlib.import_module("pandas")
    if "range" in parts:
        return pandas.RangeIndex(*parts["range"], name=parts["name"])
    if "tuples" in parts:
        return pandas.MultiIndex.from_tuples(parts["tuples"], names=parts["names"])
    index = pandas.Index(_column(parts["column"]), name=parts["name"])
    if "freq" in parts and not isinstance(index, pandas.PeriodIndex):
        index.freq = parts["freq"]
    return index
