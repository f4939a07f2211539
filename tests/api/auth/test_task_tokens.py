"""The tokens of an attempt: good for what that attempt says of itself, and for nothing else."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, get_args

import msgspec
import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client, Clock, token_of
from tests.executors.test_held import BEGIN, LIFE_SECONDS, OTHER, World, attempt, source

from slipstream.api.app import access_operations, create_app, public_operations, ui_operations
from slipstream.api.execution import ExecutionGate
from slipstream.api.operation import PUBLIC
from slipstream.api.settings import ApiSettings
from slipstream.model.attempt import Cancelled, Lost, Succeeded
from slipstream.store.interface import Store
from slipstream.wire import execution, messages, remote

OPERATIONS = [*access_operations(), *public_operations(), *ui_operations()]

VERBS = ("begin", "ask", "beat", "end", "leave")
SPEAKING = VERBS[1:]
"""What a token that runs an attempt says of it."""


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


def body_of(verb: str) -> object:
    match verb:
        case "begin":
            return BEGIN
        case "ask":
            return messages.Ask(number=1, request=execution.GetVariable(key="k"))
        case "end":
            return remote.End(report=messages.pack_outcome(Succeeded()))
    return None


def say(client: Client, attempt_id: str, verb: str, body: object = None) -> tuple[int, str]:
    """Status and text of the answer."""
    content = msgspec.msgpack.encode(body_of(verb) if body is None else body)
    answer = client.send("POST", f"/execution/{attempt_id}/{verb}", content=content)
    return answer.status_code, "" if answer.status_code == 200 else answer.text


# Which token opens which door.


def own(world: World, server: Client) -> str:
    return world.begin()


def queued(world: World, server: Client) -> str:
    return world.first


def spent(world: World, server: Client) -> str:
    world.held.beat("a", world.begin())
    return world.first


def expired(world: World, server: Client) -> str:
    token = world.begin()
    world.now += LIFE_SECONDS
    return token


def ended(world: World, server: Client) -> str:
    token = world.begin()
    world.end(token, Succeeded())
    return token


def superseded(world: World, server: Client) -> str:
    token = world.begin()
    world.held.settle("a", Lost(message="its worker was not heard for 60 s"))
    return token


def queued_and_taken_back(world: World, server: Client) -> str:
    world.held.cancel("a", "It was cleared.")
    return world.first


def anothers(world: World, server: Client) -> str:
    world.begin()
    first = world.held.add(replace(attempt(), attempt_id="b"), source())
    return world.held.begin("b", first, OTHER).token


def anothers_queued(world: World, server: Client) -> str:
    return world.held.add(replace(attempt(), attempt_id="b"), source())


def forged(world: World, server: Client) -> str:
    token = world.begin()
    return ("A" if token[0] != "A" else "B") + token[1:]


def nobodys(world: World, server: Client) -> str:
    world.begin()
    return ""


def jwt(world: World, server: Client) -> str:
    world.begin()
    return token_of(server, "admin")


def pat(world: World, server: Client) -> str:
    world.begin()
    made = server.bearing(token_of(server, "admin")).post("/auth/tokens", {"name": "ci"})
    assert made.status_code == 201
    return str(made.json()["token"])


Holder = Callable[[World, Client], str]

TABLE: dict[Holder, tuple[tuple[str, ...], int, str]] = {
    # who: what is accepted; what everything else is answered.
    queued: (("begin",), 403, "is good for beginning attempt a and for nothing else"),
    spent: ((), 403, "is good for beginning attempt a and for nothing else"),
    own: (("ask", "beat", "end"), 403, "which has begun; it begins nothing"),
    expired: ((), 401, "has expired"),
    ended: ((), 410, "Attempt a has ended (its worker has said how)"),
    superseded: ((), 410, "Attempt a has ended (its worker was not heard for 60 s)"),
    queued_and_taken_back: ((), 410, "Attempt a has ended (It was cleared)"),
    anothers: ((), 403, "is that of another attempt than a"),
    anothers_queued: ((), 403, "is that of another attempt than a"),
    forged: ((), 401, "given out no such token for attempt a"),
    nobodys: ((), 401, "There is no token"),
    jwt: ((), 401, "given out no such token for attempt a"),
    pat: ((), 401, "given out no such token for attempt a"),
}
OTHERWISE: dict[tuple[Holder, str], tuple[int, str]] = {
    (spent, "begin"): (409, "was begun by another worker, process 7 on worker"),
    (own, "leave"): (409, "has not ended yet"),
    (expired, "begin"): (403, "it begins nothing"),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("holder", TABLE, ids=lambda one: one.__name__)
def test_a_token_is_good_for_one_thing(
    world: World, server: Client, holder: Holder, verb: str
) -> None:
    accepted, status, said = TABLE[holder]
    token = holder(world, server)
    told, ends = len(world.told), len(world.ends)
    expected = (200, "") if verb in accepted else OTHERWISE.get((holder, verb), (status, said))
    found = say(server.bearing(token) if token else server, "a", verb)
    assert found[0] == expected[0], found
    assert expected[1] in found[1]
    if token:
        assert token not in found[1]
    if expected[0] != 200:
        assert (len(world.told), len(world.ends)) == (told, ends), "it has changed nothing"
        assert not world.asked


def requests() -> list[type[msgspec.Struct]]:
    """Every message that a task may send."""
    return list(get_args(execution.Request))


def example(kind: type[msgspec.Struct]) -> msgspec.Struct:
    """One of that kind, with something in every field that has to be given."""
    values: dict[str, Any] = {"str": "x", "int": 1, "float": 1.0}
    hints = {field.name: field for field in msgspec.structs.fields(kind) if field.required}
    given = {
        name: ["x"]
        if "list" in str(field.type)
        else msgspec.convert({"subject": "Go?", "options": ["Yes"]}, field.type)
        if name == "request"
        else values.get(getattr(field.type, "__name__", ""), "x")
        for name, field in hints.items()
    }
    return kind(**given)


@pytest.mark.parametrize("kind", requests(), ids=lambda one: one.__name__)
def test_no_message_gets_past_a_token_that_is_not_the_attempts(
    world: World, server: Client, kind: type[msgspec.Struct]
) -> None:
    body = messages.Ask(number=1, request=example(kind))  # type: ignore[arg-type]  # one of them
    token = world.begin()
    for holder, status in ((queued, 403), (anothers_queued, 403), (forged, 401), (nobodys, 401)):
        other = holder(world, server)
        assert say(server.bearing(other) if other else server, "a", "ask", body)[0] == status
    assert not world.asked
    assert say(server.bearing(token), "a", "ask", body) == (200, "")
    ((speaker, request),) = world.asked
    assert (speaker.attempt_id, type(request)) == ("a", kind)
    world.now += LIFE_SECONDS
    assert say(server.bearing(token), "a", "ask", body)[0] == 401
    world.held.settle("a", Lost(message="gone"))
    assert say(server.bearing(token), "a", "ask", body)[0] == 410
    assert len(world.asked) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("verb", VERBS)
def test_workers_post_and_do_nothing_else(
    world: World, server: Client, method: str, verb: str
) -> None:
    token = world.first if verb == "begin" else world.begin()
    told = len(world.told)
    answer = server.bearing(token).send(method, f"/execution/a/{verb}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    if method != "HEAD":
        assert f"this was {method}" in answer.text
    assert len(world.told) == told


@pytest.mark.parametrize("holder", [own, queued], ids=lambda one: one.__name__)
def test_every_other_route_refuses_it(server: Client, world: World, holder: Holder) -> None:
    token = holder(world, server)
    task = server.bearing(token)
    tried = 0
    for operation in OPERATIONS:
        if operation.permission is PUBLIC:
            continue
        path = re.sub(r"\{[^}]+\}", "1", operation.path)
        assert task.send(operation.method, path).status_code == 401, operation.operation_id
        tried += 1
    assert tried > 120
    session = task.get("/ui/session", headers={"cookie": f"slipstream_session={token}"})
    assert session.json()["user"] is None


def test_a_401_says_what_would_do(server: Client) -> None:
    answer = server.send("POST", "/execution/a/beat")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    odd = {"authorization": "Bearer t\u00f6ken".encode("latin-1")}
    assert server.send("POST", "/execution/a/beat", headers=odd).status_code == 401
    basic = {"authorization": "Basic YTpi"}
    assert "no token" in server.send("POST", "/execution/a/beat", headers=basic).text


def test_what_is_no_verb_is_not_there_whatever_the_token(server: Client, world: World) -> None:
    for path in ("/execution/a/stop", "/execution/a", "/execution/", "/execution/a/beat/"):
        assert server.bearing(world.begin()).send("POST", path).status_code == 404, path


def test_one_that_was_taken_away_is_told_so_and_counts_no_more(
    server: Client, world: World
) -> None:
    task = server.bearing(world.first)
    world.held.cancel("a", "It was cleared.")
    assert isinstance(world.ends[0], Cancelled)
    status, said = say(task, "a", "begin")
    assert (status, "It was cleared" in said) == (410, True)


def test_who_reads_the_queue_cannot_send_much(server: Client, world: World) -> None:
    queue, task = server.bearing(world.first), server.bearing(world.begin())
    long = b"x" * 70_000
    for client, verb in ((queue, "begin"), (task, "beat"), (task, "leave")):
        answer = client.send("POST", f"/execution/a/{verb}", content=long)
        assert (answer.status_code, "longer than 65536" in answer.text) == (400, True), verb


def test_what_cannot_be_read_is_refused(server: Client, world: World) -> None:
    task = server.bearing(world.begin())
    for verb in ("ask", "end"):
        answer = task.send("POST", f"/execution/a/{verb}", content=b"\xc1")
        assert (answer.status_code, "cannot be read" in answer.text) == (422, True), verb
    assert not world.ends


def test_no_token_is_logged(server: Client, world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = world.begin()
    for verb in VERBS:
        for one in (world.first, token):
            say(server.bearing(one), "a", verb)
    assert world.first not in caplog.text
    assert token not in caplog.text


def call_gate(
    portal: BlockingPortal, gate: ExecutionGate, verb: str, token: str, body: list[bytes]
) -> tuple[int, int]:
    """Status, and how many pieces of the body were read."""

    async def call() -> tuple[int, int]:
        left = list(body)
        status = 0

        async def receive() -> dict[str, object]:
            piece = left.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(left)}

        async def send(message: dict[str, object]) -> None:
            nonlocal status
            status = message.get("status", status)  # type: ignore[assignment]  # a number

        headers = [(b"authorization", f"Bearer {token}".encode())]
        path = f"/execution/a/{verb}"
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        await gate(scope, receive, send)  # type: ignore[arg-type]  # as a server would
        return status, len(body) - len(left)

    return portal.call(call)


def test_the_body_of_a_stranger_is_not_read(portal: BlockingPortal, world: World) -> None:
    gate = ExecutionGate(None, world.held)  # type: ignore[arg-type]  # never reached
    pieces = [b"x" * 1000] * 5
    for token in ("wrong", world.first):
        assert call_gate(portal, gate, "beat", token, pieces)[1] == 0
    assert call_gate(portal, gate, "beat", world.begin(), pieces) == (200, 5)


def test_workers_are_heard_while_many_tasks_wait_for_something(
    portal: BlockingPortal, world: World
) -> None:
    """Sensors ask to be told of changes; more of them than there are threads."""
    token = world.begin()
    later: list[Future[execution.Answer]] = []

    def answer(*_: object) -> Future[execution.Answer]:
        later.append(Future())
        return later[-1]

    world.held._answer = answer
    gate = ExecutionGate(None, world.held)  # type: ignore[arg-type]  # never reached
    many = 200
    ask = msgspec.msgpack.encode(
        messages.Ask(number=1, request=execution.AwaitChange(dag_id="d", seen=1, seconds=60))
    )

    async def until(condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(0.001)

    async def call(verb: str, body: bytes) -> int:
        said: list[int] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, object]) -> None:
            said.extend([message["status"]] if "status" in message else [])  # type: ignore[list-item]

        headers = [(b"authorization", f"Bearer {token}".encode())]
        path = f"/execution/a/{verb}"
        scope = {"type": "http", "method": "POST", "path": path, "headers": headers}
        await gate(scope, receive, send)  # type: ignore[arg-type]  # as a server would
        return said[0]

    async def scene() -> list[int]:
        waiting: list[Awaitable[int]] = [
            asyncio.ensure_future(call("ask", ask)) for _ in range(many)
        ]
        async with asyncio.timeout(60):
            await until(lambda: len(later) == many)
            assert await call("beat", b"\xc0") == 200
            for one in later:
                one.set_result(execution.Count(value=2))
            return list(await asyncio.gather(*waiting))

    assert portal.call(scene) == [200] * many


def test_who_is_not_heard_any_more_loses_it(world: World) -> None:
    world.begin()
    world.now += 1
    assert world.held.silent(3600) == []
    assert world.held.silent(0) == ["a"]
