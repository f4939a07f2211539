"""Clients that are slow to say what they want, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from slipstream.api.server import ApiServer

PATIENCE_SECONDS = 60.0
HEAD = b"GET / HTTP/1.1\r\nHost: test\r\n"


def served(head_timeout_seconds: float) -> Iterator[ApiServer]:
    async def endpoint(_: Request) -> PlainTextResponse:
        return PlainTextResponse("done")

    async def long(_: Request) -> PlainTextResponse:
        await asyncio.sleep(3 * head_timeout_seconds)
        return PlainTextResponse("done at last")

    server = ApiServer(
        lambda: Starlette(routes=[Route("/", endpoint), Route("/long", long)]),
        port=0,
        head_timeout_seconds=head_timeout_seconds,
    )
    server.start()
    assert server.wait_ready(PATIENCE_SECONDS)
    yield server
    server.stop()


@pytest.fixture
def hurried() -> Iterator[ApiServer]:
    yield from served(0.1)


@pytest.fixture
def patient() -> Iterator[ApiServer]:
    yield from served(PATIENCE_SECONDS)


def connected(server: ApiServer) -> socket.socket:
    address = urlsplit(server.url)
    connection = socket.create_connection((address.hostname, address.port), PATIENCE_SECONDS)
    connection.settimeout(PATIENCE_SECONDS)
    return connection


def all_of(connection: socket.socket) -> bytes:
    """What the server says until it hangs up."""
    said = b""
    while piece := connection.recv(4096):
        said += piece
    return said


def test_who_says_nothing_is_let_go(hurried: ApiServer) -> None:
    with connected(hurried) as connection:
        assert all_of(connection) == b""


def test_who_never_ends_the_headers_is_told_and_let_go(hurried: ApiServer) -> None:
    with connected(hurried) as connection:
        connection.sendall(HEAD)
        said = all_of(connection)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert said.endswith(b"did not come in time.\n")


def test_further_bytes_do_not_prolong_it(hurried: ApiServer) -> None:
    with connected(hurried) as connection:
        connection.sendall(HEAD)
        connection.settimeout(0.02)
        said = b""
        for _ in range(round(PATIENCE_SECONDS / 0.02)):
            try:
                connection.sendall(b"X")
                if not (piece := connection.recv(4096)):
                    break
                said += piece
            except TimeoutError:
                continue
            except ConnectionError:
                break
        else:
            pytest.fail("the connection was kept")
    assert said == b"" or said.startswith(b"HTTP/1.1 408 ")


def test_headers_that_come_in_pieces_are_answered(patient: ApiServer) -> None:
    with connected(patient) as connection:
        for piece in (HEAD[:5], HEAD[5:], b"Connection: close\r\n\r\n"):
            connection.sendall(piece)
        assert all_of(connection).endswith(b"done")


def test_a_second_request_has_its_own_time(hurried: ApiServer) -> None:
    with connected(hurried) as connection:
        connection.sendall(HEAD + b"\r\n")
        said = b""
        while not said.endswith(b"done"):
            said += connection.recv(4096)
        connection.sendall(HEAD)
        assert all_of(connection).startswith(b"HTTP/1.1 408 ")


def test_headers_without_end_are_refused_before_they_fill_the_memory(patient: ApiServer) -> None:
    with connected(patient) as connection:
        connection.sendall(HEAD)
        with suppress(ConnectionError):
            for _ in range(1000):
                connection.sendall(b"X-Long: " + b"x" * 4096 + b"\r\n")
        with suppress(ConnectionError):
            assert all_of(connection).startswith(b"HTTP/1.1 431 ")


def test_large_headers_that_end_are_answered(patient: ApiServer) -> None:
    large = b"X-Long: " + b"x" * 60_000 + b"\r\n"
    with connected(patient) as connection:
        connection.sendall(HEAD + large + b"Connection: close\r\n\r\n")
        assert all_of(connection).endswith(b"done")


def test_requests_that_come_at_once_are_answered_in_turn(patient: ApiServer) -> None:
    with connected(patient) as connection:
        connection.sendall(2 * (HEAD + b"\r\n") + HEAD + b"Connection: close\r\n\r\n")
        said = all_of(connection)
    assert said.count(b"HTTP/1.1 200 ") == said.count(b"done") == 3


def test_the_time_of_the_next_request_does_not_run_during_an_answer(hurried: ApiServer) -> None:
    with connected(hurried) as connection:
        connection.sendall(HEAD.replace(b"/", b"/long", 1) + b"\r\n" + HEAD)
        said = b""
        while not said.endswith(b"done at last"):
            said += connection.recv(4096)
        assert b" 408 " not in said
        connection.sendall(b"Connection: close\r\n\r\n")
        assert all_of(connection).endswith(b"done")


def test_nonsense_is_refused(patient: ApiServer) -> None:
    for nonsense in (b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", HEAD + b"no colon\r\n\r\n"):
        with connected(patient) as connection:
            connection.sendall(nonsense)
            assert all_of(connection).startswith(b"HTTP/1.1 400 ")
