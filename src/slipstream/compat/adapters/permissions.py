"""The words of `access_control`, under their names in `airflow.security.permissions`."""

from __future__ import annotations

ACTION_CAN_CREATE = "can_create"
ACTION_CAN_READ = "can_read"
ACTION_CAN_EDIT = "can_edit"
ACTION_CAN_DELETE = "can_delete"
ACTION_CAN_ACCESS_MENU = "menu_access"

RESOURCE_DAG = "DAGs"
RESOURCE_DAG_PREFIX = "DAG:"
RESOURCE_DAG_RUN = "DAG Runs"
RESOURCE_DAG_RUN_PREFIX = "DAG Run:"
RESOURCE_DAG_CODE = "DAG Code"
RESOURCE_TASK_INSTANCE = "Task Instances"
RESOURCE_TASK_LOG = "Task Logs"
RESOURCE_VARIABLE = "Variables"
RESOURCE_CONNECTION = "Connections"
RESOURCE_POOL = "Pools"
RESOURCE_XCOM = "XComs"
RESOURCE_WEBSITE = "Website"
