"""Frames on a stream socket: a length, then one MessagePack message, descriptors alongside.

The length is four bytes, little endian. File descriptors travel with the first byte of the frame
that they belong to (`SCM_RIGHTS`); the message's type says how many there are.
"""

from __future__ import annotations

import socket
import struct
from array import array
from collections import deque
from collections.abc import Iterator

import msgspec

from slipstream.model.errors import SlipstreamError

MAX_FRAME_BYTES = 1 << 30
_HEADER = struct.Struct("<I")
_FEW_BYTES = 1 << 12
_MANY_BYTES = 1 << 18
_MOST_DESCRIPTORS = 250
"""The system takes so many at a time (SCM_MAX_FD, unix(7))."""
_ANCILLARY_BYTES = socket.CMSG_SPACE(_MOST_DESCRIPTORS * array("i").itemsize)
_FLAGS = int(socket.MSG_CMSG_CLOEXEC)
_FAMILY, _KIND = int(socket.AF_UNIX), int(socket.SOCK_STREAM)
_encode = msgspec.msgpack.Encoder().encode


class FrameTooLargeError(SlipstreamError, ValueError):
    """A message is longer than the wire takes."""


class ConnectionLostError(SlipstreamError, ConnectionError):
    """The other side closed the socket, or died."""


def pack(message: msgspec.Struct) -> bytes:
    """The frame of one message."""
    payload = _encode(message)
    if len(payload) > MAX_FRAME_BYTES:
        raise FrameTooLargeError(
            f"a message of {len(payload):,} bytes is too large: at most {MAX_FRAME_BYTES:,} bytes "
            "fit. Write large values to a file or an object store and pass on where they are"
        )
    return _HEADER.pack(len(payload)) + payload


class FrameBuffer:
    """Cuts a stream of bytes into the payloads of its frames."""

    __slots__ = ("_data",)

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what was received; gives the payloads that are complete now."""
        self._data += data
        start = 0
        end = len(self._data)
        while end - start >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._data, start)
            if length > MAX_FRAME_BYTES:
                raise FrameTooLargeError(
                    f"the other side announced a message of {length:,} bytes; at most "
                    f"{MAX_FRAME_BYTES:,} are accepted"
                )
            if end - start - _HEADER.size < length:
                break
            start += _HEADER.size
            yield bytes(self._data[start : start + length])
            start += length
        if start:
            del self._data[:start]


class BlockingConnection:
    """The task's or zygote's end of its socket: sends and receives whole frames, and waits."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._frames = FrameBuffer()
        self._payloads: deque[bytes] = deque()
        self._descriptors: list[int] = []

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self.sock.fileno()

    def send(self, message: msgspec.Struct) -> None:
        """Send one message. Raises `ConnectionLostError` where nobody listens any more."""
        self.send_packed(pack(message))

    def send_packed(self, data: bytes) -> None:
        """Send frames that were packed before."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise ConnectionLostError("the process host has closed the connection") from error

    def receive(self) -> bytes:
        """The next payload. Raises `ConnectionLostError` at the end of the stream."""
        wanted = _FEW_BYTES
        while not self._payloads:
            try:
                data, ancillary, _, _ = self.sock.recvmsg(wanted, _ANCILLARY_BYTES, _FLAGS)
            except ConnectionResetError:
                data, ancillary = b"", []
            for _, _, packed in ancillary:
                self._descriptors += array("i", packed)
            if not data:
                raise ConnectionLostError("the process host has closed the connection")
            self._payloads.extend(self._frames.feed(data))
            if len(data) == wanted:
                wanted = _MANY_BYTES
        return self._payloads.popleft()

    def has_received(self) -> bool:
        """Whether `receive` would answer from what has arrived already."""
        return bool(self._payloads)

    def take_descriptors(self, count: int) -> list[int]:
        """The descriptors that came with the message just received."""
        taken = self._descriptors[:count]
        del self._descriptors[:count]
        return taken

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()


def connect(descriptor: int) -> BlockingConnection:
    """The connection over an inherited or received socket."""
    # Told what it is, it need not be asked. `SocketType` is the socket without Python code around
    # it, which each task's process would have to touch.
    sock = socket.SocketType(_FAMILY, _KIND, 0, descriptor)
    return BlockingConnection(sock)  # type: ignore[arg-type]  # it has all that is used here
