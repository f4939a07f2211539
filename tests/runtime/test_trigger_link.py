"""What triggers ask through their link, with the host at the other end of a real socket."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from slipstream.model.errors import NotFoundError
from slipstream.runtime.trigger_link import TriggerLink
from slipstream.wire import execution, messages
from slipstream.wire.frames import BlockingConnection, pack

QUESTION = execution.GetRunState(dag_id="d", run_id="r")


class Host:
    """Takes questions, and answers when it is told to."""

    def __init__(self) -> None:
        self.sockets = ours, theirs = socket.socketpair()
        self.connection = BlockingConnection(ours)
        self.link = TriggerLink(BlockingConnection(theirs))
        self.thread = threading.Thread(target=self.link.listen, args=(lambda _: None, lambda: None))
        self.thread.start()

    def question(self) -> messages.Ask:
        said = messages.decode_from_task(self.connection.receive())
        assert isinstance(said, messages.TriggerSaid)
        assert isinstance(said.said, messages.Ask)
        return said.said

    def answer(self, ask: messages.Ask, answer: execution.Answer) -> None:
        self.connection.send_packed(pack(messages.Reply(number=ask.number, answer=answer)))


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    ours, theirs = host.sockets
    ours.close()
    host.thread.join(20)
    assert not host.thread.is_alive()
    theirs.close()


def test_coroutines_wait_side_by_side(host: Host) -> None:
    async def both() -> list[execution.Answer]:
        asking = [asyncio.ensure_future(host.link.ask_async(QUESTION)) for _ in range(2)]
        asks = [await asyncio.to_thread(host.question) for _ in range(2)]
        for ask in reversed(asks):
            host.answer(ask, execution.Count(value=asks.index(ask)))
        return await asyncio.gather(*asking)

    assert asyncio.run(both()) == [execution.Count(value=0), execution.Count(value=1)]


def test_an_answer_that_nobody_waits_for_any_more_hurts_nobody(host: Host) -> None:
    async def given_up() -> execution.Answer:
        waiting = asyncio.ensure_future(host.link.ask_async(QUESTION))
        first = await asyncio.to_thread(host.question)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        host.answer(first, execution.Count(value=1))
        later = asyncio.ensure_future(host.link.ask_async(QUESTION))
        host.answer(await asyncio.to_thread(host.question), execution.Count(value=2))
        return await later

    assert asyncio.run(given_up()) == execution.Count(value=2)


def test_a_refusal_is_raised(host: Host) -> None:
    async def refused() -> None:
        waiting = asyncio.ensure_future(host.link.ask_async(QUESTION))
        ask = await asyncio.to_thread(host.question)
        host.answer(ask, execution.Refused(code="not_found", message="no such run"))
        with pytest.raises(NotFoundError, match="no such run"):
            await waiting

    asyncio.run(refused())
