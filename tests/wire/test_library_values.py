"""Values of NumPy, pandas, Polars and PyArrow as tasks pass them to each other."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slipstream.wire.values import UnsupportedValueError, decode_value, encode_value


def round_trip(value: Any) -> Any:
    text = encode_value(value)
    json.loads(text, parse_constant=pytest.fail)
    return decode_value(text)


class TestNumpy:
    def test_scalars_and_arrays_come_back(self) -> None:
        numpy = pytest.importorskip("numpy")
        for value in (numpy.float32(1.5), numpy.int64(7), numpy.bool_(True), numpy.float64("nan")):
            found = round_trip(value)
            assert type(found) is type(value)
            numpy.testing.assert_equal(found, value)
        for value in (
            numpy.arange(6).reshape(2, 3),
            numpy.array([], dtype="f4"),
            numpy.array(["a", "bc"]),
            numpy.array(["2026-01-01"], dtype="datetime64[D]"),
            numpy.array([1, "a", None], dtype=object),
            numpy.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
        ):
            found = round_trip(value)
            assert found.dtype == value.dtype
            numpy.testing.assert_array_equal(found, value)

    def test_an_array_may_be_written_to_after_it_came_back(self) -> None:
        numpy = pytest.importorskip("numpy")
        found = round_trip(numpy.zeros(2))
        found[0] = 1
        assert found[0] == 1

    def test_a_masked_array_is_refused_because_its_mask_would_be_lost(self) -> None:
        numpy = pytest.importorskip("numpy")
        with pytest.raises(UnsupportedValueError, match=r"array\.filled"):
            encode_value(numpy.ma.masked_array([1, 2], mask=[0, 1]))


class TestPandas:
    def test_frames_come_back(self) -> None:
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame(
            {
                "i": [1, 2],
                "f": [1.5, None],
                "s": ["a", None],
                "t": pandas.to_datetime(["2026-01-01", None]),
                "z": pandas.to_datetime(["2026-01-01", "2026-07-01"], utc=True).tz_convert(
                    "Europe/Berlin"
                ),
                "c": pandas.Categorical(["x", "y"], categories=["y", "x"], ordered=True),
                "n": pandas.array([1, None], dtype="Int64"),
                "p": pandas.period_range("2026-01", periods=2, freq="M"),
                "d": pandas.to_timedelta(["1s", "2h"]),
            },
            index=pandas.Index(["p", "q"], name="key"),
        )
        pandas.testing.assert_frame_equal(round_trip(frame), frame)
        empty = pandas.DataFrame()
        pandas.testing.assert_frame_equal(round_trip(empty), empty)

    def test_series_and_indexes_of_several_levels_come_back(self) -> None:
        pandas = pytest.importorskip("pandas")
        index = pandas.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"])
        series = pandas.Series([1, 2], index=index, name="v")
        pandas.testing.assert_series_equal(round_trip(series), series)

    def test_an_index_of_days_keeps_its_frequency(self) -> None:
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame({"a": [1, 2]}, index=pandas.date_range("2026-01-01", periods=2))
        pandas.testing.assert_frame_equal(round_trip(frame), frame)

    def test_single_values_come_back(self) -> None:
        pandas = pytest.importorskip("pandas")
        for value in (
            pandas.Timestamp("2026-01-01 00:00:00.123456789"),
            pandas.Timestamp("2026-01-01", tz="Europe/Berlin"),
            pandas.Timedelta("1 day 2 ns"),
            pandas.Period("2026-01", freq="M"),
            pandas.Interval(0, 1, closed="left"),
        ):
            found = round_trip(value)
            assert found == value
            assert type(found) is type(value)
        assert round_trip(pandas.NaT) is pandas.NaT
        assert round_trip(pandas.NA) is pandas.NA


class TestPolars:
    def test_frames_and_series_come_back(self) -> None:
        polars = pytest.importorskip("polars")
        testing = pytest.importorskip("polars.testing")
        frame = polars.DataFrame(
            {"i": [1, None], "s": ["a", "b"], "l": [[1], [2, 3]], "r": [{"x": 1}, {"x": None}]}
        )
        testing.assert_frame_equal(round_trip(frame), frame)
        testing.assert_frame_equal(round_trip({"a": [frame]})["a"][0], frame)
        assert round_trip(polars.DataFrame()).shape == (0, 0)
        for series in (polars.Series([1, 2]), polars.Series("n", ["a", None])):
            testing.assert_series_equal(round_trip(series), series)

    def test_a_lazy_frame_is_refused_with_what_to_do(self) -> None:
        polars = pytest.importorskip("polars")
        with pytest.raises(UnsupportedValueError, match=r"return frame\.collect\(\)"):
            encode_value({"a": polars.LazyFrame({"a": [1]})})


class TestPyArrow:
    def test_tables_arrays_and_scalars_come_back(self) -> None:
        pyarrow = pytest.importorskip("pyarrow")
        table = pyarrow.table({"a": [1, None], "b": ["x", "y"]})
        for value in (
            table,
            table.slice(1),
            table.to_batches()[0],
            table.schema.empty_table().to_batches()[:1] or table.to_batches()[0].slice(2),
            pyarrow.array([1, None]),
            pyarrow.array([], type=pyarrow.string()),
            pyarrow.chunked_array([[1], [2]]),
            pyarrow.scalar("x"),
            pyarrow.schema([("a", pyarrow.int32())], metadata={"k": "v"}),
        ):
            found = round_trip(value)
            assert type(found) is type(value)
            assert found == value
        assert round_trip(pyarrow.scalar(None, type=pyarrow.int64())).as_py() is None
