"""Environment variables that name the running task to the programs that it starts."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from slipstream.sdk._policies import further_context_vars
from slipstream.sdk._types import UserValue

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
    for name, (key, attribute) in _NAMES.items():
        value = getattr(context.get(key), attribute, None)
        if value:
            found[name] = ",".join(value) if isinstance(value, list | tuple) else str(value)
    logical_date = getattr(context.get("dag_run"), "logical_date", None)
    if logical_date is not None:
        found["logical_date"] = logical_date.isoformat()
        found["execution_date"] = found["logical_date"]
    prefix = ENV_VAR_FORMAT_PREFIX if in_env_var_format else DEFAULT_FORMAT_PREFIX
    found |= {
        name.removeprefix(prefix): text for name, text in further_context_vars(context).items()
    }
    if in_env_var_format:
        found = {name.upper(): text for name, text in found.items()}
    return {prefix + name: text for name, text in found.items()}
