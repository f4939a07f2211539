"""What templates reach variables and connections through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipstream.sdk._connection import Connection
from slipstream.sdk._types import NOTSET, UserValue
from slipstream.sdk._variable import Variable
from slipstream.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    pass


class _VariableAccessor:
    """`var.value.key` or `var.json.key`."""

    def __init__(self, deserialize_json: bool) -> None:
        self._deserialize_json = deserialize_json

    def __getattr__(self, key: str) -> UserValue:
        if key.startswith("__"):
            raise AttributeError(key)
        return Variable.get(key, deserialize_json=self._deserialize_json)

    def __getitem__(self, key: str) -> UserValue:
        return Variable.get(key, deserialize_json=self._deserialize_json)

    def get(
        self, key: str, default: UserValue = NOTSET, *, default_var: UserValue = NOTSET
    ) -> UserValue:
        """The variable's value, or the default."""
        fallback = default if default_var is NOTSET else default_var
        return Variable.get(key, default=fallback, deserialize_json=self._deserialize_json)

    def __repr__(self) -> str:
        return f"<variables as {'JSON' if self._deserialize_json else 'text'}>"


def variables() -> dict[str, _VariableAccessor]:
    """`var`: the accessors for texts (`var.value`) and for JSON (`var.json`)."""
    return {
        "value": _VariableAccessor(deserialize_json=False),
        "json": _VariableAccessor(deserialize_json=True),
    }


class Connections:
    """`conn.my_id.host`."""

    def __getattr__(self, conn_id: str) -> Connection:
        if conn_id.startswith("__"):
            raise AttributeError(conn_id)
        return Connection.get(conn_id)

    def get(self, conn_id: str, default_conn: UserValue = None) -> UserValue:
        """The connection, or the default."""
        try:
            return Connection.get(conn_id)
        except AirflowNotFoundException:
            return default_conn
