"""Watchers that share one look at what they watch."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable
from typing import Any

from slipstream.runtime.trigger_code import Events
from slipstream.sdk._triggers import BaseEventTrigger, BaseTrigger
from slipstream.wire import messages
from slipstream.wire.values import decode_value

_MOST_UNREAD = 1024
"""What a slow watcher may leave unread; beyond that it fails, and begins anew."""


class _Stream:
    """One look, and who gets what it sees."""

    def __init__(self, kind: type[BaseEventTrigger], kwargs: dict[str, Any]) -> None:
        self._kind = kind
        self._kwargs = kwargs
        self._readers: dict[int, asyncio.Queue[Any]] = {}
        self._task: asyncio.Task[None] | None = None

    async def read(self, name: int) -> AsyncIterator[Any]:
        """What is seen from now on. Raises what ended the look."""
        queue: asyncio.Queue[Any] = asyncio.Queue(_MOST_UNREAD)
        self._readers[name] = queue
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._look())
        try:
            while True:
                seen = await queue.get()
                if isinstance(seen, _Over):
                    raise seen.error
                yield seen
        finally:
            self._readers.pop(name, None)
            if not self._readers and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _look(self) -> None:
        error: Exception
        try:
            async for seen in self._kind.open_shared_stream(self._kwargs):
                for name, queue in list(self._readers.items()):
                    if queue.full():
                        self._end(name, RuntimeError("it has left too much unread"))
                    else:
                        queue.put_nowait(seen)
            error = RuntimeError("the shared stream has ended; it has to go on for ever")
        except Exception as raised:  # noqa: BLE001 - it is told to every watcher
            error = raised
        self._task = None
        for name in list(self._readers):
            self._end(name, error)

    def _end(self, name: int, error: Exception) -> None:
        queue = self._readers.pop(name)
        with contextlib.suppress(asyncio.QueueEmpty):
            while queue.full():
                queue.get_nowait()
        queue.put_nowait(_Over(error))


class _Over:
    """The look has ended."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class SharedStreams:
    """The looks of one process."""

    def __init__(self) -> None:
        self._streams: dict[tuple[type, Hashable], _Stream] = {}

    def events_of(self, trigger: BaseTrigger, order: messages.TriggerOrder) -> Events:
        """The events of a trigger that watches, by a look of its own or a shared one."""
        key = trigger.shared_stream_key() if isinstance(trigger, BaseEventTrigger) else None
        if key is None or not isinstance(trigger, BaseEventTrigger):
            return trigger.run()
        kind = type(trigger)
        stream = self._streams.get((kind, key))
        if stream is None:
            stream = self._streams[kind, key] = _Stream(kind, decode_value(order.kwargs))
        return trigger.filter_shared_stream(stream.read(order.number))
