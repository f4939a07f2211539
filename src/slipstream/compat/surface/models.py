"""`airflow.models.*`: the authoring classes under the names of Airflow 2."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_SDK = "slipstream.sdk"

TABLE: Table = {
    "airflow.models": {
        _SDK: "DAG BaseOperator Connection Param TaskInstance Variable XComArg BaseSensorOperator",
        "slipstream.sdk._xcom": "XCom=BaseXCom BaseXCom XCOM_RETURN_KEY",
    },
    "airflow.models.baseoperator": {_SDK: "BaseOperator chain chain_linear cross_downstream"},
    "airflow.models.connection": {_SDK: "Connection"},
    "airflow.models.dag": {_SDK: "DAG"},
    "airflow.models.param": {_SDK: "Param ParamsDict"},
    "airflow.models.skipmixin": {_SDK: "SkipMixin"},
    "airflow.models.taskinstance": {_SDK: "TaskInstance Context get_current_context"},
    "airflow.models.variable": {_SDK: "Variable"},
    "airflow.models.xcom": {"slipstream.sdk._xcom": "XCom=BaseXCom BaseXCom XCOM_RETURN_KEY"},
    "airflow.models.xcom_arg": {_SDK: "XComArg"},
}
