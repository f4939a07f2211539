"""What a process should have done before tasks are forked from it."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib import import_module
from types import FunctionType
from typing import TYPE_CHECKING

from slipstream.sdk._callables import named_parameters
from slipstream.sdk._mapped_operator import MappedOperator
from slipstream.sdk._mapping import returns_mapped_over
from slipstream.sdk._task_decorator import DecoratedMappedOperator

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG

_MODULES = (
    "croniter",
    "jsonschema",
    "slipstream.config",
    "slipstream.sdk._asset_events",
    "slipstream.sdk._context_keys",
    "slipstream.sdk._mapped_operator",
    "slipstream.sdk._params",
    "slipstream.sdk._spec",
    "slipstream.sdk._state_stores",
    "slipstream.sdk._task_kinds",
    "slipstream.sdk._xcom",
    "slipstream.sdk.macros",
    "slipstream.wire.param_schemas",
    "slipstream.wire.values",
)
"""Imported late by DAG files and tasks; some of them take tens of milliseconds."""


def get_ready(dag: DAG) -> None:
    """Compute what each task of the DAG would compute for itself; its tasks must be final."""
    dag.returns_mapped_over = returns_mapped_over(dag)
    for task in dag.tasks:
        if isinstance(task, DecoratedMappedOperator):
            task.get_ready()
        arguments = task.partial_kwargs if isinstance(task, MappedOperator) else task.__dict__
        function = arguments.get("python_callable")
        if type(function) is FunctionType:
            named_parameters(function)


def warm_up() -> None:
    """Import what DAG files and tasks use, and use it once: forks share what it leaves behind.

    The first template of a process compiles the engine's grammar, the first time zone is read from
    disk, and so on; each costs a task's process milliseconds of its own otherwise.
    """
    for name in _MODULES:
        import_module(name)
    from slipstream.sdk._params import Param
    from slipstream.sdk._template_env import plain_environment
    from slipstream.sdk._times import for_user

    environment = plain_environment(native=False)
    environment.from_string("{% if x %}{{ x | ds }}{% endif %}").render(x=datetime.now(UTC))
    Param(1, type="integer").resolve()
    moment = for_user(datetime.now(UTC))
    assert moment is not None
    moment.isoformat()
