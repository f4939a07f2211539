"""Hands requests for plugins to their process; the others to the server's own application."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from slipstream.api.plugin_apps.frames import (
    DISCONNECTS,
    Channel,
    Event,
    Stream,
    arrived,
    crossing,
)
from slipstream.api.plugin_apps.host import PluginHost, PluginsUnavailableError
from slipstream.api.plugin_apps.orders import Told

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)


class PluginGate:
    """An ASGI application in front of the server's own. Plugins' code does not run in it."""

    def __init__(self, app: ASGIApp, host: PluginHost, base_path: str = "") -> None:
        self._app = app
        self._host = host
        self._base_path = base_path.rstrip("/")
        self._told: Told | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._told is None:
            self._told = await asyncio.to_thread(self._host.told)
        if not (self._told.has_middlewares or self._is_plugins(scope["path"], self._told)):
            await self._app(scope, receive, send)
            return
        try:
            sock = await asyncio.to_thread(self._host.connect)
        except PluginsUnavailableError as error:
            _log.error("%s", error)
            await _refuse(503, str(error), send)
            return
        stream = await Stream.over(sock)
        try:
            await _Exchange(self._app, scope, receive, send, stream).run(self._base_path)
        finally:
            stream.close()

    def _is_plugins(self, path: str, told: Told) -> bool:
        own = path.removeprefix(self._base_path)
        return any(own == prefix or own.startswith(prefix + "/") for prefix in told.prefixes)


class _Exchange:
    """One request that plugins answer, or pass on to the server's own application."""

    def __init__(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, stream: Stream
    ) -> None:
        self._app = app
        self._scope = scope
        self._receive = receive
        self._send = send
        self._stream = stream
        self._to_core: asyncio.Queue[Event] = asyncio.Queue()
        self._has_begun = False

    async def run(self, base_path: str) -> None:
        """Until the answer is complete, or nobody is left who could give it."""
        root = {"root_path": base_path} if base_path else {}
        await self._stream.send(Channel.SCOPE, {**crossing(self._scope), **root})
        forwarding = asyncio.create_task(self._forward())
        core: asyncio.Task[None] | None = None
        try:
            while True:
                channel, event = await self._stream.receive()
                match channel:
                    case Channel.CLIENT:
                        self._has_begun = True
                        await self._send(event)
                    case Channel.SCOPE:
                        core = asyncio.create_task(self._ask_core(event))
                    case Channel.CORE:
                        self._to_core.put_nowait(event)
                    case Channel.END:
                        break
            await self._give_up()
        except (EOFError, asyncio.IncompleteReadError):
            await self._give_up()
        finally:
            forwarding.cancel()
            if core is not None:
                core.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await core

    async def _forward(self) -> None:
        while True:
            event = await self._receive()
            await self._stream.send(Channel.CLIENT, event)
            if event["type"] in DISCONNECTS:
                return

    async def _ask_core(self, scope: Event) -> None:
        async def answer(message: Message) -> None:
            await self._stream.send(Channel.CORE, message)

        try:
            await self._app({**self._scope, **arrived(scope)}, self._to_core.get, answer)
        finally:
            await self._stream.send(Channel.END, {})

    async def _give_up(self) -> None:
        """Nobody will say more: the application has ended, or failed, or its process has died."""
        if not self._has_begun:
            await _refuse(502, "The plugin that should answer this has failed.", self._send)


async def _refuse(status: int, detail: str, send: Send) -> None:
    from starlette.responses import JSONResponse

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    await JSONResponse({"detail": detail}, status)({"type": "http"}, nothing, send)
