"""Waiting on a trigger where there is no triggerer: in the process of the run."""

from __future__ import annotations

import asyncio
import importlib
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

from slipstream.model.attempt import Deferred
from slipstream.sdk._deferral import TRIGGER_FAIL_REPR, TRIGGER_TIMEOUT_TEXT
from slipstream.sdk._triggers import BaseTrigger, TriggerEvent
from slipstream.sdk._types import UserValue
from slipstream.wire.values import decode_value


def wait_for_trigger(deferred: Deferred) -> tuple[str, Mapping[str, UserValue]]:
    """The operator's method to go on with, and its arguments, once the trigger has fired."""
    kwargs = _decoded(deferred.method_kwargs)
    try:
        event = asyncio.run(_first_event(_make(deferred), _seconds_until(deferred.timeout_at)))
    except TimeoutError:
        return TRIGGER_FAIL_REPR, {"error": TRIGGER_TIMEOUT_TEXT}
    except Exception as error:  # noqa: BLE001  # The trigger is the user's code; the task fails by it.
        lines = traceback.format_exception(error)
        return TRIGGER_FAIL_REPR, {"error": "Trigger failure", "traceback": lines}
    return deferred.method_name, {**kwargs, "event": event.payload}


def _make(deferred: Deferred) -> BaseTrigger:
    module, _, name = deferred.trigger_classpath.rpartition(".")
    made: BaseTrigger = getattr(importlib.import_module(module), name)(
        **_decoded(deferred.trigger_kwargs)
    )
    return made


def _decoded(kwargs: UserValue) -> Mapping[str, UserValue]:
    found: Mapping[str, UserValue] = decode_value(kwargs) if isinstance(kwargs, str) else kwargs
    return found or {}


def _seconds_until(moment: datetime | None) -> float | None:
    return None if moment is None else max(0.0, (moment - datetime.now(UTC)).total_seconds())


async def _first_event(trigger: BaseTrigger, seconds: float | None) -> TriggerEvent:
    try:
        return await asyncio.wait_for(_next(trigger), seconds)
    finally:
        await trigger.cleanup()


async def _next(trigger: BaseTrigger) -> TriggerEvent:
    async for event in trigger.run():
        return event
    raise RuntimeError(f"{trigger!r} ended without an event.")
