"""What passes between tasks under Airflow's names: XComs, their forms, paths on object stores."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_SDK = "slipstream.sdk"
_PATH = "slipstream.sdk._object_storage"
_STORES = "slipstream.sdk._object_stores"
_STATE = "slipstream.sdk._state_stores"
_SERDE = "slipstream.compat.adapters.serde"
_PARAMS = "slipstream.sdk._params"
_TEMPLATER = {
    "slipstream.sdk._template": "Templater",
    "slipstream.sdk._references": "LiteralValue",
}
_SERDE_NAMES = "serialize deserialize CLASSNAME DATA VERSION"

TABLE: Table = {
    "airflow.sdk": {_SDK: "ObjectStoragePath", _STATE: "NEVER_EXPIRE"},
    "airflow.sdk.execution_time.context": {
        _STATE: "NEVER_EXPIRE TaskStateStoreAccessor=TaskStateStore "
        "AssetStateStoreAccessor=AssetStateStore AssetStateStoreAccessors=AssetStateStores"
    },
    "airflow.sdk.execution_time.xcom": {
        "slipstream.sdk._xcom": "XCom BaseXCom",
        "slipstream.sdk._xcom_values": "resolve_xcom_backend=xcom_class",
    },
    "airflow.sdk.execution_time.lazy_sequence": {
        "slipstream.sdk._xcom_sequences": "LazyXComSequence"
    },
    "airflow.models.xcom": {
        "slipstream.sdk._xcom_sequences": "LazyXComSelectSequence=LazyXComSequence"
    },
    "airflow.sdk.definitions.param": {_PARAMS: "DagParam"},
    "airflow.sdk.definitions._internal.templater": {
        **_TEMPLATER,
        "slipstream.sdk._template_env": "NativeEnvironment SandboxedEnvironment",
    },
    "airflow.utils.xcom": {"slipstream.sdk._xcom_arg": "XCOM_RETURN_KEY"},
    "airflow.sdk.io": {_PATH: "ObjectStoragePath", _STORES: "attach get_fs has_fs"},
    "airflow.sdk.io.path": {_PATH: "ObjectStoragePath"},
    "airflow.sdk.io.store": {_STORES: "ObjectStore attach"},
    "airflow.sdk.io.fs": {_STORES: "get_fs has_fs"},
    "airflow.sdk.io.stat": {"slipstream.sdk._object_stat": "stat_result"},
    "airflow.io": {_STORES: "attach get_fs has_fs"},
    "airflow.io.path": {_PATH: "ObjectStoragePath"},
    "airflow.io.storage": {_STORES: "attach"},
    "airflow.sdk.serde": {_SERDE: _SERDE_NAMES},
    "airflow.serialization.serde": {_SERDE: _SERDE_NAMES},
    "airflow.utils.json": {_SERDE: "XComEncoder XComDecoder"},
    # For where the provider is not installed.
    "airflow.providers.common.io.xcom.backend": {
        "slipstream.sdk._xcom_object_storage": "XComObjectStorageBackend"
    },
}
