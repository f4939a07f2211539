"""Request bodies that are too long, or do not come."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store


def test_a_body_that_is_too_long_is_refused(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    api = Client(portal, create_app(store, settings=replace(settings, maximum_body_bytes=1000)))
    body = {"key": "a", "value": "x" * 2000}
    assert api.post("/variables", body).status_code == 413
    assert store.get_variable("a") is None
    assert api.post("/variables", {"key": "a", "value": "x" * 500}).status_code == 201


def test_who_never_ends_a_body_is_let_go(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    app = create_app(store, settings=replace(settings, body_timeout_seconds=0.01))

    async def trickle() -> int:
        sent: list[dict[str, object]] = []
        pieces = [{"type": "http.request", "body": b"{", "more_body": True}]

        async def receive() -> dict[str, object]:
            if pieces:
                return pieces.pop()
            return await asyncio.get_running_loop().create_future()

        async def send(message: dict[str, object]) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/v2/variables",
            "raw_path": b"/api/v2/variables",
            "query_string": b"",
            "headers": [(b"host", b"test"), (b"content-type", b"application/json")],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
            "scheme": "http",
            "http_version": "1.1",
        }
        async with asyncio.timeout(20):
            await app(scope, receive, send)  # type: ignore[arg-type]  # as a server would
        status = sent[0]["status"]
        assert isinstance(status, int)
        return status

    assert portal.call(trickle) == 408
    api = Client(portal, create_app(store, settings=settings))
    assert api.post("/variables", {"key": "a", "value": "1"}).status_code == 201
