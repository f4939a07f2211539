"""What columns of Airflow's database hold, as values; the two databases write them differently."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from slipstream.model.json import JsonValue
from slipstream.model.states import RunState, RunType, TaskState, TriggeredBy


def moment(value: object) -> datetime | None:
    """A time column: SQLite has text in UTC, PostgreSQL gives a datetime."""
    if value is None or value == "":
        return None
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def json_value(value: object) -> Any:
    """A JSON column, which one driver gives as text and the other as a value."""
    if isinstance(value, (str, bytes, bytearray)):
        return json.loads(value)
    return value


def conf_of(value: object) -> tuple[dict[str, JsonValue], bool]:
    """The conf of a run, and whether all of it could be read.

    Airflow 3 keeps JSON, Airflow 2 a pickle. Of a pickle only plain data is taken: nothing in it
    is imported or called.
    """
    if value is None:
        return {}, True
    try:
        found = _unpickled(bytes(value)) if isinstance(value, (bytes, memoryview)) else value
        plain = _plain(json_value(found))
    except (ValueError, TypeError, EOFError, pickle.UnpicklingError, IndexError, KeyError):
        return {}, False
    return (plain, True) if isinstance(plain, dict) else ({}, plain is None)


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is not plain data")


def _unpickled(data: bytes) -> Any:
    return _PlainUnpickler(io.BytesIO(data)).load()


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(item) for item in value]
        case None | bool() | int() | float() | str():
            return value
        case datetime() | date():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} is not plain data")


_FORMER_TYPES = {"dataset_triggered": RunType.ASSET_TRIGGERED}
_ASKED_BY = {
    RunType.SCHEDULED: TriggeredBy.TIMETABLE,
    RunType.BACKFILL: TriggeredBy.BACKFILL,
    RunType.ASSET_TRIGGERED: TriggeredBy.ASSET,
    RunType.OPERATOR_TRIGGERED: TriggeredBy.OPERATOR,
}


def run_type(value: object) -> RunType:
    """The kind of a run; what is unknown was asked for by somebody."""
    text = str(value)
    if text in _FORMER_TYPES:
        return _FORMER_TYPES[text]
    return RunType(text) if text in set(RunType) else RunType.MANUAL


def triggered_by(value: object, kind: RunType) -> TriggeredBy:
    """Who asked for a run; Airflow 2 does not know more than the kind."""
    text = str(value or "").lower().replace("dataset", "asset").replace("restapi", "rest_api")
    if text in set(TriggeredBy):
        return TriggeredBy(text)
    return _ASKED_BY.get(kind, TriggeredBy.UI)


def run_state(value: object) -> RunState:
    """The state of a run that has ended."""
    return RunState(str(value))


_ENDED = {
    TaskState.SUCCESS,
    TaskState.FAILED,
    TaskState.SKIPPED,
    TaskState.UPSTREAM_FAILED,
    TaskState.REMOVED,
}


def task_state(value: object) -> tuple[TaskState, str]:
    """The state of an instance in a run that has ended, and why it is in it.

    One that had not ended itself is nobody's any more: it has no state.
    """
    text = "" if value is None else str(value)
    if text in _ENDED:
        return TaskState(text), "Brought over from Airflow."
    if not text:
        return TaskState.NONE, "Brought over from Airflow, where it had no state."
    return TaskState.NONE, f"Brought over from Airflow, where it was {text} when its run had ended."
