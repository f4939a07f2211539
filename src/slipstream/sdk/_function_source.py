"""The source of a decorated function, for running it where its DAG file is not."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from slipstream.sdk._types import UserValue

_DECORATORS = frozenset({"task", "setup", "teardown"})
"""What the decorators of the authoring API are called where nothing more is known of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionSource:
    """The text of one function without the decorators that made it a task."""

    name: str
    module: str
    file: str
    line: int
    """Where the text begins in the file."""
    text: str


def source_of(function: Callable[..., UserValue]) -> FunctionSource:
    """The source of a function. Raises `OSError` where there is none, as in a console."""
    function = inspect.unwrap(function)
    lines, first = inspect.getsourcelines(function)
    text = textwrap.dedent("".join(lines))
    definition = ast.parse(text).body[0]
    if not isinstance(definition, ast.FunctionDef | ast.AsyncFunctionDef):
        raise OSError(f"{function!r} is not defined with def, so it has no source of its own.")
    kept = text.splitlines(keepends=True)
    # From the bottom up, so that the lines above keep their numbers.
    for decorator in reversed(definition.decorator_list):
        if _makes_tasks(decorator, function.__globals__):
            kept[decorator.lineno - 1 : decorator.end_lineno] = ["\n"] * (
                1 + (decorator.end_lineno or decorator.lineno) - decorator.lineno
            )
    above = next(number for number, line in enumerate(kept) if line.strip())
    return FunctionSource(
        name=function.__name__,
        module=function.__module__,
        file=function.__code__.co_filename,
        line=first + above,
        text="".join(kept[above:]),
    )


def is_empty(function: Callable[..., UserValue]) -> bool:
    """Whether there is nothing in it but `...`, `pass` and a docstring."""
    definition = ast.parse(source_of(function).text).body[0]
    return isinstance(definition, ast.FunctionDef) and all(
        isinstance(one, ast.Pass)
        or (
            isinstance(one, ast.Expr)
            and isinstance(one.value, ast.Constant)
            and isinstance(one.value.value, str | type(...))
        )
        for one in definition.body
    )


def _makes_tasks(decorator: ast.expr, names: Mapping[str, UserValue]) -> bool:
    """Whether it is one of the authoring API's, or of a provider's, and not the author's own."""
    path = _path(decorator)
    if not path:
        return False
    found = names.get(path[0])
    for name in path[1:]:
        found = getattr(found, name, None)
    if found is None:
        # Imported inside a function, as DAGs made by functions do.
        return bool(_DECORATORS & set(path))
    module = getattr(found, "__module__", None) or type(found).__module__
    return str(module).partition(".")[0] in ("slipstream", "airflow")


def _path(decorator: ast.expr) -> list[str]:
    """`["task", "virtualenv"]` for `@task.virtualenv(…)`; empty for anything more involved."""
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    path: list[str] = []
    while isinstance(target, ast.Attribute):
        path.insert(0, target.attr)
        target = target.value
    return [target.id, *path] if isinstance(target, ast.Name) else []
