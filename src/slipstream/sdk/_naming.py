"""Which DAG and which task an error is about, added to it where its message does not say so."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from slipstream.sdk import _scope
from slipstream.sdk._keys import MAX_ID_LENGTH


@contextmanager
def naming(*, task_id: object = None, dag_id: object = None) -> Iterator[None]:
    """Errors that leave this block name the task and the DAG; the DAG is the open one, where none
    is given."""
    try:
        yield
    except Exception as error:
        name_in(error, task_id=task_id, dag_id=dag_id)
        raise


def name_in(error: Exception, *, task_id: object = None, dag_id: object = None) -> None:
    """Add a note to the error, for what its message and its notes do not name."""
    if dag_id is None:
        dag_id = getattr(_scope.current_dag(), "dag_id", None)
    said = "\n".join([str(error), *getattr(error, "__notes__", ())])
    where = [
        f"{kind} {value!r}"
        for kind, value in (("task", task_id), ("DAG", dag_id))
        if value is not None and repr(value) not in said and len(str(value)) <= MAX_ID_LENGTH
    ]
    if where:
        error.add_note(f"This is about {' of '.join(where)}.")


def guess(name: str, known: Collection[str]) -> str:
    """A sentence with the known name that is like this one, if there is one."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1)
    return f" Is {close[0]!r} meant?" if close else ""
