"""`@task` and the registry of decorators behind `@task.name`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG

Factory = Callable[..., UserValue]


def _of_a_provider(name: str) -> Factory | str | None:
    from slipstream.sdk._provider_info import task_decorator

    return task_decorator(name)


class TaskDecoratorCollection:
    """`@task`: makes a task of a function. `@task.bash`, `@task.branch` … are other kinds.

    Others come from the installed provider packages, which list them as `task-decorators`, and
    from whoever calls `register` or adds a source that is asked for names nobody has registered.
    """

    def __init__(self) -> None:
        self._factories: dict[str, Factory | str] = dict(_STANDARD)
        self._sources: list[Callable[[str], Factory | str | None]] = [_of_a_provider]

    def register(self, name: str, factory: Factory | str) -> None:
        """Make `@task.name` available: a function, or `module:attribute` to import it from."""
        self._factories[name] = factory

    def add_source(self, source: Callable[[str], Factory | str | None]) -> None:
        """Ask `source` for decorators that are not registered, by name."""
        self._sources.append(source)

    def __call__(
        self,
        python_callable: Callable[..., UserValue] | None = None,
        *,
        multiple_outputs: bool | None = None,
        **kwargs: UserValue,
    ) -> UserValue:
        """A task that calls the function: `@task`, or `@task(retries=3)`."""
        return self.python(
            python_callable=python_callable, multiple_outputs=multiple_outputs, **kwargs
        )

    def __getattr__(self, name: str) -> Factory:
        if name.startswith("_"):
            raise AttributeError(name)
        found = self._factories.get(name)
        for source in self._sources if found is None else ():
            found = source(name)
            if found is not None:
                break
        if found is None:
            raise AttributeError(
                f"There is no @task.{name}. Known are {', '.join(sorted(self._factories))}; "
                f"others come with provider packages."
            )
        factory = _imported(found)
        self._factories[name] = factory
        return factory

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._factories})


class TasksOfDag:
    """`dag.task`: the decorators of `@task`, whose tasks all belong to one DAG."""

    def __init__(self, dag: DAG) -> None:
        self._dag = dag

    def __call__(
        self, python_callable: Callable[..., UserValue] | None = None, **kwargs: UserValue
    ) -> UserValue:
        """A task of the DAG that calls the function."""
        return task(python_callable, **{"dag": self._dag, **kwargs})

    def __getattr__(self, name: str) -> Factory:
        factory: Factory = getattr(task, name)
        if name in _CONDITIONS:
            return factory
        return lambda *args, **kwargs: factory(*args, **{"dag": self._dag, **kwargs})

    def __dir__(self) -> list[str]:
        return dir(task)


_CONDITIONS = frozenset({"run_if", "skip_if"})
"""Those that go above a task and make none."""


def _imported(factory: Factory | str) -> Factory:
    if not isinstance(factory, str):
        return factory
    module, _, name = factory.partition(":")
    found: Factory = getattr(import_module(module), name)
    return found


_STANDARD: Mapping[str, str] = {
    "python": "slipstream.sdk._task_kinds:python_task",
    "bash": "slipstream.sdk._task_kinds:bash_task",
    "branch": "slipstream.sdk._task_kinds:branch_task",
    "branch_external_python": "slipstream.sdk._task_kinds_elsewhere:branch_external_python_task",
    "branch_virtualenv": "slipstream.sdk._task_kinds_elsewhere:branch_virtualenv_task",
    "external_python": "slipstream.sdk._task_kinds_elsewhere:external_python_task",
    "short_circuit": "slipstream.sdk._task_kinds:short_circuit_task",
    "sensor": "slipstream.sdk._task_kinds:sensor_task",
    "stub": "slipstream.sdk._task_kinds:stub_task",
    "virtualenv": "slipstream.sdk._task_kinds_elsewhere:virtualenv_task",
    "run_if": "slipstream.sdk._task_kinds:run_if",
    "skip_if": "slipstream.sdk._task_kinds:skip_if",
}

task = TaskDecoratorCollection()
"""Makes tasks of functions."""
