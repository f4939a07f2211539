"""The plugins' applications and middlewares as one ASGI application, in their own process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount

from slipstream.api.plugin_apps.frames import (
    DISCONNECTS,
    Channel,
    Event,
    Stream,
    arrived,
    crossing,
)
from slipstream.sdk._plugins.loading import plugins

_log = logging.getLogger(__name__)

Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

RESERVED = ("/api/v2", "/ui", "/execution", "/auth", "/pluginsv2", "/docs", "/redoc", "/openapi")
"""Below these the server answers itself."""
_STREAM = "slipstream.stream"


class Applications:
    """Built from what the plugins of this process list; what is wrong with an entry is kept."""

    def __init__(self) -> None:
        self.prefixes: list[str] = []
        self.errors: dict[str, str] = {}
        self._mounts: list[Mount] = []
        self._middlewares: list[Middleware] = []
        self._running: set[asyncio.Task[None]] = set()
        for plugin in plugins().loaded:
            for entry in plugin.fastapi_apps:
                self._mount(str(plugin.name), entry)
            for entry in plugin.fastapi_root_middlewares:
                self._wrap(str(plugin.name), entry)
        self._app = Starlette(
            routes=[*self._mounts, Mount("/", _pass_on)], middleware=self._middlewares
        )

    @property
    def has_middlewares(self) -> bool:
        """Whether all requests go through here."""
        return bool(self._middlewares)

    async def start(self) -> None:
        """Have the middlewares made, so that what is wrong with them shows at once."""
        if self._middlewares:
            self._app.middleware_stack = self._app.build_middleware_stack()

    async def serve(self, sock: socket.socket) -> None:
        """Answer the request that comes over that socket."""
        stream = await Stream.over(sock)
        try:
            _, scope = await stream.receive()
            await _Request(stream, self._app).run(scope)
        except EOFError:
            _log.debug("The client of a request is gone.")
        finally:
            stream.close()

    def _mount(self, plugin: str, entry: Mapping[str, Any]) -> None:
        app, prefix, name = entry.get("app"), entry.get("url_prefix"), entry.get("name")
        where = f"{plugin}: fastapi app {name!r}"
        if app is None or not prefix:
            self.errors[where] = "It needs an 'app' and a 'url_prefix', such as '/mine'."
        elif not prefix.startswith("/"):
            self.errors[where] = f"Its url_prefix {prefix!r} must begin with '/'."
        elif prefix == "/" or prefix.startswith(RESERVED):
            self.errors[where] = f"Its url_prefix {prefix!r} is the server's own."
        else:
            self.prefixes.append(prefix.rstrip("/"))
            self._mounts.append(Mount(prefix.rstrip("/"), app))

    def _wrap(self, plugin: str, entry: Mapping[str, Any]) -> None:
        middleware = entry.get("middleware")
        if middleware is None:
            where = f"{plugin}: middleware {entry.get('name')!r}"
            self.errors[where] = "It needs a 'middleware', which is a class."
            return
        arguments, named = entry.get("args") or (), entry.get("kwargs") or {}
        self._middlewares.insert(0, Middleware(middleware, *arguments, **named))


class _Request:
    """One request: what the client says, and what the server's own application answers."""

    def __init__(self, stream: Stream, app: Starlette) -> None:
        self._stream = stream
        self._app = app
        self._from_client: asyncio.Queue[Event] = asyncio.Queue()
        self.from_core: asyncio.Queue[Event | None] = asyncio.Queue()
        self._is_gone = False

    async def run(self, scope: Event) -> None:
        listening = asyncio.create_task(self._listen())
        try:
            await self._app({**arrived(scope), _STREAM: self}, self._receive, self._send)
        except Exception:  # noqa: BLE001 - an application may raise anything
            _log.exception("An application of a plugin failed")
        await self._stream.send(Channel.END, {})
        # The server closes first: what it still sends would break an answer that it has not read.
        await listening

    async def pass_on(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Ask the server's own application."""
        await self._stream.send(Channel.SCOPE, crossing(scope))

        async def forward() -> None:
            while True:
                event = await receive()
                await self._stream.send(Channel.CORE, event)
                if event["type"] in DISCONNECTS:
                    return

        forwarding = asyncio.create_task(forward())
        try:
            while (event := await self.from_core.get()) is not None:
                await send(event)
        finally:
            forwarding.cancel()

    async def _listen(self) -> None:
        with contextlib.suppress(EOFError, asyncio.IncompleteReadError):
            while True:
                channel, event = await self._stream.receive()
                match channel:
                    case Channel.CLIENT:
                        self._from_client.put_nowait(event)
                    case Channel.CORE:
                        self.from_core.put_nowait(event)
                    case Channel.END:
                        self.from_core.put_nowait(None)
                    case Channel.SCOPE:
                        _log.error("a request was begun twice")
        self._is_gone = True
        self._from_client.put_nowait({"type": "http.disconnect"})
        self.from_core.put_nowait(None)

    async def _receive(self) -> Event:
        if self._is_gone and self._from_client.empty():
            return {"type": "http.disconnect"}
        return await self._from_client.get()

    async def _send(self, event: MutableMapping[str, Any]) -> None:
        await self._stream.send(Channel.CLIENT, event)


async def _pass_on(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    request: _Request = scope[_STREAM]
    await request.pass_on(scope, receive, send)
