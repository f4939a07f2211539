"""The names of a run as environment variables, for commands that a task starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipstream.sdk._context import Context

PREFIX = "AIRFLOW_CTX_"


def context_variables(context: Context) -> dict[str, str]:
    """`{variable: text}`: DAG, task, run, dates, try number, owner and mail addresses."""
    ti, run, task = context.get("ti"), context.get("dag_run"), context.get("task")
    logical_date = getattr(run, "logical_date", None)
    email = getattr(task, "email", None) or []
    owner = getattr(task, "owner", "")
    values = {
        "DAG_ID": getattr(ti, "dag_id", None),
        "TASK_ID": getattr(ti, "task_id", None),
        "DAG_RUN_ID": getattr(ti, "run_id", None),
        "TRY_NUMBER": getattr(ti, "try_number", None),
        "LOGICAL_DATE": None if logical_date is None else logical_date.isoformat(),
        "EXECUTION_DATE": None if logical_date is None else logical_date.isoformat(),
        "DAG_OWNER": owner,
        "DAG_EMAIL": email if isinstance(email, str) else ",".join(email),
    }
    return {PREFIX + name: str(value) for name, value in values.items() if value not in (None, "")}
