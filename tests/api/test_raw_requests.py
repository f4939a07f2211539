"""Requests that a proxy in front might read in another way than the server does."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from slipstream.api.app import create_app
from slipstream.api.server import ApiServer
from slipstream.api.settings import ApiSettings
from slipstream.store.event_records import EventFilter
from slipstream.store.interface import Store
from slipstream.store.records import Window

SECONDS = 60.0
HIDDEN = "GET /api/v2/version HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def server(store: Store, settings: ApiSettings) -> Iterator[ApiServer]:
    running = ApiServer(lambda: create_app(store, settings=settings), port=0)
    running.start()
    assert running.wait_ready(SECONDS)
    yield running
    running.stop()


def answers(server: ApiServer, request: str) -> str:
    """Everything that comes until the server hangs up."""
    with socket.create_connection(server.bind(), SECONDS) as connection:
        connection.sendall(request.encode())
        said = b""
        while more := connection.recv(65536):
            said += more
    return said.decode()


def posted(headers: str, body: str) -> str:
    return f"POST /api/v2/pools HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{body}"


CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    "request_text",
    [
        posted(f"Content-Length: 5\r\n{CHUNKED}", "0\r\n\r\n" + HIDDEN),
        posted(f"{CHUNKED}\r\nContent-Length: 5", "0\r\n\r\n" + HIDDEN),
        posted("Content-Length: 0\r\nContent-Length: 44", HIDDEN),
        posted("Content-Length: 44\r\nContent-Length: 44", HIDDEN),
        posted("Content-Length: +4", HIDDEN),
        posted("Content-Length: 0x4", HIDDEN),
        posted("Content-Length: -1", HIDDEN),
        posted("Transfer-Encoding: xchunked", "0\r\n\r\n" + HIDDEN),
        posted("Transfer-Encoding : chunked", "0\r\n\r\n" + HIDDEN),
        posted("Transfer-Encoding: chunked, identity", "0\r\n\r\n" + HIDDEN),
        posted(" Content-Length: 4", HIDDEN),
        posted(CHUNKED, "-1\r\n" + HIDDEN),
        posted(CHUNKED, "2\n{}\r\n0\r\n\r\n" + HIDDEN),
        posted("X: a\r\n b", HIDDEN),
        posted("X: a\rContent-Length: 4", HIDDEN),
        HIDDEN.replace("\r\n", "\n"),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_and_ends_there(
    server: ApiServer, request_text: str
) -> None:
    said = answers(server, request_text)
    assert said.startswith("HTTP/1.1 400 ")
    assert said.count("HTTP/1.1 ") == 1
    assert "connection: close" in said.lower()


def test_what_can_be_read_in_one_way_is_answered(server: ApiServer) -> None:
    body = '{"name": "wide", "slots": 1}'
    kind = "Content-Type: application/json"
    whole = posted(f"{kind}\r\nContent-Length: {len(body)}", body)
    in_pieces = posted(f"{kind}\r\n{CHUNKED}", f"{len(body):x};a=b\r\n{body}\r\n0\r\n\r\n")
    last = HIDDEN.replace("Host: x", "Host: x\r\nConnection: close")
    said = answers(server, whole + in_pieces + last)
    statuses = [line.split()[0] for line in said.split("HTTP/1.1 ")[1:]]
    assert statuses == ["201", "409", "200"]


VERSION = "GET /api/v2/version HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (VERSION, "no Host header; HTTP/1.1 expects one"),
        (f"{VERSION}Host: a\r\nHost: b\r\n", "has 2 Host headers; expected one"),
        (f"{VERSION}Host: a\r\nhost: a\r\n", "has 2 Host headers; expected one"),
        (f"{VERSION.replace('1.1', '1.0')}Host: a\r\nHost: b\r\n", "has 2 Host headers"),
        (f"{VERSION}Host: a/b\r\n", "is 'a/b'; expected the name or address of a host"),
        (f"{VERSION}Host: a@b\r\n", "is 'a@b'"),
        (f"{VERSION}Host: a b\r\n", "is 'a b'"),
        (f"{VERSION}Host: a, b\r\n", "is 'a, b'"),
        (f"{VERSION}Host: a:80:80\r\n", "is 'a:80:80'"),
        (f"{VERSION}Host: a:b\r\n", "is 'a:b'"),
        (f"{VERSION}Host: <b>\r\n", "is '<b>'"),
        (f"{VERSION}Host: b\u00fccher\r\n", "cher'; expected"),
        (f"{VERSION}Host: [::1\r\n", "is '[::1'"),
    ],
)
def test_a_request_for_no_host_or_for_several_is_refused_and_ends_there(
    server: ApiServer, head: str, said: str
) -> None:
    answer = answers(server, f"{head}\r\n{HIDDEN}")
    assert answer.startswith("HTTP/1.1 400 ")
    assert said in answer
    assert answer.count(" Bad Request") == 1
    assert " OK" not in answer


@pytest.mark.parametrize(
    "head",
    [
        VERSION.replace("1.1", "1.0"),
        f"{VERSION}Host: my_server-1.example.com:8080\r\n",
        f"{VERSION}HOST: 127.0.0.1\r\n",
        f"{VERSION}Host: [fe80::1%eth0]:8080\r\n",
        f"{VERSION}Host: XN--BCHER-KVA.example.\r\n",
        f"{VERSION}Host:\r\n",
    ],
)
def test_a_request_for_one_host_is_answered(server: ApiServer, head: str) -> None:
    answer = answers(server, f"{head}Connection: close\r\n\r\n")
    # Where everybody is an administrator, a name that is not the server's own may read nothing.
    assert answer.startswith(("HTTP/1.1 200 ", "HTTP/1.1 403 "))


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [((), "127.0.0.1"), (("127.0.0.0/8",), "203.0.113.9"), (("10.0.0.0/8",), "127.0.0.1")],
)
def test_a_client_says_where_it_is_only_through_a_proxy_that_is_trusted(
    store: Store, settings: ApiSettings, trusted: tuple[str, ...], seen: str
) -> None:
    locked = replace(settings, simple_auth_manager_all_admins=False)
    app = create_app(store, settings=locked)
    server = ApiServer(lambda: app, port=0, trusted_proxies=trusted)
    server.start()
    assert server.wait_ready(SECONDS)
    try:
        httpx.post(
            f"{server.url}/auth/token",
            json={"username": "nobody", "password": "guess"},
            headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.9"},
            timeout=SECONDS,
        )
    finally:
        server.stop()
    [event] = store.list_events(EventFilter(), Window(limit=10)).items
    assert (event.what.event, event.what.address) == ("login_failed", seen)


def test_a_made_up_address_buys_no_guesses(store: Store, settings: ApiSettings) -> None:
    locked = replace(settings, simple_auth_manager_all_admins=False, login_attempts_per_minute=2)
    server = ApiServer(lambda: create_app(store, settings=locked), port=0)
    server.start()
    assert server.wait_ready(SECONDS)
    try:
        with httpx.Client(base_url=server.url, timeout=SECONDS) as client:
            statuses = [
                client.post(
                    "/auth/token",
                    json={"username": "admin", "password": "guess"},
                    headers={"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": "for=1.2.3.4"},
                ).status_code
                for number in range(4)
            ]
    finally:
        server.stop()
    assert statuses == [401, 401, 429, 429]
