"""How a loader learns of the DAGs that a module made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

from slipstream.sdk import _scope
from slipstream.sdk._dag import DAG
from slipstream.sdk.exceptions import AirflowDagDuplicatedIdException


class DagCollector:
    """Gathers the DAGs of one DAG file.

    Execute the module inside `with DagCollector() as collector:`, then ask
    `collector.dags(module.__dict__)`. DAGs count that stand in the module's globals, and those that
    were used as a context manager (or made by a `@dag` function) with `auto_register`.
    """

    def __init__(self) -> None:
        self._registered: dict[int, DAG] = {}

    def __enter__(self) -> Self:
        _scope.listen(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _scope.unlisten()

    def add(self, dag: DAG) -> None:
        """The DAG registers itself."""
        self._registered.setdefault(id(dag), dag)

    def dags(
        self, module_globals: Mapping[str, object], fileloc: str | None = None
    ) -> dict[str, DAG]:
        """`{dag_id: dag}` in the order they were made; sets their `fileloc` where it is given.

        Raises `AirflowDagDuplicatedIdException` where two different DAGs have one id.
        """
        found = dict(self._registered)
        for value in module_globals.values():
            if isinstance(value, DAG):
                found.setdefault(id(value), value)
        return _by_id(found.values(), fileloc)


def _by_id(found: Iterable[DAG], fileloc: str | None) -> dict[str, DAG]:
    dags: dict[str, DAG] = {}
    for dag in found:
        if dag.dag_id in dags:
            raise AirflowDagDuplicatedIdException(
                f"Two DAGs of this file have the id {dag.dag_id!r}. Give each DAG an id of its own."
            )
        dags[dag.dag_id] = dag
        if fileloc is not None:
            dag.fileloc = fileloc
    return dags
