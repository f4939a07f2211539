"""Request bodies that are too long, or do not come."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

from anyio.from_thread import BlockingPortal
from starlette.types import ASGIApp, Message
from tests.api.conftest import Client

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.config.options import OPTIONS
from slipstream.store.interface import Store


def test_a_body_that_is_too_long_is_refused(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    api = Client(portal, create_app(store, settings=replace(settings, maximum_body_bytes=1000)))
    body = {"key": "a", "value": "x" * 2000}
    refused = api.post("/variables", body)
    assert refused.status_code == 413
    section = re.search(r"\[(\w+)\] (\w+) allows no more", refused.text)
    assert section is not None
    assert section[2] in OPTIONS[section[1]]
    assert "longer than 1000 bytes" in refused.json()["detail"]
    assert store.get_variable("a") is None
    assert api.post("/variables", {"key": "a", "value": "x" * 500}).status_code == 201


def answered(
    portal: BlockingPortal, app: ASGIApp, pieces: list[bytes], *headers: tuple[bytes, bytes]
) -> int:
    """The status for a body that comes in such pieces, and has no end."""

    async def ask() -> int:
        sent: list[Message] = []

        async def receive() -> Message:
            if pieces:
                return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/api/v2/variables",
            "raw_path": b"/api/v2/variables",
            "query_string": b"",
            "headers": [(b"host", b"test"), (b"content-type", b"application/json"), *headers],
            "client": ("127.0.0.1", 1),
            "server": ("test", 80),
            "scheme": "http",
            "http_version": "1.1",
        }
        async with asyncio.timeout(20):
            await app(scope, receive, send)
        status = sent[0]["status"]
        assert isinstance(status, int)
        return status

    return portal.call(ask)


def test_a_body_of_unknown_length_is_read_no_further_than_allowed(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    app = create_app(store, settings=replace(settings, maximum_body_bytes=1000))
    pieces = [b"{" + b" " * 400, b" " * 400, b" " * 400, b"never read"]
    assert answered(portal, app, pieces) == 413
    assert pieces == [b"never read"]


def test_a_body_that_is_announced_as_too_long_is_not_read(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    app = create_app(store, settings=replace(settings, maximum_body_bytes=1000))
    pieces = [b"never read"]
    assert answered(portal, app, pieces, (b"content-length", b"1001")) == 413
    assert pieces == [b"never read"]


def test_who_never_ends_a_body_is_let_go(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    app = create_app(store, settings=replace(settings, body_timeout_seconds=0.01))
    assert answered(portal, app, [b"{"]) == 408
    api = Client(portal, create_app(store, settings=settings))
    assert api.post("/variables", {"key": "a", "value": "1"}).status_code == 201
