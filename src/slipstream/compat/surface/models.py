"""`airflow.models.*`: the authoring classes under the names of Airflow 2."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_SDK = "slipstream.sdk"
_DAG_RUN = "slipstream.sdk._dag_run"
_DAG_BAG = "slipstream.testing.dag_bag"
_TASK_INSTANCE = "slipstream.sdk._task_instance"

TABLE: Table = {
    "airflow.models": {
        _SDK: "DAG BaseOperator BaseOperatorLink Connection MappedOperator Param SkipMixin "
        "TaskInstance Variable",
        _DAG_RUN: "DagRun",
        _DAG_BAG: "DagBag",
        "slipstream.sdk._xcom": "XCom BaseXCom",
    },
    "airflow.models.abstractoperator": {"slipstream.sdk._abstract_operator": "AbstractOperator"},
    "airflow.models.baseoperator": {_SDK: "BaseOperator chain chain_linear cross_downstream"},
    "airflow.models.baseoperatorlink": {_SDK: "BaseOperatorLink"},
    "airflow.models.connection": {_SDK: "Connection"},
    "airflow.models.dag": {_SDK: "DAG dag"},
    "airflow.models.dagbag": {_DAG_BAG: "DagBag FileLoadStat"},
    "airflow.models.dagrun": {_DAG_RUN: "DagRun"},
    "airflow.models.param": {_SDK: "Param ParamsDict"},
    "airflow.models.skipmixin": {_SDK: "SkipMixin"},
    "airflow.models.taskinstance": {
        _SDK: "TaskInstance",
        _TASK_INSTANCE: "TaskInstanceKey",
    },
    "airflow.models.taskinstancekey": {_TASK_INSTANCE: "TaskInstanceKey"},
    "airflow.models.variable": {_SDK: "Variable"},
    "airflow.models.xcom": {"slipstream.sdk._xcom": "XCom BaseXCom XCOM_RETURN_KEY"},
    "airflow.models.xcom_arg": {_SDK: "XComArg"},
}
