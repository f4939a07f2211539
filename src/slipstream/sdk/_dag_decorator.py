"""`@dag`: a function whose calls make DAGs."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable

from slipstream.sdk._dag import DAG
from slipstream.sdk._dag_arguments import file_of_caller
from slipstream.sdk._types import NOTSET, UserValue
from slipstream.sdk._xcom_arg import XCOM_RETURN_KEY, PlainXComArg


def dag(dag_id: str | Callable[..., UserValue] | None = None, **kwargs: UserValue) -> UserValue:
    """Makes a DAG of a function: what the function does when called happens inside `with DAG`.

    `@dag`, or `@dag(schedule="@daily", …)` with the arguments of `DAG`. The function's parameters
    become params of the DAG; its docstring the DAG's, where there is no `doc_md`.
    """
    if callable(dag_id):
        return _factory(dag_id, dag_id.__name__, {})
    given_id = dag_id

    def decorate(function: Callable[..., UserValue]) -> Callable[..., DAG]:
        return _factory(function, given_id or function.__name__, kwargs)

    return decorate


def _factory(
    function: Callable[..., UserValue], dag_id: str, arguments: dict[str, UserValue]
) -> Callable[..., DAG]:
    signature = inspect.signature(function)

    @functools.wraps(function)
    def make(*args: UserValue, **kwargs: UserValue) -> DAG:
        bound = signature.bind_partial(*args, **kwargs)
        bound.apply_defaults()
        made = DAG(dag_id, **arguments)
        made.fileloc = file_of_caller()
        if made.doc_md is None:
            made.doc_md = function.__doc__
        with made:
            values = {
                name: made.param(name, _value(bound, parameter, made))
                for name, parameter in signature.parameters.items()
            }
            returned = function(**values)
            if isinstance(returned, PlainXComArg) and returned.key == XCOM_RETURN_KEY:
                made.add_result(returned)
        return made

    return make


def _value(bound: inspect.BoundArguments, parameter: inspect.Parameter, made: DAG) -> UserValue:
    if parameter.name in bound.arguments:
        return bound.arguments[parameter.name]
    if parameter.name in made.params:
        return NOTSET
    return parameter.default if parameter.default is not inspect.Parameter.empty else NOTSET
