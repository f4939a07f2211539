"""Executors of provider packages: what they subclass and what they are given."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_BASE = "slipstream.executors.provided.base_executor"
_WORKLOADS = "slipstream.executors.provided.workloads"
_LOADER = "slipstream.executors.provided.loader"
_ALL = (
    "All BaseWorkload BundleInfo CallbackFetchMethod ExecuteCallback ExecuteTask ExecutorWorkload "
    "TaskInstance=TaskInstanceDTO TaskInstanceDTO"
)

TABLE: Table = {
    "airflow.executors": {},
    "airflow.executors.base_executor": {
        _BASE: "BaseExecutor ExecutorConf PARALLELISM RunningRetryAttemptType "
        "get_execution_api_server_url"
    },
    "airflow.executors.executor_constants": {
        _LOADER: "CELERY_EXECUTOR CORE_EXECUTOR_NAMES ConnectorSource KUBERNETES_EXECUTOR "
        "LOCAL_EXECUTOR MOCK_EXECUTOR"
    },
    "airflow.executors.executor_loader": {_LOADER: "ExecutorLoader"},
    "airflow.executors.executor_utils": {_LOADER: "ExecutorName"},
    "airflow.executors.local_executor": {"slipstream.compat.adapters.not_here": "LocalExecutor"},
    "airflow.executors.workloads": {_WORKLOADS: _ALL},
    "airflow.executors.workloads.base": {
        _WORKLOADS: "BaseDagBundleWorkload BaseWorkload BaseWorkloadSchema BundleInfo"
    },
    "airflow.executors.workloads.callback": {
        _WORKLOADS: "CallbackDTO CallbackFetchMethod ExecuteCallback"
    },
    "airflow.executors.workloads.task": {_WORKLOADS: "ExecuteTask TaskInstanceDTO"},
    "airflow.executors.workloads.types": {_WORKLOADS: "state_class_for_key"},
    "airflow.models.callback": {_WORKLOADS: "CallbackKey"},
    "airflow.sdk.execution_time.execute_workload": {
        "slipstream.executors.provided.execute_workload": "execute_workload main"
    },
    "airflow.security.kerberos": {
        "slipstream.sdk._kerberos": "KerberosMode get_kerberos_principal renew_from_kt run"
    },
    "airflow.security.utils": {
        "slipstream.sdk._kerberos_principals": (
            "get_components get_fqdn principal_from_username replace_hostname_pattern"
        )
    },
    "airflow.utils.state": {_WORKLOADS: "CallbackState"},
}
