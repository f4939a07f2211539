"""The decorators behind `@task.virtualenv` and its kin."""

from __future__ import annotations

from slipstream.sdk._task_kinds import kind_of_task
from slipstream.sdk.operators._decorated_elsewhere import (
    _BranchExternalPythonDecoratedOperator,
    _BranchPythonVirtualenvDecoratedOperator,
    _PythonExternalDecoratedOperator,
    _PythonVirtualenvDecoratedOperator,
)

virtualenv_task = kind_of_task(
    _PythonVirtualenvDecoratedOperator, "A task that calls the function in a virtual environment."
)
external_python_task = kind_of_task(
    _PythonExternalDecoratedOperator, "A task that calls the function with another interpreter."
)
branch_virtualenv_task = kind_of_task(
    _BranchPythonVirtualenvDecoratedOperator,
    "A task that asks the function, in a virtual environment, which tasks to go on with.",
    multiple_outputs=False,
)
branch_external_python_task = kind_of_task(
    _BranchExternalPythonDecoratedOperator,
    "A task that asks the function, with another interpreter, which tasks to go on with.",
    multiple_outputs=False,
)
