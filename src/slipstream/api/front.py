"""What answers before the REST API is there: health and version, at once and by itself.

FastAPI and pydantic take longer to import than all the rest of a server to start. A server is
asked for its health first, so that is answered without them. The first request for anything else
has the REST API made, in a thread, and so does a while without one: nobody waits for it then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Final

import msgspec

from slipstream.api.announcements import Announce
from slipstream.api.auth.user import ANYBODY
from slipstream.api.call import Call, Deployment, RemoteLogReader, SignsOfLife, utc_now
from slipstream.api.live.feed import LiveFeed
from slipstream.api.operation import Operation
from slipstream.api.payloads.base import Payload
from slipstream.api.plugin_apps.orders import Told
from slipstream.api.public import monitor
from slipstream.api.safe_headers import Headers, SafeHeaders, headers_of
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store
from slipstream.store.triggering import AskTimetable

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from slipstream.api.auth.throttle import Guesses
    from slipstream.api.connection_tests import ConnectionTester
    from slipstream.api.plugin_apps.host import PluginHost

_QUIET_SECONDS: Final = 1.0
"""After the first request, how long the start of the server is left alone."""


def create_front(
    store: Store,
    *,
    settings: ApiSettings,
    signs_of_life: SignsOfLife | None = None,
    live: LiveFeed | None = None,
    clock: Callable[[], datetime] = utc_now,
    plugins: PluginHost | None = None,
    announce: Announce | None = None,
    metrics: Callable[[], str] | None = None,
    ask_timetable: AskTimetable | None = None,
    read_remote_log: RemoteLogReader | None = None,
    connection_tester: ConnectionTester | None = None,
    guesses: Guesses | None = None,
) -> Front:
    """The same application as `create_app` gives, ready sooner; with what `plugins` serve."""
    signs = {} if signs_of_life is None else signs_of_life

    def make_app() -> ASGIApp:
        from slipstream.api.app import create_app

        told = Told if plugins is None else plugins.told
        app = create_app(
            store,
            settings=settings,
            signs_of_life=signs,
            live=live,
            clock=clock,
            plugins=told,
            announce=announce,
            metrics=metrics,
            ask_timetable=ask_timetable,
            read_remote_log=read_remote_log,
            connection_tester=connection_tester,
            guesses=guesses,
        )
        safe = SafeHeaders(app, is_https=settings.is_https)
        if plugins is None:
            return safe
        from slipstream.api.plugin_apps.gate import PluginGate

        # Applications of plugins say themselves what their pages may do.
        return PluginGate(safe, plugins, settings.base_path)

    deployment = Deployment(store=store, settings=settings, signs_of_life=signs, clock=clock)
    return Front(deployment, monitor.routes, make_app)


class Front:
    """An ASGI app that answers some operations itself and hands the rest to one made later."""

    def __init__(
        self,
        deployment: Deployment,
        operations: Iterable[Operation],
        make_app: Callable[[], ASGIApp],
    ) -> None:
        """The operations are open to everybody, and their handlers take nothing but the call."""
        self._call = Call(deployment, None, ANYBODY)
        self._handlers = {
            (operation.method, base + operation.path): operation.handler
            for operation in operations
            for base in {"", deployment.settings.base_path.rstrip("/")}
        }
        self._make_app = make_app
        self._app: asyncio.Future[ASGIApp] | None = None
        self._is_warming_up = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        handler = self._handlers.get((scope["method"], scope["path"]))
        if handler is None or _comes_from_elsewhere(scope):
            app = await asyncio.shield(self._whole_app())
            await app(scope, receive, send)
            return
        self._warm_up_soon()
        if self._call.settings.store_is_near:
            answer = handler(self._call)
        else:
            answer = await asyncio.to_thread(handler, self._call)
        assert isinstance(answer, Payload), "an operation of the front gives a payload"
        await _send(answer, send, headers_of(is_https=self._call.settings.is_https))

    def _whole_app(self) -> asyncio.Future[ASGIApp]:
        """The app to come. Made once; tried again if that failed."""
        app = self._app
        failed = app is not None and app.done() and app.exception() is not None
        if app is None or failed:
            app = self._app = asyncio.get_running_loop().run_in_executor(None, self._make_app)
        return app

    def _warm_up_soon(self) -> None:
        if not self._is_warming_up:
            self._is_warming_up = True
            asyncio.get_running_loop().call_later(_QUIET_SECONDS, self._whole_app)


def _comes_from_elsewhere(scope: Scope) -> bool:
    """A browser's request from another site's page, which needs the headers that allow it."""
    return any(name == b"origin" for name, _ in scope["headers"])


async def _send(answer: Payload, send: Send, safe: Headers) -> None:
    body = msgspec.json.encode(answer)
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"content-type", b"application/json"),
        *safe,
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
