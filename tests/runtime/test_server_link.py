"""What a worker says to the server when the network loses things on the way."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from tests.executors.far_servers import (
    BUSY,
    LOSE_ANSWER,
    LOSE_REQUEST,
    PASS,
    FaultyNetwork,
    doors,
)
from tests.executors.test_held import LIFE_SECONDS, OTHER, World, attempt

from slipstream.model.attempt import Attempt, Lost, Succeeded
from slipstream.model.errors import ConflictError
from slipstream.model.events import AttemptStarted
from slipstream.runtime.server_link import (
    RefusedError,
    ServerError,
    ServerLink,
    UnreachableError,
    UntoldEndError,
)
from slipstream.wire import execution, messages

NO_PAUSES = (0.0,) * 6
GET = execution.GetVariable(key="k")
TRIGGER = execution.TriggerRun(dag_id="d")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def network(world: World) -> Iterator[FaultyNetwork]:
    with doors(world.held) as port, FaultyNetwork(port) as made:
        yield made


def link_to(port: int, world: World) -> ServerLink:
    url = f"http://127.0.0.1:{port}/execution/"
    return ServerLink(url, "a", world.first, pauses_seconds=NO_PAUSES)


@pytest.fixture
def link(network: FaultyNetwork, world: World) -> ServerLink:
    return link_to(network.own_port, world)


def once(verb: str, what: str) -> Any:
    """That happens to the first message of that verb."""
    return lambda found, number: what if (found, number) == (verb, 0) else PASS


def starts(world: World) -> int:
    return sum(isinstance(one.event, AttemptStarted) for one in world.told)


@pytest.mark.parametrize("what", [LOSE_REQUEST, LOSE_ANSWER, BUSY])
@pytest.mark.parametrize("verb", ["begin", "ask", "end"])
def test_a_message_that_is_lost_once_is_said_again(
    world: World, network: FaultyNetwork, link: ServerLink, verb: str, what: str
) -> None:
    network.plan = once(verb, what)
    assert link.begin("h", 7).attempt.attempt_id == "a"
    assert link.answer(attempt(), GET) == execution.Text(value="t GetVariable")
    assert link.beat() is None
    link.end(messages.pack_outcome(Succeeded()))
    link.leave()
    assert network.verbs.count(verb) == 2
    assert (starts(world), world.ends) == (1, [Succeeded()])


def test_the_token_of_the_queue_is_used_once_and_for_nothing_else(
    world: World, network: FaultyNetwork, link: ServerLink
) -> None:
    link.begin("h", 7)
    for _ in range(3):
        world.now += LIFE_SECONDS / 2
        link.beat()
        link.answer(attempt(), GET)
    assert [token == world.first for verb, token in network.seen] == [True, *[False] * 6]
    assert len({token for _, token in network.seen}) == 5, "three renewals"
    assert all(len(token) > 40 for _, token in network.seen)


def test_a_worker_that_dies_before_it_hears_that_it_may_begin_leaves_nothing_to_others(
    world: World, network: FaultyNetwork, link: ServerLink
) -> None:
    network.plan = lambda verb, number: LOSE_ANSWER
    with pytest.raises(UnreachableError):
        link.begin("h", 7)
    assert starts(world) == 1
    network.plan = lambda verb, number: PASS
    for again in (link_to(network.own_port, world), link):
        with pytest.raises(
            RefusedError, match=r"begun by another worker, process 7 on h:"
        ) as found:
            again.begin("h", 8)
        assert (found.value.status, found.value.is_about_the_token) == (409, False)
    world.now += 3600
    assert world.held.silent(60) == ["a"], "so that it is lost, and started again"


def test_what_must_not_be_done_twice_is_not_said_twice(
    world: World, network: FaultyNetwork, link: ServerLink
) -> None:
    link.begin("h", 7)
    network.plan = lambda verb, number: LOSE_ANSWER
    with pytest.raises(UnreachableError):
        link.answer(attempt(), TRIGGER)
    assert [type(request) for _, request in world.asked] == [execution.TriggerRun]
    network.plan = lambda verb, number: PASS
    assert link.answer(attempt(), TRIGGER) == execution.Text(value="t TriggerRun")


def test_what_has_not_arrived_is_said_again_whatever_it_is(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with doors(world.held) as port:
        link = link_to(port, world)
        link.begin("h", 7)
        refusals = iter([ConnectionRefusedError("refused"), socket.gaierror("no name"), None])
        connect = socket.create_connection

        def sometimes(*args: Any, **kwargs: Any) -> socket.socket:
            if error := next(refusals):
                raise error
            return connect(*args, **kwargs)

        monkeypatch.setattr(socket, "create_connection", sometimes)
        assert link.answer(attempt(), TRIGGER) == execution.Text(value="t TriggerRun")
    assert len(world.asked) == 1


def test_a_server_that_is_gone_is_told_as_that(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    link = link_to(port, world)
    with pytest.raises(UnreachableError, match=r"cannot be reached: .*refused"):
        link.begin("h", 7)
    link.leave()


def test_an_end_that_cannot_be_told_is_told_as_that(
    world: World, network: FaultyNetwork, link: ServerLink
) -> None:
    link.begin("h", 7)
    network.plan = lambda verb, number: LOSE_REQUEST
    with pytest.raises(UntoldEndError, match="cannot be reached"):
        link.end(messages.pack_outcome(Succeeded()))
    assert network.verbs.count("end") == len(NO_PAUSES) + 1
    assert not world.ends


def test_nothing_is_tried_again_once_the_worker_ends(
    network: FaultyNetwork, link: ServerLink
) -> None:
    link.begin("h", 7)
    link.close()
    network.plan = lambda verb, number: LOSE_REQUEST
    with pytest.raises(UnreachableError):
        link.answer(attempt(), GET)
    assert network.verbs == ["begin", "ask"]


def test_a_worker_hears_why_its_attempt_is_not_wanted(world: World, link: ServerLink) -> None:
    link.begin("h", 7)
    world.held.cancel("a", "It was cleared.")
    assert link.beat() == "It was cleared."
    world.held.settle("a", Lost(message="its worker was not heard for 60 s"))
    with pytest.raises(RefusedError, match="its worker was not heard") as found:
        link.beat()
    assert found.value.is_about_the_token
    answer = link.answer(attempt(), GET)
    assert isinstance(answer, execution.Refused)
    assert answer.code == "fenced"
    assert "has ended (its worker was not heard for 60 s)" in answer.message
    with pytest.raises(RefusedError):
        link.end(messages.pack_outcome(Succeeded()))


def test_a_task_is_told_the_conflict_as_one(world: World, link: ServerLink) -> None:
    with pytest.raises(RefusedError, match="for beginning attempt a"):
        link.beat()
    first = world.held.begin("a", world.first, OTHER)
    assert first.token
    with pytest.raises(RefusedError) as found:
        link.begin("h", 7)
    assert not isinstance(found.value, ConflictError)
    assert found.value.status == 409


def test_a_file_that_is_loaded_reads_variables_and_connections_and_nothing_else(
    world: World, link: ServerLink
) -> None:
    link.begin("h", 7)
    assert link.answer(None, GET) == execution.Text(value="t GetVariable")
    answer = link.answer(None, execution.SetVariable(key="k", value="v"))
    assert isinstance(answer, execution.Refused)
    assert answer.code == "invalid"
    assert len(world.asked) == 1


def test_a_long_wait_is_asked_for_in_pieces(world: World, link: ServerLink) -> None:
    link.begin("h", 7)
    waits: list[float] = []
    numbers = iter([5, 5, 5, 6])

    def answer(_: Attempt | None, request: execution.Request) -> Future[execution.Answer]:
        assert isinstance(request, execution.AwaitChange)
        waits.append(request.seconds)
        later: Future[execution.Answer] = Future()
        later.set_result(execution.Count(value=next(numbers)))
        return later

    world.held._answer = answer
    ask = execution.AwaitChange(dag_id="d", seen=5, seconds=45.0)
    assert link.answer(attempt(), ask) == execution.Count(value=5)
    assert waits == [20.0, 20.0, 5.0]
    assert link.answer(attempt(), ask) == execution.Count(value=6)
    assert len(waits) == 4


def test_a_token_goes_to_the_server_of_the_settings_alone(world: World) -> None:
    sent: list[str | None] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{port}/stolen")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            sent.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(ServerError, match=r"sends workers on to .*/stolen.*\[core\]"):
                link_to(port, world).begin("h", 7)
        finally:
            server.shutdown()
            thread.join()
    assert not sent
