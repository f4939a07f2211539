"""The server in its thread, over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from slipstream.api.app import create_app
from slipstream.api.server import AddressTakenError, ApiServer
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store

SECONDS = 10.0


@pytest.fixture
def server(store: Store, settings: ApiSettings) -> Iterator[ApiServer]:
    running = ApiServer(lambda: create_app(store, settings=settings), port=0)
    running.start()
    assert running.wait_ready(SECONDS)
    yield running
    running.stop()


def test_it_answers_over_a_socket(server: ApiServer) -> None:
    answer = httpx.get(f"{server.url}/api/v2/version")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["date"].endswith("GMT")
    assert "server" not in answer.headers


def test_it_stops_and_gives_the_port_back(server: ApiServer) -> None:
    host, port = server.bind()
    server.stop()
    assert not server.ready.is_set()
    socket.create_server((host, port)).close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://{host}:{port}/api/v2/version")


def test_a_port_that_is_taken_is_named(server: ApiServer) -> None:
    host, port = server.bind()
    other = ApiServer(lambda: pytest.fail("it must not be made"), host=host, port=port)
    with pytest.raises(AddressTakenError, match=str(port)):
        other.start()


def test_a_client_that_comes_early_waits(store: Store, settings: ApiSettings) -> None:
    may_begin, answers = Event(), []

    def make() -> ASGIApp:
        assert may_begin.wait(SECONDS)
        return create_app(store, settings=settings)

    slow = ApiServer(make, port=0)
    slow.start()

    def ask() -> None:
        answers.append(httpx.get(f"{slow.url}/api/v2/version", timeout=SECONDS))

    client = Thread(target=ask)
    with socket.create_connection(slow.bind()):
        client.start()
        assert not slow.ready.is_set()
        may_begin.set()
        client.join(SECONDS)
    slow.stop()
    assert [answer.status_code for answer in answers] == [200]


def test_an_app_that_cannot_be_made_is_reported() -> None:
    def make() -> ASGIApp:
        raise ValueError("no app")

    broken = ApiServer(make, port=0)
    broken.start()
    with pytest.raises(ValueError, match="no app"):
        broken.wait_ready(SECONDS)
    broken.stop()


def test_it_can_be_stopped_before_it_is_ready(store: Store, settings: ApiSettings) -> None:
    hurried = ApiServer(lambda: create_app(store, settings=settings), port=0)
    hurried.start()
    hurried.stop()
    assert not hurried.ready.is_set()


def test_it_serves_on_a_socket_that_it_is_given(store: Store, settings: ApiSettings) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    given = ApiServer(lambda: create_app(store, settings=settings), fd=listening.detach())
    given.start()
    assert given.wait_ready(SECONDS)
    assert given.bind() == ("127.0.0.1", port)
    assert httpx.get(f"{given.url}/api/v2/version").status_code == 200
    given.stop()


def test_a_request_under_way_ends_before_the_server_does() -> None:
    from starlette.applications import Starlette
    from starlette.routing import Route

    entered, may_end, answers = Event(), Event(), []

    def endpoint(_: Request) -> PlainTextResponse:
        entered.set()
        assert may_end.wait(SECONDS)
        return PlainTextResponse("done")

    server = ApiServer(lambda: Starlette(routes=[Route("/", endpoint)]), port=0)
    server.start()
    assert server.wait_ready(SECONDS)
    client = Thread(target=lambda: answers.append(httpx.get(server.url, timeout=SECONDS)))
    client.start()
    assert entered.wait(SECONDS)
    stopping = Thread(target=server.stop)
    stopping.start()
    may_end.set()
    client.join(SECONDS)
    stopping.join(SECONDS)
    assert [answer.text for answer in answers] == ["done"]


def test_a_body_that_is_too_large_is_refused(store: Store, tmp_path: Path) -> None:
    small = ApiSettings(
        log_dir=tmp_path, simple_auth_manager_all_admins=True, maximum_body_bytes=1000
    )
    server = ApiServer(lambda: create_app(store, settings=small), port=0)
    server.start()
    assert server.wait_ready(SECONDS)
    body = {"key": "k", "value": "x" * 2000}
    answer = httpx.post(f"{server.url}/api/v2/variables", json=body)
    server.stop()
    assert answer.status_code == 413
