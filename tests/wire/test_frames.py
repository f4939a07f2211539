"""Frames on a socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from slipstream.wire import messages
from slipstream.wire.frames import (
    BlockingConnection,
    ConnectionLostError,
    FrameBuffer,
    FrameTooLargeError,
    pack,
)


@pytest.fixture
def pair() -> Iterator[tuple[BlockingConnection, BlockingConnection]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield BlockingConnection(ours), BlockingConnection(theirs)


def test_frames_are_found_wherever_the_stream_is_cut() -> None:
    stream = pack(messages.Hello(pid=1)) + pack(messages.Hello(pid=2))
    whole = list(FrameBuffer().feed(stream))
    buffer = FrameBuffer()
    assert [found for byte in stream for found in buffer.feed(bytes([byte]))] == whole
    assert len(whole) == 2


def test_an_absurd_length_is_refused() -> None:
    with pytest.raises(FrameTooLargeError):
        list(FrameBuffer().feed(b"\xff\xff\xff\xff"))


def test_messages_arrive_in_order_with_their_descriptors(
    pair: tuple[BlockingConnection, BlockingConnection],
) -> None:
    ours, theirs = pair
    pipes = [os.pipe(), os.pipe()]
    try:
        for number, pipe in enumerate(pipes):
            frame = pack(messages.Forked(process=number, pid=0))
            socket.send_fds(ours.sock, [frame], pipe)
        for number, (_, written) in enumerate(pipes):
            assert messages.decode_from_zygote(theirs.receive()) == messages.Forked(
                process=number, pid=0
            )
            read, write = theirs.take_descriptors(2)
            os.write(write, b"x")
            os.close(write)
            os.close(written)
            assert os.read(read, 9) == b"x"
            assert not os.get_inheritable(read)
            os.close(read)
    finally:
        for read, _ in pipes:
            os.close(read)


def test_the_end_of_the_stream_is_an_error(
    pair: tuple[BlockingConnection, BlockingConnection],
) -> None:
    ours, theirs = pair
    ours.send(messages.Hello(pid=1))
    ours.close()
    assert theirs.receive()
    with pytest.raises(ConnectionLostError):
        theirs.receive()
    with pytest.raises(ConnectionLostError):
        theirs.send(messages.Hello(pid=1))
