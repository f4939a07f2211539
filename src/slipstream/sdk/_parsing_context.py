"""Which DAG and task the file is being read for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from slipstream.sdk._types import NOTSET, ArgNotSet


class AirflowParsingContext(NamedTuple):
    """The DAG and the task that are about to run; None where the whole file is wanted."""

    dag_id: str | None = None
    task_id: str | None = None


_current: list[AirflowParsingContext] = [AirflowParsingContext()]


def get_parsing_context() -> AirflowParsingContext:
    """Why the file is being read: files that make many DAGs may leave out those not asked for.

    Slipstream reads a file once for all its DAGs and tasks, so that both ids are None as a rule.
    """
    return _current[-1]


@contextmanager
def parsing_for(
    dag_id: str | ArgNotSet | None = NOTSET, task_id: str | ArgNotSet | None = NOTSET
) -> Iterator[None]:
    """Inside, files are read for this DAG and task."""
    before = _current[-1]
    _current.append(
        AirflowParsingContext(
            before.dag_id if isinstance(dag_id, ArgNotSet) else dag_id,
            before.task_id if isinstance(task_id, ArgNotSet) else task_id,
        )
    )
    try:
        yield
    finally:
        _current.pop()
