"""What is known about files before they run."""

from __future__ import annotations

_NO_DAG_FILE = "no DAG file, or one with packages of its own"
_AIRFLOWS_MODULES = "imports other modules of Airflow's package of examples"

APART = {
    "__init__": _NO_DAG_FILE,
    "demo": _NO_DAG_FILE,
    "ml_pipeline": _NO_DAG_FILE,
    "example_custom_weight": _AIRFLOWS_MODULES,
    "example_kubernetes_executor": _AIRFLOWS_MODULES,
    "example_local_kubernetes_executor": _AIRFLOWS_MODULES,
    "example_workday_timetable": _AIRFLOWS_MODULES,
    "example_retry_policy": "waits for minutes between its tries",
}
"""`{file: why}`: files of folders that are left out."""

AIRFLOW_CANNOT = {
    "001_dag_object.py": "airflow.operators.dummy",
    "004_dags.py": "schedule_interval",
    "004_use_cases.py": "schedule_interval",
    "004_workflow_orchestration.py": "schedule_interval",
}
"""`{file: a part of what Airflow 3.3.2 says}`: files with names that Airflow has dropped."""

LEFT_OUT = {
    "example_asset_state_store_producer": "returns a number at random",
    "example_task_state_store": "returns a number at random",
    "example_task_state_store_async": "fails in Airflow 3.3.2, whose state store has no aget()",
    "example_task_state_store_mapped": "returns numbers at random, and the time",
    "tutorial": "returns the time",
}
"""`{dag_id: why}`: DAGs that cannot say the same twice."""

_BRANCHES = {
    "classic_operators": ("branch", "stop_here"),
    "example_branch_dop_operator_v3": ("should_run",),
    "example_nested_branch_dag": ("branch_1",),
    "paths": ("choose", "stop"),
}

ON_PURPOSE = {
    (dag_id, "xcom", f"{task_id}|-1|return_value"): (
        "what a branch returned is kept though it skipped something, as in Airflow 2"
    )
    for dag_id, tasks in _BRANCHES.items()
    for task_id in tasks
}
"""`{(dag_id, what, key): why}`: the reasons stand in `docs/differences.md`, too."""
