"""Environment variables that name the running task to the programs that it starts."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from slipstream.sdk._policies import further_context_vars
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG

DEFAULT_FORMAT_PREFIX = "airflow.ctx."
ENV_VAR_FORMAT_PREFIX = "AIRFLOW_CTX_"

_NAMES = {
    "dag_email": ("task", "email"),
    "dag_owner": ("task", "owner"),
    "dag_id": ("task_instance", "dag_id"),
    "task_id": ("task_instance", "task_id"),
    "try_number": ("task_instance", "try_number"),
    "dag_run_id": ("dag_run", "run_id"),
}

AIRFLOW_VAR_NAME_FORMAT_MAPPING = {
    f"AIRFLOW_CONTEXT_{name.upper()}": {
        "default": f"{DEFAULT_FORMAT_PREFIX}{name}",
        "env_var_format": f"{ENV_VAR_FORMAT_PREFIX}{name.upper()}",
    }
    for name in (*_NAMES, "logical_date", "execution_date")
}
"""`{name: {"default": …, "env_var_format": …}}`: what each is called where."""

_PLACES = {
    in_env: tuple(
        (f"{ENV_VAR_FORMAT_PREFIX}{name.upper()}" if in_env else f"{DEFAULT_FORMAT_PREFIX}{name}")
        for name in (*_NAMES, "logical_date", "execution_date")
    )
    for in_env in (False, True)
}
"""The names, written out once: every task asks for them."""


def set_environment(context: Mapping[str, UserValue]) -> None:
    """Name the running task in the process's environment."""
    for name, text in context_to_airflow_vars(context, in_env_var_format=True).items():
        if _in_common.get(name) != text:
            os.environ[name] = text


_in_common: dict[str, str] = {}
"""Variables that the environment has from before the process was forked."""


def set_common_environment(dags: Collection[DAG]) -> None:
    """Name in the environment what most tasks of these DAGs have in common.

    Each is set at the cost of some ten copied pages by a process that finds it otherwise.
    """
    found = {
        "dag_id": {dag.dag_id for dag in dags},
        "dag_owner": {str(task.owner) for dag in dags for task in dag.tasks},
        "try_number": {"1"},
    }
    _in_common.clear()
    for name, texts in found.items():
        if len(texts) == 1:
            (_in_common[f"{ENV_VAR_FORMAT_PREFIX}{name.upper()}"],) = texts
    os.environ.update(_in_common)


@contextmanager
def task_variables_kept() -> Iterator[None]:
    """Take the variables that name a task back afterwards: the process is not the task's own."""
    before = {name: text for name, text in os.environ.items() if _names_a_task(name)}
    try:
        yield
    finally:
        for name in filter(_names_a_task, list(os.environ)):
            del os.environ[name]
        os.environ.update(before)


def _names_a_task(name: str) -> bool:
    return name.startswith(ENV_VAR_FORMAT_PREFIX)


def context_to_airflow_vars(
    context: Mapping[str, UserValue], in_env_var_format: bool = False
) -> dict[str, str]:
    """`{name: text}` of the task and its run; as environment variables, where that is asked for.

    A cluster policy `get_airflow_context_vars` may add to them.
    """
    found: dict[str, str] = {}
    names = iter(_PLACES[in_env_var_format])
    for key, attribute in _NAMES.values():
        name = next(names)
        value = getattr(context[key], attribute, None) if key in context else None
        if value:
            found[name] = ",".join(value) if isinstance(value, list | tuple) else str(value)
    logical_date = _logical_date(context)
    if logical_date is not None:
        found[next(names)] = found[next(names)] = logical_date
    further = further_context_vars(context)
    if further:
        prefix = ENV_VAR_FORMAT_PREFIX if in_env_var_format else DEFAULT_FORMAT_PREFIX
        for name, text in further.items():
            bare = name.removeprefix(prefix)
            found[prefix + (bare.upper() if in_env_var_format else bare)] = text
    return found


def _logical_date(context: Mapping[str, UserValue]) -> str | None:
    run = context.get("dag_run")
    # The plain moment reads the same; asking a run for it makes a `pendulum.DateTime`.
    moment = getattr(getattr(run, "_run", run), "logical_date", None)
    return None if moment is None else str(moment.isoformat())
