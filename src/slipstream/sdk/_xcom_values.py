"""XComs as the text that the store keeps, and back: by the XCom class of this deployment.

`[core] xcom_backend` names that class. Its code is a user's: it runs in the tasks' processes and
nowhere else. The store and the API see what it made of a value and no more.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from slipstream.model.errors import SlipstreamError
from slipstream.model.json import JsonValue
from slipstream.sdk._types import UserValue
from slipstream.sdk._values import decode_value, encode_value, largest_value_bytes
from slipstream.sdk.exceptions import AirflowConfigException

if TYPE_CHECKING:
    from slipstream.sdk._xcom import BaseXCom

_DEFAULTS = frozenset(
    {
        "",
        "airflow.sdk.execution_time.xcom.BaseXCom",
        "airflow.sdk.bases.xcom.BaseXCom",
        "airflow.models.xcom.BaseXCom",
        "slipstream.sdk.BaseXCom",
    }
)


class XComValueError(SlipstreamError, TypeError, ValueError):
    """A value cannot be written as an XCom, or an XCom cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XComPlace:
    """Whose XCom it is. None as the map index says that any instance's will do."""

    dag_id: str
    run_id: str
    task_id: str
    key: str
    map_index: int | None = -1

    def __str__(self) -> str:
        index = "" if self.map_index in {None, -1} else f"[{self.map_index}]"
        return (
            f"XCom {self.key!r} of task {self.task_id!r}{index} "
            f"(DAG {self.dag_id!r}, run {self.run_id!r})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredXCom:
    """An XCom as the store has it: what a backend's `deserialize_value` and `purge` are given."""

    key: str
    value: JsonValue
    """What `serialize_value` made of the value."""
    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None = -1


@cache
def xcom_class() -> type[BaseXCom]:
    """The class that `[core] xcom_backend` names. Raises `AirflowConfigException`."""
    from slipstream.sdk._conf import conf
    from slipstream.sdk._xcom import BaseXCom

    if not has_custom_class():
        return BaseXCom
    found = conf.getimport("core", "xcom_backend")
    if not isinstance(found, type) or not issubclass(found, BaseXCom):
        raise AirflowConfigException(
            f"[core] xcom_backend is {conf.get('core', 'xcom_backend')!r}; expected a class that "
            f"is derived from airflow.sdk.bases.xcom.BaseXCom, found {found!r}."
        )
    return found


def has_custom_class() -> bool:
    """Whether the setting names another class than ours."""
    from slipstream.sdk._conf import conf

    return str(conf.get("core", "xcom_backend", fallback="") or "").strip() not in _DEFAULTS


def keeps_values_whole() -> bool:
    """Whether what the store has of a value is only for the class of this deployment to read."""
    return not _is_default(xcom_class())


def forget_xcom_class() -> None:
    """Read the setting anew when it is next needed."""
    xcom_class.cache_clear()


def write_xcom(value: UserValue, place: XComPlace, backend: type[BaseXCom] | None = None) -> str:
    """The text to store. Raises `XComValueError` naming the XCom, the type and what is expected."""
    kind = backend or xcom_class()
    try:
        text = encode_value(value) if _is_default(kind) else _written_by(kind, value, place)
    except SlipstreamError as error:
        if _is_about_place(error):
            raise
        raise XComValueError(f"{place} cannot be pushed: {error}") from error
    _check_size(text, place)
    return text


def read_xcom(text: str, place: XComPlace, backend: type[BaseXCom] | None = None) -> UserValue:
    """The value of what was stored. Raises `XComValueError` naming the XCom."""
    kind = backend or xcom_class()
    try:
        if _is_default(kind):
            return decode_value(text)
        return kind.deserialize_value(stored_xcom(text, place))
    except SlipstreamError as error:
        if _is_about_place(error):
            raise
        raise XComValueError(f"{place} cannot be read: {error}") from error


def read_xcoms(
    texts: Iterable[str], place: XComPlace, backend: type[BaseXCom] | None = None
) -> list[UserValue]:
    """The values of several instances of one task."""
    return [read_xcom(text, place, backend) for text in texts]


def purge_xcom(text: str, place: XComPlace, backend: type[BaseXCom] | None = None) -> None:
    """Let the backend remove what it keeps elsewhere for an XCom that is about to be removed."""
    kind = backend or xcom_class()
    if keeps_more(kind):
        kind.purge(stored_xcom(text, place))


def keeps_more(kind: type[BaseXCom] | None = None) -> bool:
    """Whether the class has something of its own to do for an XCom that is removed."""
    from slipstream.sdk._xcom import BaseXCom

    return (kind or xcom_class()).purge is not BaseXCom.purge


def stored_xcom(text: str, place: XComPlace) -> StoredXCom:
    """The XCom as a backend is shown it."""
    return StoredXCom(
        key=place.key,
        value=json.loads(text),
        dag_id=place.dag_id,
        run_id=place.run_id,
        task_id=place.task_id,
        map_index=place.map_index,
    )


def _is_about_place(error: SlipstreamError) -> bool:
    """Whether the error needs no XCom's name: it has it, or is not about the value at all."""
    return isinstance(error, XComValueError) or not isinstance(error, TypeError | ValueError)


def _is_default(kind: type[BaseXCom]) -> bool:
    return kind is _our_class()


@cache
def _our_class() -> type[BaseXCom]:
    from slipstream.sdk._xcom import BaseXCom

    return BaseXCom


def _written_by(kind: type[BaseXCom], value: UserValue, place: XComPlace) -> str:
    """What a custom class makes of it: bytes are JSON text already, as in Airflow 2."""
    made = kind.serialize_value(value, **_known_arguments(kind.serialize_value, place))
    try:
        if isinstance(made, bytes | bytearray):
            json.loads(made)
            return bytes(made).decode()
        return json.dumps(made, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise XComValueError(
            f"{place} cannot be pushed: {kind.__module__}.{kind.__qualname__}.serialize_value() "
            f"returned a {type(made).__name__} that is no JSON ({error}). Expected is what "
            "BaseXCom.serialize_value() returns, or JSON text as bytes"
        ) from error


def _known_arguments(function: Callable[..., UserValue], place: XComPlace) -> dict[str, UserValue]:
    """Those of the coordinates that the function takes; older backends took none."""
    given = {
        "key": place.key,
        "task_id": place.task_id,
        "dag_id": place.dag_id,
        "run_id": place.run_id,
        "map_index": place.map_index,
    }
    parameters = inspect.signature(function).parameters
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return given
    return {name: value for name, value in given.items() if name in parameters}


def _check_size(text: str, place: XComPlace) -> None:
    limit = largest_value_bytes()
    # A character takes up to four bytes; counting them costs a copy of the text.
    if len(text) * 4 <= limit or (size := len(text.encode())) <= limit:
        return
    raise XComValueError(
        f"{place} cannot be pushed: it takes {size:,} bytes, and at most {limit:,} can be passed "
        "on. Write it to a file or an object store (ObjectStoragePath), and return its path"
    )
