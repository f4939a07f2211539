"""What a task may change: what belongs to its own task instance, and nothing of another's."""

from __future__ import annotations

from slipstream.model.attempt import Attempt
from slipstream.model.errors import NotYoursError
from slipstream.model.map_index import UNMAPPED
from slipstream.wire import execution as wire


def require_own_xcom(attempt: Attempt, ask: wire.SetXCom | wire.DeleteXCom) -> None:
    """Raises `NotYoursError` for an XCom of another task instance."""
    run = attempt.run
    place = (ask.dag_id, ask.run_id, ask.task_id, ask.map_index)
    if place == (run.dag_id, run.run_id, attempt.task_id, attempt.map_index):
        return
    verb = "set" if isinstance(ask, wire.SetXCom) else "deleted"
    own = _name(run.dag_id, run.run_id, attempt.task_id, attempt.map_index)
    raise NotYoursError(
        f"XCom {ask.key!r} of {_name(*place)} cannot be {verb} by {own}: a task "
        "writes XComs of its own task instance alone, and reads those of all."
    )


def _name(dag_id: str, run_id: str, task_id: str, map_index: int) -> str:
    which = "" if map_index == UNMAPPED else f"[{map_index}]"
    return f"task {task_id}{which} in run {run_id} of {dag_id}"
