"""XComs whose values lie on an object store: `[core] xcom_backend` may name this class.

Settings, all in `[common.io]`: `xcom_objectstorage_path` says where (`s3://conn@bucket/xcoms`),
`xcom_objectstorage_threshold` from how many bytes of JSON on (0: always, -1: never), and
`xcom_objectstorage_compression` how objects are compressed (a name that fsspec knows).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from slipstream.sdk._types import UserValue
from slipstream.sdk._values import decode_value, encode_value
from slipstream.sdk._xcom import BaseXCom
from slipstream.sdk.exceptions import AirflowConfigException

if TYPE_CHECKING:
    from slipstream.sdk._object_storage import ObjectStoragePath

_SECTION = "common.io"
_REFERENCE = "xcom_object"
"""The type of a value in the store that says where the object is; no value of a user's is so."""


class XComObjectStorageBackend(BaseXCom):
    """Keeps large values as objects under a path; the store keeps where they are."""

    @staticmethod
    def serialize_value(
        value: UserValue,
        *,
        key: str | None = None,
        task_id: str | None = None,
        dag_id: str | None = None,
        run_id: str | None = None,
        map_index: int | None = None,
        **_: UserValue,
    ) -> UserValue:
        """The value itself where it is small, otherwise where it was put."""
        content = encode_value(value).encode()
        threshold = _threshold()
        if threshold < 0 or len(content) < threshold:
            return BaseXCom.serialize_value(value)
        # What is named by its content is written once, however often a task starts.
        digest = hashlib.sha256(f"{key}\0{map_index}\0".encode() + content).hexdigest()
        compression = _compression()
        name = f"{digest}{_ending(compression)}"
        path = _base().joinpath(*(part for part in (dag_id, run_id, task_id, name) if part))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb", compression=compression) as file:
            file.write(content)
        return {"__type__": _REFERENCE, "__value__": str(path)}

    @staticmethod
    def deserialize_value(result: UserValue) -> UserValue:
        """The value, fetched from its object where it has one."""
        path = _path_in(result)
        if path is None:
            return BaseXCom.deserialize_value(result)
        with path.open("rb", compression="infer") as file:
            return decode_value(file.read().decode())

    @classmethod
    def orm_deserialize_value(cls, result: UserValue) -> UserValue:
        """Where the object is, without fetching it."""
        path = _path_in(result)
        return BaseXCom.deserialize_value(result) if path is None else str(path)

    @staticmethod
    def purge(xcom: UserValue, *_: UserValue) -> None:
        """Remove the object."""
        path = _path_in(xcom)
        if path is not None:
            path.unlink(missing_ok=True)


def _path_in(entry: UserValue) -> ObjectStoragePath | None:
    """The path that an entry refers to; None where it holds its value itself."""
    value = getattr(entry, "value", entry)
    if not isinstance(value, dict) or value.get("__type__") != _REFERENCE:
        return None
    from slipstream.sdk._object_storage import ObjectStoragePath

    return ObjectStoragePath(value["__value__"])


def _base() -> ObjectStoragePath:
    from slipstream.sdk._conf import conf
    from slipstream.sdk._object_storage import ObjectStoragePath

    url = conf.get(_SECTION, "xcom_objectstorage_path", fallback="")
    if not url:
        raise AirflowConfigException(
            f"[{_SECTION}] xcom_objectstorage_path has no value; XComObjectStorageBackend needs "
            "one, as s3://connection@bucket/xcoms."
        )
    return ObjectStoragePath(url)


def _threshold() -> int:
    from slipstream.sdk._conf import conf

    return conf.getint(_SECTION, "xcom_objectstorage_threshold", fallback=-1)


def _compression() -> str | None:
    """The name of the compression; None for none. Raises `AirflowConfigException`."""
    from slipstream.sdk._conf import conf

    found = conf.get(_SECTION, "xcom_objectstorage_compression", fallback="") or None
    if found is None:
        return None
    from fsspec.utils import compressions

    if found not in compressions.values():
        known = ", ".join(sorted(set(compressions.values())))
        raise AirflowConfigException(
            f"[{_SECTION}] xcom_objectstorage_compression is {found!r}; expected one of {known}."
        )
    return str(found)


def _ending(compression: str | None) -> str:
    from fsspec.utils import compressions

    endings = {name: ending for ending, name in compressions.items()}
    return "" if compression is None else f".{endings[compression]}"
