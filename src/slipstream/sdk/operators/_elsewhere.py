"""What the operators that call a function in another Python interpreter have in common."""

from __future__ import annotations

import inspect
import os
import sys
import types
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream import __version__
from slipstream.sdk._callables import names_mentioned
from slipstream.sdk._context import context_merge
from slipstream.sdk._context_keys import FORMER_NAMES, LAZY
from slipstream.sdk._decorated_operator import CONTEXT_KEYS
from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._function_source import source_of
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators._interpreter_call import InterpreterCall, call_in_interpreter
from slipstream.sdk.operators._interpreter_values import Arguments, Target, check_serializer
from slipstream.sdk.operators.python import PythonOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context
    from slipstream.sdk.operators._child_process import ChildProcess

_STAYS_HERE = frozenset(
    {"asset_state_store", "conn", "dag", "exception", "inlet_events", "outlet_events", "reason"}
    | {"task", "task_instance", "task_state_store", "ti", "var"}
)
"""Keys of the context that are objects of the running task."""

_NEEDS_US = frozenset({"dag_run", "inlets", "macros", "outlets", "triggering_asset_events"})
"""Keys whose values are of our classes: the interpreter must have Slipstream, too."""

_LINEAGE = "SLIPSTREAM_LINEAGE"
"""The variable by which a server finds what its tasks have started; see `runtime.environment`."""


class ElsewherePythonOperator(PythonOperator):
    """The base of operators that call `python_callable` in another Python interpreter.

    The source of the function is run there, and nothing else of its file: it imports what it needs
    itself. Its arguments and its result travel in the `serializer`'s format; it may ask for what
    is in the context and can leave the process. `string_args` is there as the global name
    `virtualenv_string_args`. Where Slipstream can be imported there too (and `expect_airflow` is
    left true), `airflow` can, and variables, connections and XComs answer.
    """

    def __init__(
        self,
        *,
        python_callable: Callable[..., UserValue],
        serializer: str | None = None,
        op_args: Collection[UserValue] | None = None,
        op_kwargs: Mapping[str, UserValue] | None = None,
        string_args: Iterable[str] | None = None,
        templates_dict: Mapping[str, UserValue] | None = None,
        templates_exts: Sequence[str] | None = None,
        expect_airflow: bool = True,
        skip_on_exit_code: int | Container[int] | None = None,
        env_vars: Mapping[str, str] | None = None,
        inherit_env: bool = True,
        use_dill: bool | None = None,
        **kwargs: UserValue,
    ) -> None:
        _check_function(python_callable, type(self).__name__)
        super().__init__(
            python_callable=python_callable,
            op_args=op_args,
            op_kwargs=op_kwargs,
            templates_dict=templates_dict,
            templates_exts=templates_exts,
            **kwargs,
        )
        if use_dill is not None:
            warn_deprecated("use_dill", "Write serializer='dill' instead.")
        chosen = serializer or ("dill" if use_dill else "pickle")
        self.serializer = check_serializer(chosen, self.task_id)
        self.string_args = list(string_args or ())
        self.expect_airflow = expect_airflow
        self.skip_on_exit_code: Container[int] = (
            skip_on_exit_code
            if isinstance(skip_on_exit_code, Container)
            else ([] if skip_on_exit_code is None else [skip_on_exit_code])
        )
        self.env_vars = env_vars
        self.inherit_env = inherit_env
        self._child: ChildProcess | None = None
        self._context: Context | None = None

    def execute(self, context: Context) -> UserValue:
        """Call the function there; what it returns is pushed."""
        context_merge(context, templates_dict=self.templates_dict)
        self._context = context
        self._check_what_it_asks_for()
        return self.execute_callable()

    def get_python_source(self) -> str:
        """The function's source without the decorators that made it a task."""
        return source_of(self.python_callable).text

    def call_with(self, python: str) -> UserValue:
        """Call the function with that interpreter."""
        call = InterpreterCall(
            python=python,
            source=source_of(self.python_callable),
            serializer=self.serializer,
            arguments=self._arguments,
            environment=self._environment(),
            string_args=[str(one) for one in self.string_args],
            expect_airflow=self.expect_airflow,
            skip_on_exit_code=self.skip_on_exit_code,
        )
        return call_in_interpreter(call, self.log, self._note_child)

    def on_kill(self) -> None:
        """End the other interpreter with everything that it started."""
        if self._child is not None:
            self._child.kill()

    def _note_child(self, child: ChildProcess) -> None:
        self._child = child

    # ------------------------------------------------------------------ arguments

    def _check_what_it_asks_for(self) -> None:
        """Raise `AirflowException` where it needs what cannot leave this process."""
        for name, parameter in self._open_parameters().items():
            if name in _STAYS_HERE and parameter.default is inspect.Parameter.empty:
                raise AirflowException(
                    f"The function of task {self.task_id!r} asks for {name!r}, which cannot leave "
                    f"the task's process. Return values instead of pushing them, and pass what "
                    f"you need of it as an argument, such as '{{{{ ti.try_number }}}}'."
                )

    def _open_parameters(self) -> dict[str, inspect.Parameter]:
        """Those that the call does not fill by itself, by name."""
        parameters = inspect.signature(self.python_callable).parameters
        by_position = list(parameters)[: len(self.op_args)]
        return {
            name: parameter
            for name, parameter in parameters.items()
            if name not in by_position
            and name not in self.op_kwargs
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }

    def _arguments(self, target: Target) -> Arguments:
        context = self._context
        assert context is not None
        wanted = self._open_parameters()
        found: dict[str, UserValue] = {}
        for name, parameter in wanted.items():
            if name in context and _can_go(name, context, target):
                found[name] = context[name]
            elif name in CONTEXT_KEYS and parameter.default is inspect.Parameter.empty:
                raise AirflowException(
                    f"The function of task {self.task_id!r} asks for {name!r}, which needs "
                    f"Slipstream {__version__}; its interpreter "
                    f"({'.'.join(map(str, target.python))}) has "
                    f"{target.slipstream or 'none that it may use'}."
                )
        spare = self._everything_else(context, target) if self._takes_any_name() else {}
        return Arguments(args=self.op_args, kwargs={**found, **self.op_kwargs}, spare=spare)

    def _takes_any_name(self) -> bool:
        parameters = inspect.signature(self.python_callable).parameters.values()
        return any(one.kind is one.VAR_KEYWORD for one in parameters)

    def _everything_else(self, context: Context, target: Target) -> dict[str, UserValue]:
        """What of the context a function with `**kwargs` gets besides what it names."""
        named = inspect.signature(self.python_callable).parameters.keys() | self.op_kwargs.keys()
        older = names_mentioned(self.python_callable)
        names = [*context, *context.lookup_unlisted(lambda name: name in older)]
        return {
            name: context[name]
            for name in names
            if name not in named and _can_go(name, context, target)
        }

    # ------------------------------------------------------------------ environment

    def _environment(self) -> dict[str, str]:
        """The variables of the other interpreter. It finds the modules beside the DAG file."""
        environment = dict(os.environ) if self.inherit_env else {}
        if _LINEAGE in os.environ:
            environment[_LINEAGE] = os.environ[_LINEAGE]
        environment.update(self.env_vars or {})
        folders = [folder for folder in sys.path if self._lies_in(folder)]
        known = environment.get("PYTHONPATH", "").split(os.pathsep)
        path = [*filter(None, known), *(one for one in folders if one not in known)]
        if path:
            environment["PYTHONPATH"] = os.pathsep.join(path)
        return environment

    def _lies_in(self, folder: str) -> bool:
        file = Path(inspect.unwrap(self.python_callable).__code__.co_filename)
        return bool(folder) and folder != "/" and file.is_relative_to(folder)


def _can_go(name: str, context: Context, target: Target) -> bool:
    if name in _STAYS_HERE or not (name in CONTEXT_KEYS or name in FORMER_NAMES or name in LAZY):
        return False
    if name in ("inlets", "outlets") and not context[name]:
        return True
    return name not in _NEEDS_US or target.slipstream == __version__


def _check_function(function: Callable[..., UserValue], operator: str) -> None:
    """Raise `ValueError` where it has no source that could be run elsewhere."""
    plain = inspect.unwrap(function)
    if not isinstance(plain, types.FunctionType) or plain.__name__ == "<lambda>":
        raise ValueError(
            f"{operator} runs the source of its function, so python_callable has to be a function "
            f"that is written with def; found {function!r}."
        )
    if inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain):
        raise ValueError(
            f"{operator} needs a function that returns a value; {plain.__name__}() is a generator."
        )
