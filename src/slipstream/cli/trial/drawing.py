"""A run that was tried, as a graph."""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from slipstream.cli.dags.graph import dot_text
from slipstream.cli.errors import UsageError
from slipstream.model.dag import DagSpec
from slipstream.model.states import TaskState
from slipstream.store.records import RunSnapshot

_ENDINGS: Final = (".dot", ".gv")
_WORST_FIRST: Final = (TaskState.FAILED, TaskState.UPSTREAM_FAILED, TaskState.SKIPPED)


def run_as_dot(spec: DagSpec, snapshot: RunSnapshot) -> str:
    """The graph in DOT, each task in the colour of its state; of a mapped one the worst counts."""
    from slipstream.api.ui.words import colour_of_task

    states: dict[str, set[TaskState]] = {}
    for instance in snapshot.instances:
        states.setdefault(instance.task_id, set()).add(instance.state)
    colours = {
        task_id: colour_of_task(next((one for one in _WORST_FIRST if one in found), min(found)))
        for task_id, found in states.items()
    }
    return dot_text(spec, colours)


def check_dot(file: str) -> None:
    """Raises `UsageError` for a file that would not be DOT."""
    ending = PurePath(file).suffix
    if ending not in _ENDINGS:
        raise UsageError(
            f"The file {file!r} ends in {ending or 'nothing'!r}; expected one of "
            f"{', '.join(_ENDINGS)}. Graphviz makes pictures of it: dot -Tsvg FILE.dot."
        )
