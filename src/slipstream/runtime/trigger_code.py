"""People's triggers: made from what was kept of them, and what they give put into values."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from typing import TypeAlias

from slipstream.model.attempt import XComWrite
from slipstream.model.deferral import Broken, EndsTask, Fired, TriggerEnd
from slipstream.model.errors import SlipstreamError
from slipstream.runtime.tracebacks import format_for_user
from slipstream.sdk._triggers import BaseTaskEndEvent, BaseTrigger, TriggerEvent
from slipstream.wire.values import decode_value, encode_value, length_of

Events: TypeAlias = AsyncIterator[TriggerEvent]


class TriggerCodeError(SlipstreamError):
    """A trigger is not what the rules for triggers ask for."""


def find_class(classpath: str) -> type[BaseTrigger]:
    """The trigger's class; its module is imported. Raises what the import raised."""
    module, _, name = classpath.rpartition(".")
    if not module:
        raise TriggerCodeError(
            f"The trigger {classpath!r} has no module; serialize() must give the full import path "
            "of its class first, such as 'package.module.Class'."
        )
    found = getattr(importlib.import_module(module), name, None)
    if found is None:
        raise TriggerCodeError(
            f"The module {module!r} has no {name!r}; serialize() must give the full import path "
            "of the trigger's class first."
        )
    if not (isinstance(found, type) and hasattr(found, "run")):
        raise TriggerCodeError(f"{classpath} is no trigger: it has no run().")
    return found


def make_trigger(classpath: str, kwargs: str) -> BaseTrigger:
    """The trigger, from its import path and its arguments as they were kept."""
    return find_class(classpath)(**decode_value(kwargs))


async def next_event(trigger: BaseTrigger, events: Events) -> TriggerEvent:
    """What the trigger yields next. Raises `TriggerCodeError` where it ends without."""
    event = await event_unless_over(trigger, events)
    if event is None:
        path = f"{type(trigger).__module__}.{type(trigger).__qualname__}"
        raise TriggerCodeError(
            f"The trigger {path} ended without an event; run() must yield a TriggerEvent."
        )
    return event


async def event_unless_over(trigger: BaseTrigger, events: Events) -> TriggerEvent | None:
    """What the trigger yields next; None where its `run` has come to its end."""
    if not hasattr(events, "__anext__"):
        path = f"{type(trigger).__module__}.{type(trigger).__qualname__}"
        raise TriggerCodeError(
            f"{path}.run() gave a {type(events).__name__}; expected `async def run(self)` that "
            "yields a TriggerEvent."
        )
    try:
        event = await anext(events)
    except StopAsyncIteration:
        return None
    if not isinstance(event, TriggerEvent):
        raise TriggerCodeError(
            f"The trigger yielded a {type(event).__name__}; expected a TriggerEvent."
        )
    return event


def end_of(event: TriggerEvent) -> TriggerEnd:
    """What an event stands for. Raises where its values cannot be passed on."""
    if isinstance(event, BaseTaskEndEvent):
        return EndsTask(
            state=event.task_instance_state,
            xcoms=tuple(
                XComWrite(key, encode_value(value), length_of(value))
                for key, value in event.xcoms.items()
            ),
        )
    return Fired(payload=encode_value(event.payload))


def broken(error: BaseException) -> Broken:
    """The failure that an exception stands for."""
    if isinstance(error, asyncio.CancelledError):
        return Broken(error="the trigger cancelled itself")
    text = f"{type(error).__name__}: {error}".rstrip(": ").partition("\n")[0]
    return Broken(error=text, traceback=tuple(format_for_user(error).splitlines()))
