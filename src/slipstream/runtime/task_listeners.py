"""What listeners are told of a task, in its own process or in one that speaks for it."""

from __future__ import annotations

from slipstream.model.states import TaskState
from slipstream.sdk._context import Context
from slipstream.sdk._listeners import TaskRunnerMarker, tell


def starting() -> None:
    """The process has its attempt."""
    tell("on_starting", component=TaskRunnerMarker())


def running(context: Context) -> None:
    """The task is about to be executed."""
    tell(
        "on_task_instance_running",
        previous_state=TaskState.QUEUED,
        task_instance=context["ti"],
    )


def ended(state: TaskState, context: Context) -> None:
    """A try ended in this state."""
    hook = _HOOKS.get(state)
    if hook is None:
        return
    more = {"error": context.get("exception")} if hook == _FAILED else {}
    tell(hook, previous_state=TaskState.RUNNING, task_instance=context["ti"], **more)


def stopping() -> None:
    """The process is about to exit."""
    tell("before_stopping", component=TaskRunnerMarker())


_FAILED = "on_task_instance_failed"
_HOOKS = {
    TaskState.SUCCESS: "on_task_instance_success",
    TaskState.SKIPPED: "on_task_instance_skipped",
    TaskState.UP_FOR_RETRY: _FAILED,
    TaskState.FAILED: _FAILED,
}
