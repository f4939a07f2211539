"""Cluster policies under their names in `airflow.settings` and `airflow.policies`."""

from __future__ import annotations

from typing import Any

import pluggy

from slipstream.sdk._policies import GROUP, cluster_policies

hookimpl = pluggy.HookimplMarker(GROUP)
"""Marks the functions of an installed plugin that are policies."""

local_settings_hookspec = pluggy.HookspecMarker(GROUP)


def task_policy(task: Any) -> None:
    """Call the deployment's policies for a task."""
    cluster_policies().call("task_policy", task)


def dag_policy(dag: Any) -> None:
    """Call the deployment's policies for a DAG."""
    cluster_policies().call("dag_policy", dag)


def task_instance_mutation_hook(task_instance: Any, dag_run: Any = None) -> None:
    """Let the deployment change a task instance."""
    cluster_policies().call("task_instance_mutation_hook", task_instance, dag_run)


def pod_mutation_hook(pod: Any) -> None:
    """Let the deployment change a Kubernetes pod before it is started."""
    cluster_policies().call("pod_mutation_hook", pod)


def get_airflow_context_vars(context: Any) -> dict[str, str]:
    """What the deployment adds to the variables that name a running task."""
    return next(iter(cluster_policies().call("get_airflow_context_vars", context)), {})


def get_dagbag_import_timeout(dag_file_path: str) -> float:
    """Seconds that loading that file may take."""
    from slipstream.sdk import conf
    from slipstream.sdk._policies import import_timeout

    return import_timeout(dag_file_path, conf.getfloat("core", "dagbag_import_timeout"))
