"""The process in which triggers run, many of them in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import logging
import os
import threading
import time
from typing import NoReturn

from slipstream.model.deferral import TriggerEnd
from slipstream.runtime import fork_hooks, task_log
from slipstream.runtime.supervisor_backend import SupervisorBackend
from slipstream.runtime.trigger_link import TriggerLink
from slipstream.runtime.trigger_modules import TriggerModules
from slipstream.runtime.trigger_streams import SharedStreams
from slipstream.runtime.trigger_task import TriggerTask
from slipstream.runtime.trigger_watch import LoopWatch
from slipstream.sdk._backend import current_backend
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError

_log = logging.getLogger(__name__)

_FAREWELL_SECONDS = 2.0
"""What the triggers may take to tidy up when the server stops."""


class TriggerProcess:
    """Runs what the host orders until the host closes the socket."""

    def __init__(self, order: messages.ForkTriggers, connection: BlockingConnection) -> None:
        self._order = order
        self._link = TriggerLink(connection)
        self._modules = TriggerModules()
        self._watch = LoopWatch(
            order.blocked_warning_seconds, order.blocked_limit_seconds, self._warn
        )
        self._loop = asyncio.new_event_loop()
        self._over: asyncio.Future[None] = self._loop.create_future()
        self._running: dict[str, TriggerTask] = {}
        self._streams = SharedStreams()
        self._context = contextvars.copy_context()

    def run(self) -> NoReturn:
        """Work, and exit."""
        fork_hooks.release()
        task_log.capture(self._link)
        self._context.run(current_backend.set, SupervisorBackend(self._link))
        self._watch.start()
        gc.enable()
        asyncio.set_event_loop(self._loop)
        listening = threading.Thread(
            target=self._link.listen, args=(self._deliver, self._end), daemon=True
        )
        listening.start()
        with contextlib.suppress(ConnectionLostError):
            self._loop.run_until_complete(self._serve())
            task_log.finish()
        # Threads that triggers have started are not waited for.
        os._exit(0)

    async def _serve(self) -> None:
        await self._over
        tasks = [trigger.task for trigger in self._running.values() if trigger.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_FAREWELL_SECONDS)

    # What the host says. It comes from another thread.

    def _deliver(self, message: messages.ToTask) -> None:
        self._loop.call_soon_threadsafe(self._obey, message, context=self._context)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._finish)

    def _obey(self, message: messages.ToTask) -> None:
        match message:
            case messages.RunTriggers():
                self._run_all(message.triggers)
            case messages.KeepTrigger():
                watcher = self._running.get(message.attempt_id)
                if watcher is not None:
                    watcher.keep()
            case messages.DropTrigger():
                trigger = self._running.get(message.attempt_id)
                if trigger is not None:
                    trigger.drop()
                else:
                    self._link.send(messages.TriggerGone(attempt_id=message.attempt_id))
            case messages.EndTriggers():
                self._finish()
            case _:
                _log.error("a process of triggers was sent %s", type(message).__name__)

    def _finish(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    # Triggers.

    def _run_all(self, orders: list[messages.TriggerOrder]) -> None:
        if self._modules.are_outdated():
            names = [order.attempt_id for order in orders]
            self._link.send(messages.TriggersOutdated(attempt_ids=names))
            return
        for order in orders:
            self._run(order)

    def _run(self, order: messages.TriggerOrder) -> None:
        known = self._running.get(order.attempt_id)
        if known is not None:
            if not known.has_ended:
                return
            known.drop()
        trigger = TriggerTask(
            order,
            self._modules,
            self._order.on_kill_seconds,
            self._streams,
            done=self._done,
            gone=self._gone,
        )
        self._running[order.attempt_id] = trigger
        trigger.task = self._loop.create_task(self._watch.around(trigger.live()))

    def _done(self, trigger: TriggerTask, end: TriggerEnd) -> None:
        task_log.finish()
        self._link.send(messages.pack_trigger_end(trigger.order.attempt_id, end))

    def _gone(self, trigger: TriggerTask) -> None:
        name = trigger.order.attempt_id
        if self._running.get(name) is trigger:
            del self._running[name]
            self._link.send(messages.TriggerGone(attempt_id=name))

    def _warn(self, text: str) -> None:
        """In the middle of a trigger's step: nothing of Python's logging may be touched."""
        line = messages.LogLine(
            timestamp=time.time(), level="warning", logger=messages.TRIGGERER_LOGGER, event=text
        )
        with contextlib.suppress(ConnectionLostError):
            self._link.send(line)
