"""What is written in one go is sent in one go; nothing is held back for long, or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from slipstream.api.joined_writes import JoinedWrites


class Transport(asyncio.Transport):
    """Notes what is sent."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.sent: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_closed
        self.sent.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


def tried(work: Callable[[JoinedWrites, Transport], Awaitable[None]]) -> None:
    async def run() -> None:
        transport = Transport()
        await work(JoinedWrites(transport, asyncio.get_running_loop()), transport)

    asyncio.run(run())


def test_head_and_body_are_one_packet() -> None:
    async def work(joined: JoinedWrites, transport: Transport) -> None:
        joined.write(b"head ")
        joined.write(b"body")
        assert transport.sent == []
        joined.flush()
        assert transport.sent == [b"head body"]
        await asyncio.sleep(0)
        assert transport.sent == [b"head body"]

    tried(work)


def test_what_nobody_flushes_goes_out_when_the_loop_goes_on() -> None:
    async def work(joined: JoinedWrites, transport: Transport) -> None:
        joined.write(b"one")
        await asyncio.sleep(0)
        assert transport.sent == [b"one"]
        joined.write(b"two")
        joined.write(b"three")
        await asyncio.sleep(0)
        assert transport.sent == [b"one", b"twothree"]

    tried(work)


def test_a_long_answer_is_not_gathered_in_memory() -> None:
    async def work(joined: JoinedWrites, transport: Transport) -> None:
        piece = b"x" * 50_000
        for _ in range(10):
            joined.write(piece)
        assert sum(map(len, transport.sent)) >= 400_000
        joined.flush()
        assert b"".join(transport.sent) == piece * 10

    tried(work)


def test_what_was_written_is_sent_before_the_connection_closes() -> None:
    async def work(joined: JoinedWrites, transport: Transport) -> None:
        joined.write(b"bye")
        joined.close()
        assert transport.sent == [b"bye"]
        await asyncio.sleep(0)
        assert joined.is_closing()

    tried(work)


@pytest.mark.parametrize("name", ["peername", "nothing"])
def test_the_rest_is_the_transports_own(name: str) -> None:
    async def work(joined: JoinedWrites, transport: Transport) -> None:
        assert joined.get_extra_info(name) == transport.get_extra_info(name)

    tried(work)
