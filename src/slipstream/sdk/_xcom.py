"""XComs by their coordinates, for code that has no `ti` at hand."""

from __future__ import annotations

from collections.abc import Sequence

from slipstream.model.map_index import UNMAPPED
from slipstream.sdk._backend import Backend
from slipstream.sdk._running import get_backend
from slipstream.sdk._types import UserValue
from slipstream.sdk._values import length_of, plain_value, restored_value
from slipstream.sdk._xcom_arg import XCOM_RETURN_KEY
from slipstream.sdk._xcom_sequences import LazyXComSequence
from slipstream.sdk._xcom_values import (
    XComPlace,
    keeps_more,
    purge_xcom,
    read_xcom,
    read_xcoms,
    write_xcom,
)
from slipstream.sdk.exceptions import AirflowException


class BaseXCom:
    """Reads and writes XComs of any task instance.

    A subclass that `[core] xcom_backend` names may keep values elsewhere: `serialize_value` puts
    a value there and returns what the store keeps of it, `deserialize_value` fetches it, `purge`
    removes it. All of them run in the tasks' processes.
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
        place = XComPlace(
            dag_id=dag_id, run_id=run_id, task_id=task_id, key=key, map_index=map_index
        )
        _backend().set_xcom(
            dag_id=dag_id,
            run_id=run_id,
            task_id=task_id,
            map_index=map_index,
            key=key,
            value=write_xcom(value, place, cls._effective()),
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
        place = XComPlace(
            dag_id=dag_id, run_id=run_id, task_id=task_id, key=key, map_index=map_index
        )
        return None if text is None else read_xcom(text, place, cls._effective())

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
        backend = _backend()
        if include_prior_dates:
            texts = backend.get_xcoms(
                dag_id=dag_id, run_id=run_id, task_id=task_id, key=key, include_prior_dates=True
            )
            place = XComPlace(
                dag_id=dag_id, run_id=run_id, task_id=task_id, key=key, map_index=None
            )
            return read_xcoms(texts, place, cls._effective()) or None
        found = LazyXComSequence(backend, dag_id=dag_id, run_id=run_id, task_id=task_id, key=key)
        return found if len(found) else None

    @classmethod
    def get_many(
        cls,
        *,
        run_id: str,
        key: str | None = None,
        task_ids: str | Sequence[str] | None = None,
        dag_ids: str | Sequence[str] | None = None,
        map_indexes: int | Sequence[int] | None = None,
        include_prior_dates: bool = False,
        limit: int | None = None,
        **_: UserValue,
    ) -> list[UserValue]:
        """The values of several tasks, task by task and in map index order, where there are any.

        Airflow 2 answered with a database query; this is what iterating over it gave.
        """
        if dag_ids is None or task_ids is None:
            raise AirflowException(
                "XCom.get_many() needs dag_ids and task_ids here: a task cannot search the XComs "
                "of everybody. Name the tasks, or use the REST API's xcomEntries."
            )
        indexes = [map_indexes] if isinstance(map_indexes, int) else map_indexes
        found: list[UserValue] = []
        for dag_id in [dag_ids] if isinstance(dag_ids, str) else dag_ids:
            for task_id in [task_ids] if isinstance(task_ids, str) else task_ids:
                where = {"dag_id": dag_id, "task_id": task_id, "run_id": run_id}
                name = key or XCOM_RETURN_KEY
                if indexes is None:
                    found += (
                        cls.get_all(key=name, include_prior_dates=include_prior_dates, **where)
                        or []
                    )
                    continue
                found += [
                    value
                    for index in indexes
                    if (
                        value := cls.get_one(
                            key=name,
                            map_index=index,
                            include_prior_dates=include_prior_dates,
                            **where,
                        )
                    )
                    is not None
                ]
        return found[:limit]

    @classmethod
    def delete(
        cls, key: str, task_id: str, dag_id: str, run_id: str, map_index: int | None = None
    ) -> None:
        """Remove a value if it is there, and what a custom backend keeps of it."""
        index = UNMAPPED if map_index is None else map_index
        place = XComPlace(dag_id=dag_id, run_id=run_id, task_id=task_id, key=key, map_index=index)
        backend, kind = _backend(), cls._effective()
        text = None
        if keeps_more(kind):
            text = backend.get_xcom(
                dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=index, key=key
            )
        # First what may be refused: the XComs of other tasks are not this one's to remove.
        backend.delete_xcom(dag_id=dag_id, run_id=run_id, task_id=task_id, map_index=index, key=key)
        if text is not None:
            purge_xcom(text, place, kind)

    # The store answers over a socket that blocks; a thread waits for it. asyncio is not imported
    # by a task that does not use it.

    @classmethod
    async def aset(cls, key: str, value: UserValue, **where: UserValue) -> None:
        """`set`, awaited."""
        import asyncio

        await asyncio.to_thread(cls.set, key, value, **where)

    @classmethod
    async def aget_one(cls, **where: UserValue) -> UserValue:
        """`get_one`, awaited."""
        import asyncio

        return await asyncio.to_thread(cls.get_one, **where)

    @classmethod
    async def aget_value(cls, *, ti_key: UserValue, key: str) -> UserValue:
        """`get_value`, awaited."""
        import asyncio

        return await asyncio.to_thread(cls.get_value, ti_key=ti_key, key=key)

    @classmethod
    async def aget_all(cls, **where: UserValue) -> UserValue:
        """`get_all`, awaited; everything is fetched at once."""
        import asyncio

        found = await asyncio.to_thread(cls.get_all, **where)
        return None if found is None else await asyncio.to_thread(list, found)

    @staticmethod
    def serialize_value(value: UserValue, **_: UserValue) -> UserValue:
        """What the store keeps of the value: JSON's own types."""
        return plain_value(value)

    @staticmethod
    def deserialize_value(result: UserValue) -> UserValue:
        """The value of an entry (or of what `serialize_value` made of it)."""
        plain: UserValue = getattr(result, "value", result)
        if isinstance(plain, bytes | bytearray):
            import json

            plain = json.loads(plain)
        return restored_value(plain)

    @classmethod
    def orm_deserialize_value(cls, result: UserValue) -> UserValue:
        """The value in short, for people to look at; by default the value itself."""
        return cls.deserialize_value(result)

    @staticmethod
    def purge(xcom: UserValue, *_: UserValue) -> None:
        """Remove what is kept elsewhere for an XCom that is about to be removed: nothing."""

    @classmethod
    def _effective(cls) -> type[BaseXCom] | None:
        """The class itself where it is a custom one; None for the deployment's."""
        return None if cls is BaseXCom else cls


def __getattr__(name: str) -> object:
    """`XCom`: the class of this deployment, which its own module may be importing just now."""
    if name != "XCom":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from slipstream.sdk._xcom_values import xcom_class

    return xcom_class()


def _backend() -> Backend:
    found = get_backend()
    if found is None:
        raise AirflowException("XComs can only be read and written while a task runs.")
    return found
