"""The token of an attempt: good for what that attempt says of itself, and for nothing else."""

from __future__ import annotations

import re
from dataclasses import replace

import msgspec
import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client, Clock, token_of
from tests.executors.test_held import BEGIN, World, attempt, source

from slipstream.api.app import access_operations, create_app, public_operations, ui_operations
from slipstream.api.execution import ExecutionGate
from slipstream.api.operation import PUBLIC
from slipstream.api.settings import ApiSettings
from slipstream.model.attempt import Cancelled, Succeeded
from slipstream.store.interface import Store

OPERATIONS = [*access_operations(), *public_operations(), *ui_operations()]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def server(
    portal: BlockingPortal,
    locked: Client,
    store: Store,
    locked_settings: ApiSettings,
    clock: Clock,
    world: World,
) -> Client:
    """The API with the doors of workers before it; `locked` has made its users."""
    app = create_app(store, settings=locked_settings, clock=clock)
    return Client(portal, ExecutionGate(app, world.held))


def say(client: Client, attempt_id: str, verb: str, body: object = None) -> int:
    content = b"" if body is None else msgspec.msgpack.encode(body)
    return client.send("POST", f"/execution/{attempt_id}/{verb}", content=content).status_code


def test_every_other_route_refuses_it(server: Client, world: World) -> None:
    task = server.bearing(world.token)
    tried = 0
    for operation in OPERATIONS:
        if operation.permission is PUBLIC:
            continue
        path = re.sub(r"\{[^}]+\}", "1", operation.path)
        assert task.send(operation.method, path).status_code == 401, operation.operation_id
        tried += 1
    assert tried > 120
    session = task.get("/ui/session", headers={"cookie": f"slipstream_session={world.token}"})
    assert session.json()["user"] is None


def test_it_speaks_for_its_own_attempt_until_that_ends(server: Client, world: World) -> None:
    other_token = world.held.add(replace(attempt(), attempt_id="b"), source())
    task = server.bearing(world.token)
    assert say(task, "a", "begin", BEGIN) == 200
    assert say(task, "a", "beat") == 200
    for verb in ("begin", "beat", "ask", "end"):
        body = BEGIN if verb == "begin" else None
        assert say(task, "b", verb, body) in (404, 422), verb
    assert say(task, "b", "beat") == 404
    assert say(server.bearing(other_token), "b", "begin", BEGIN) == 200
    world.held.settle("a", Succeeded())
    assert say(task, "a", "beat") == 404


def test_one_that_was_taken_away_is_told_so_and_counts_no_more(
    server: Client, world: World
) -> None:
    task = server.bearing(world.token)
    world.held.cancel("a", "It was cleared.")
    assert isinstance(world.ends[0], Cancelled)
    assert say(task, "a", "begin", BEGIN) == 404


def test_tokens_of_people_open_no_door_of_workers(server: Client) -> None:
    admin = server.bearing(token_of(server, "admin"))
    assert say(admin, "a", "begin", BEGIN) == 404
    assert say(admin, "a", "beat") == 404
    assert say(server, "a", "beat") == 404
    odd = {"authorization": "Bearer t\u00f6ken".encode("latin-1")}
    assert server.send("POST", "/execution/a/beat", headers=odd).status_code == 404


def test_the_body_of_a_stranger_is_not_read(portal: BlockingPortal, world: World) -> None:
    async def ask(token: str) -> tuple[int, int]:
        read = 0
        status = 0

        async def receive() -> dict[str, object]:
            nonlocal read
            read += 1
            return {"type": "http.request", "body": b"x" * 1000, "more_body": read < 5}

        async def send(message: dict[str, object]) -> None:
            nonlocal status
            status = message.get("status", status)  # type: ignore[assignment]  # a number

        headers = [(b"authorization", f"Bearer {token}".encode())]
        path = "/execution/a/beat"
        gate = ExecutionGate(None, world.held)  # type: ignore[arg-type]  # never reached
        scope = {"type": "http", "path": path, "headers": headers}
        await gate(scope, receive, send)  # type: ignore[arg-type]  # as a server would
        return status, read

    assert portal.call(ask, "wrong") == (404, 0)
    assert portal.call(ask, world.token) == (200, 5)


def test_who_is_not_heard_any_more_loses_it(world: World) -> None:
    world.held.begin("a", world.token, BEGIN)
    assert world.held.silent(3600) == []
    assert world.held.silent(-1) == ["a"]
