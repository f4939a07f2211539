"""Calls listeners for what the server tells, in the process of plugins, one after the other."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from queue import Full, Queue
from typing import TYPE_CHECKING, Any, TypeAlias

from slipstream.api.plugin_apps.happenings import (
    AliasAppeared,
    AssetAppeared,
    AssetReported,
    ComponentChanged,
    FileFailed,
    Happening,
    InstanceMarked,
    RunMarked,
)
from slipstream.api.plugin_apps.orders import Served
from slipstream.model.states import TaskState
from slipstream.sdk._assets import Asset, AssetAlias
from slipstream.sdk._listeners import tell
from slipstream.sdk._marked import MarkedRun, MarkedTaskInstance

if TYPE_CHECKING:
    from slipstream.sdk._listener_specs import AssetEvent

_log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
"""What waits for listeners that are slow; what comes then is not told, and the log says so."""

_Order: TypeAlias = "ComponentChanged | Happening"


class Hearing:
    """One thread that calls listeners, so that a slow one holds up neither requests nor the
    server."""

    def __init__(self, answer: Callable[[Served], None]) -> None:
        self._answer = answer
        self._waiting: Queue[_Order] = Queue(_MOST_WAITING)
        threading.Thread(target=self._run, name="listeners", daemon=True).start()

    def take(self, order: _Order) -> None:
        """Tell of this when everything before it has been told."""
        try:
            self._waiting.put_nowait(order)
        except Full:
            _log.warning("Listeners are %d calls behind: %s is not told", _MOST_WAITING, order.hook)

    def _run(self) -> None:
        while True:
            order = self._waiting.get()
            try:
                for hook, arguments in calls(order):
                    tell(hook, **arguments)
            except Exception:  # noqa: BLE001 - one that cannot be told must not end the telling
                _log.exception("Listeners could not be told of %s", order)
            if isinstance(order, ComponentChanged):
                self._answer(Served(number=order.number))


class Component:
    """What `on_starting` and `before_stopping` are given of a part of the server."""

    def __init__(self, name: str) -> None:
        self.job_type = "".join(word.title() for word in name.split("_")) + "Job"
        self.hostname = os.uname().nodename


def calls(order: _Order) -> list[tuple[str, Mapping[str, Any]]]:
    """The hooks to call, each with its arguments."""
    match order:
        case ComponentChanged():
            return [(order.hook, {"component": Component(order.name)})]
        case FileFailed():
            named = {"filename": order.filename, "stacktrace": order.stacktrace}
            return [(order.hook, named)]
        case AssetAppeared():
            asset = Asset(order.name, order.uri, group=order.group, extra=dict(order.extra))
            return [(order.hook, {"asset": asset})]
        case AliasAppeared():
            alias = AssetAlias(order.name, group=order.group)
            return [(order.hook, {"asset_alias": alias})]
        case AssetReported():
            event = _emitted(order)
            return [
                (order.hook, {"asset": event.asset}),
                (order.hook_with_more, {"asset_event": event}),
            ]
        case RunMarked():
            msg = f"Dag Run's state was manually set to `{order.run.state}`."
            run = MarkedRun(order.run)
            return [] if order.hook is None else [(order.hook, {"dag_run": run, "msg": msg})]
        case InstanceMarked():
            return [] if order.hook is None else [(order.hook, _of_instance(order))]


def _of_instance(order: InstanceMarked) -> Mapping[str, Any]:
    state = order.instance.state
    instance = MarkedTaskInstance(order.instance, order.run, order.operator)
    arguments = {"previous_state": None, "task_instance": instance}
    if state is TaskState.FAILED:
        return {**arguments, "error": f"TaskInstance's state was manually set to `{state}`."}
    return arguments


def _emitted(order: AssetReported) -> AssetEvent:
    from slipstream.sdk._listener_specs import AssetEvent

    said = order.event
    date: datetime | None = said.partition_date
    return AssetEvent(
        asset=Asset(said.name, said.uri, group=said.group, extra=dict(order.asset_extra)),
        extra=dict(said.extra),
        source_dag_id=said.source_dag_id,
        source_task_id=said.source_task_id,
        source_run_id=said.source_run_id,
        source_map_index=said.source_map_index,
        source_aliases=[AssetAlias(name) for name in said.aliases],
        partition_key=said.partition_key,
        partition_date=date,
    )
