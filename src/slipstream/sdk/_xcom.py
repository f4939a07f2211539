"""XComs by their coordinates, for code that has no `ti` at hand."""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.model.run import UNMAPPED
from slipstream.sdk._backend import Backend
from slipstream.sdk._running import get_backend
from slipstream.sdk._types import UserValue
from slipstream.sdk._values import decode_value, encode_value, length_of
from slipstream.sdk._xcom_arg import XCOM_RETURN_KEY
from slipstream.sdk._xcom_sequences import LazyXComSequence
from slipstream.sdk.exceptions import AirflowException


class BaseXCom:
    """Reads and writes XComs of any task instance.

    A subclass may keep values elsewhere: it writes `serialize_value` and `deserialize_value`.
    """

    XCOM_RETURN_KEY = XCOM_RETURN_KEY

    @classmethod
    def set(
        cls,
        key: str,
        value: UserValue,
        *,
        dag_id: str,
        task_id: str,
        run_id: str,
        map_index: int = UNMAPPED,
        **_: UserValue,
    ) -> None:
        """Store a value, replacing an earlier one."""
        _backend().set_xcom(
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            key=key,
            value=encode_value(value),
            length=length_of(value),
        )

    @classmethod
    def get_one(
        cls,
        *,
        key: str = XCOM_RETURN_KEY,
        dag_id: str,
        task_id: str,
        run_id: str,
        map_index: int | None = None,
        include_prior_dates: bool = False,
        **_: UserValue,
    ) -> UserValue:
        """What was pushed, or None."""
        text = _backend().get_xcom(
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            key=key,
            include_prior_dates=include_prior_dates,
        )
        return None if text is None else decode_value(text)

    @classmethod
    def get_value(cls, *, ti_key: UserValue, key: str) -> UserValue:
        """What the task instance of that key pushed, or None."""
        return cls.get_one(
            key=key,
            dag_id=ti_key.dag_id,
            task_id=ti_key.task_id,
            run_id=ti_key.run_id,
            map_index=ti_key.map_index,
        )

    @classmethod
    def get_all(
        cls,
        *,
        key: str = XCOM_RETURN_KEY,
        dag_id: str,
        task_id: str,
        run_id: str,
        include_prior_dates: bool = False,
        **_: UserValue,
    ) -> Sequence[UserValue] | None:
        """What all instances of a task pushed, in map index order; None for nothing."""
        if include_prior_dates:
            texts = _backend().get_xcoms(
                dag_id=dag_id, run_id=run_id, task_id=task_id, key=key, include_prior_dates=True
            )
            return [decode_value(text) for text in texts] or None
        found = LazyXComSequence(_backend(), dag_id=dag_id, run_id=run_id, task_id=task_id, key=key)
        return found if len(found) else None

    @classmethod
    def delete(
        cls, key: str, task_id: str, dag_id: str, run_id: str, map_index: int = UNMAPPED
    ) -> None:
        """Remove a value if it is there."""
        _backend().delete_xcom(
            dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=map_index, key=key
        )

    @staticmethod
    def serialize_value(value: UserValue, **_: UserValue) -> UserValue:
        """The value as text."""
        return encode_value(value)

    @staticmethod
    def deserialize_value(result: UserValue) -> UserValue:
        """The value of an entry, or of its text."""
        text: UserValue = getattr(result, "value", result)
        return decode_value(text.decode() if isinstance(text, bytes) else text)


XCom = BaseXCom
"""The XComs of this deployment."""


def _backend() -> Backend:
    found = get_backend()
    if found is None:
        raise AirflowException("XComs can only be read and written while a task runs.")
    return found
