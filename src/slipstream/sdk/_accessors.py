"""What templates reach variables, connections and asset events through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from slipstream.sdk._connection import Connection
from slipstream.sdk._types import NOTSET, UserValue
from slipstream.sdk._variable import Variable
from slipstream.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    from slipstream.sdk._dag_run import DagRun


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


class OutletEvent:
    """What a task says about one asset that it updates."""

    def __init__(self, key: UserValue) -> None:
        self.key = key
        self.extra: dict[str, UserValue] = {}
        self.added: list[tuple[UserValue, dict[str, UserValue]]] = []

    def add(self, asset: UserValue, extra: Mapping[str, UserValue] | None = None) -> None:
        """For an alias: this asset was updated."""
        self.added.append((asset, dict(extra or {})))


class OutletEvents(Mapping[UserValue, OutletEvent]):
    """`outlet_events[asset].extra = {…}`."""

    def __init__(self) -> None:
        self._events: dict[UserValue, OutletEvent] = {}

    def __getitem__(self, key: UserValue) -> OutletEvent:
        return self._events.setdefault(key, OutletEvent(key))

    def __iter__(self) -> Iterator[UserValue]:
        return iter(self._events)

    def __len__(self) -> int:
        return len(self._events)


class InletEvents(Mapping[UserValue, Sequence[UserValue]]):
    """`inlet_events[asset]`: the events of an inlet, oldest first; none where none are recorded."""

    def __init__(self, inlets: Sequence[UserValue]) -> None:
        self._inlets = list(inlets)

    def __getitem__(self, key: UserValue) -> Sequence[UserValue]:
        if isinstance(key, int):
            key = self._inlets[key]
        return []

    def __iter__(self) -> Iterator[UserValue]:
        return iter(self._inlets)

    def __len__(self) -> int:
        return len(self._inlets)


def triggering_events(dag_run: DagRun) -> Mapping[UserValue, Sequence[UserValue]]:
    """The asset events that made the run start, by asset."""
    found: dict[UserValue, list[UserValue]] = {}
    for event in dag_run.consumed_asset_events:
        found.setdefault(event.asset, []).append(event)
    return found
