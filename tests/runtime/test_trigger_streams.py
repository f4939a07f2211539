"""Watchers that share one look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from typing import Any

import pytest

from slipstream.runtime.trigger_streams import SharedStreams
from slipstream.sdk._triggers import BaseEventTrigger, TriggerEvent
from slipstream.wire.messages import TriggerOrder

looks: list[asyncio.Queue[Any]] = []


class Mail(BaseEventTrigger):
    """Letters from one box, to one reader."""

    def __init__(self, box: str, reader: str) -> None:
        super().__init__()
        self.box, self.reader = box, reader

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return "Mail", {"box": self.box, "reader": self.reader}

    def shared_stream_key(self) -> Hashable:
        return ("mail", self.box)

    @classmethod
    async def open_shared_stream(cls, kwargs: dict[str, Any]) -> AsyncIterator[Any]:
        assert kwargs["box"]
        queue: asyncio.Queue[Any] = asyncio.Queue()
        looks.append(queue)
        while (letter := await queue.get()) is not None:
            yield letter

    async def filter_shared_stream(
        self, shared_stream: AsyncIterator[Any]
    ) -> AsyncIterator[TriggerEvent]:
        async for letter in shared_stream:
            if letter.startswith(self.reader):
                yield TriggerEvent(letter)

    async def run(self) -> AsyncIterator[TriggerEvent]:
        yield TriggerEvent("by itself")


@pytest.fixture(autouse=True)
def no_looks() -> None:
    looks.clear()


def order(number: int) -> TriggerOrder:
    """The order of a watcher of the box."""
    return TriggerOrder(
        attempt_id=str(number),
        number=number,
        classpath="Mail",
        kwargs='{"box": "b", "reader": "x"}',
        dag_id="d",
        run_id="r",
        task_id="t",
        map_index=-1,
        try_number=1,
        fileloc="f",
        dags_folder="f",
        watches=True,
    )


async def post(*letters: str | None) -> None:
    while not looks:
        await asyncio.sleep(0)
    for letter in letters:
        looks[-1].put_nowait(letter)


def test_one_look_serves_all_that_have_the_same_key() -> None:
    async def play() -> None:
        streams = SharedStreams()
        ada = streams.events_of(Mail("b", "ada"), order(1))
        bob = streams.events_of(Mail("b", "bob"), order(2))
        first, second = asyncio.ensure_future(anext(ada)), asyncio.ensure_future(anext(bob))
        await asyncio.sleep(0)
        await post("bob 1", "ada 1", "ada 2")
        assert (await first, await second) == (TriggerEvent("ada 1"), TriggerEvent("bob 1"))
        assert await anext(ada) == TriggerEvent("ada 2")
        assert len(looks) == 1
        other = asyncio.ensure_future(anext(streams.events_of(Mail("other", "ada"), order(3))))
        await asyncio.sleep(0.01)
        assert len(looks) == 2
        other.cancel()

    asyncio.run(play())


def test_the_end_of_the_look_fails_every_watcher_and_a_new_one_looks_anew() -> None:
    async def play() -> None:
        streams = SharedStreams()
        waiting = [
            asyncio.ensure_future(anext(streams.events_of(Mail("b", "ada"), order(number))))
            for number in (1, 2)
        ]
        await asyncio.sleep(0)
        await post(None)
        for one in waiting:
            with pytest.raises(RuntimeError, match="has to go on for ever"):
                await one
        again = asyncio.ensure_future(anext(streams.events_of(Mail("b", "ada"), order(3))))
        await asyncio.sleep(0.01)
        await post("ada 1")
        assert await again == TriggerEvent("ada 1")
        assert len(looks) == 2

    asyncio.run(play())


def test_a_trigger_without_a_key_looks_by_itself() -> None:
    class Alone(Mail):
        def shared_stream_key(self) -> Hashable:
            return None

    async def play() -> None:
        events = SharedStreams().events_of(Alone("b", "ada"), order(1))
        assert await anext(events) == TriggerEvent("by itself")

    asyncio.run(play())
    assert looks == []
