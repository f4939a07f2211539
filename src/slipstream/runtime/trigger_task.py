"""The life of one trigger in its process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipstream.model.deferral import Fired, TriggerEnd
from slipstream.runtime.trigger_code import (
    Events,
    broken,
    end_of,
    event_unless_over,
    make_trigger,
    next_event,
)
from slipstream.runtime.trigger_link import current_trigger
from slipstream.runtime.trigger_modules import TriggerModules
from slipstream.wire import messages
from slipstream.wire.values import encode_value

if TYPE_CHECKING:
    from slipstream.runtime.trigger_streams import SharedStreams
    from slipstream.sdk._triggers import BaseTrigger, TriggerEvent

_log = logging.getLogger("airflow.triggers")

_GO_ON_SECONDS = 1.0
"""What stands behind a trigger's `yield` may take so long."""
_AGAIN_SECONDS = 1.0
"""A watcher whose `run` is over after an event begins anew so much later."""


@dataclass(frozen=True, slots=True)
class DeferredTask:
    """What a trigger may know of the task instance that waits on it: its `task_instance`."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    id: str
    """The attempt that was deferred."""
    state: str = "deferred"


class TriggerTask:
    """Makes a trigger, waits for its event, and tidies up when nothing waits on it any more.

    The event is told first. What stands behind the `yield` runs once the event is kept, so that a
    trigger may acknowledge there what it has read elsewhere.
    """

    __slots__ = (
        "_done",
        "_gone",
        "_is_dropped",
        "_kept",
        "_limit_seconds",
        "_modules",
        "_released",
        "_streams",
        "has_ended",
        "order",
        "task",
    )

    def __init__(
        self,
        order: messages.TriggerOrder,
        modules: TriggerModules,
        limit_seconds: float,
        streams: SharedStreams,
        *,
        done: Callable[[TriggerTask, TriggerEnd], None],
        gone: Callable[[TriggerTask], None],
    ) -> None:
        """`limit_seconds` is what `on_kill` and `cleanup` may take."""
        self.order = order
        self.task: asyncio.Task[None] | None = None
        self.has_ended = False
        """Whether its end has been told."""
        self._modules = modules
        self._limit_seconds = limit_seconds
        self._done = done
        self._gone = gone
        self._is_dropped = False
        self._released: asyncio.Future[None] | None = None
        self._kept: asyncio.Future[None] | None = None
        self._streams = streams

    def keep(self) -> None:
        """Its last event was kept."""
        if self._kept is not None and not self._kept.done():
            self._kept.set_result(None)

    def drop(self) -> None:
        """Nothing waits on it any more."""
        if self._released is not None:
            if not self._released.done():
                self._released.set_result(None)
            return
        self._is_dropped = True
        if self.task is not None:
            self.task.cancel()

    async def live(self) -> None:
        """From the beginning to the end."""
        current_trigger.set(self.order.attempt_id)
        try:
            await self._wait()
        finally:
            self._gone(self)

    async def _wait(self) -> None:
        trigger: BaseTrigger | None = None
        events: Events | None = None
        try:
            try:
                await self._modules.load(self.order)
                trigger = self._make()
                while self.order.watches:
                    events = self._streams.events_of(trigger, self.order)
                    await self._watch(trigger, events)
                    await self._tidy_up(trigger, events)
                    await asyncio.sleep(_AGAIN_SECONDS)
                    trigger, events = self._make(), None
                events = trigger.run()
                end = end_of(await next_event(trigger, events))
            except asyncio.CancelledError as error:
                if self.task is not None and self.task.cancelling():
                    raise
                end = broken(error)
            except BaseException as error:  # noqa: BLE001 - whatever it is, its task alone fails
                end = broken(error)
            self._released = asyncio.get_running_loop().create_future()
            self.has_ended = True
            self._done(self, end)
            await self._released
            await self._go_on(events)
        except asyncio.CancelledError:
            if self._is_dropped and trigger is not None:
                await self._limited("on_kill", trigger.on_kill)
        finally:
            await self._tidy_up(trigger, events)

    async def _watch(self, trigger: BaseTrigger, events: Events) -> None:
        """Tell of every event; the trigger goes on when it was kept.

        Returns where its `run` is over after an event, as that of a trigger for tasks is. Raises
        where it fails, or is over without one.
        """
        event: TriggerEvent | None = await next_event(trigger, events)
        while event is not None:
            self._kept = asyncio.get_running_loop().create_future()
            self._done(self, Fired(payload=encode_value(event.payload)))
            await self._kept
            event = await event_unless_over(trigger, events)

    def _make(self) -> BaseTrigger:
        order = self.order
        trigger = make_trigger(order.classpath, order.kwargs)
        trigger.task_instance = DeferredTask(
            order.dag_id,
            order.run_id,
            order.task_id,
            order.map_index,
            order.try_number,
            order.attempt_id,
        )
        trigger.trigger_id = order.number
        return trigger

    async def _go_on(self, events: Events | None) -> None:
        """Let run what stands behind the `yield`."""
        if events is None or not hasattr(events, "__anext__"):
            return
        try:
            async with asyncio.timeout(_GO_ON_SECONDS):
                await anext(events)
        except (StopAsyncIteration, TimeoutError):
            return
        except BaseException as error:
            if self.task is not None and self.task.cancelling():
                raise
            _log.warning("The trigger failed after its event: %r", error)

    async def _tidy_up(self, trigger: BaseTrigger | None, events: Events | None) -> None:
        close = getattr(events, "aclose", None)
        if close is not None:
            await self._limited("run", close)
        if trigger is not None:
            await self._limited("cleanup", trigger.cleanup)

    async def _limited(self, name: str, method: Callable[[], Awaitable[object]]) -> None:
        try:
            async with asyncio.timeout(self._limit_seconds):
                await method()
        except TimeoutError:
            _log.warning("%s() of the trigger took longer than %g s", name, self._limit_seconds)
        except BaseException as error:  # noqa: BLE001 - a trigger's end hurts no other trigger
            with contextlib.suppress(Exception):
                _log.warning("%s() of the trigger failed: %r", name, error)
