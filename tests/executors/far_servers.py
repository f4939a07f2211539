"""A server's doors for workers over real HTTP, and a network in between that loses things."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from slipstream.api.execution import ExecutionGate
from slipstream.api.server import ApiServer
from slipstream.executors.provided.held import HeldAttempts

PATIENCE_SECONDS = 60.0

PASS, LOSE_REQUEST, LOSE_ANSWER, BUSY = "pass", "lose the request", "lose the answer", "busy"


@contextmanager
def doors(held: HeldAttempts) -> Iterator[int]:
    """The execution API alone; gives its port."""
    server = ApiServer(lambda: ExecutionGate(_nothing_else, held), port=0)
    _, port = server.bind()
    server.start()
    try:
        server.wait_ready()
        yield port
    finally:
        server.stop()


async def _nothing_else(*_: object) -> None:
    raise AssertionError("a worker asked for something else than the execution API")


class FaultyNetwork:
    """Passes connections on to a port, and does to each what `plan` says of its verb.

    `seen` are the verbs and tokens, in order. `on_answer` is called with the verb and the request's
    body when the server has answered, before the worker hears of it.
    """

    def __init__(
        self,
        port: int,
        plan: Callable[[str, int], str] = lambda verb, number: PASS,
        on_answer: Callable[[str, bytes], None] = lambda verb, body: None,
    ) -> None:
        """`plan` gets the verb and how often it came before."""
        self.port = port
        self.plan = plan
        self.on_answer = on_answer
        self.seen: list[tuple[str, str]] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self.own_port: int = self._socket.getsockname()[1]

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.seen]

    def __enter__(self) -> FaultyNetwork:
        thread = threading.Thread(target=self._accept)
        self._threads.append(thread)
        thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._carry, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _carry(self, client: socket.socket) -> None:
        with client:
            client.settimeout(PATIENCE_SECONDS)
            head, body = _request(client)
            if not head:
                return
            path = head.split(b" ", 2)[1].decode()
            verb = path.rpartition("/")[2]
            token = head.partition(b"Bearer ")[2].partition(b"\r\n")[0].decode()
            what = self.plan(verb, self.verbs.count(verb))
            self.seen.append((verb, token))
            if what == LOSE_REQUEST:
                return
            if what == BUSY:
                client.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")
                return
            answer = self._ask_server(head + b"\r\n\r\n" + body)
            self.on_answer(verb, body)
            if what != LOSE_ANSWER:
                # Who asked may have been killed meanwhile.
                with suppress(ConnectionError):
                    client.sendall(answer)

    def _ask_server(self, request: bytes) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as server:
                server.settimeout(PATIENCE_SECONDS)
                server.sendall(request)
                answer = b""
                while piece := server.recv(65536):
                    answer += piece
                return answer
        except ConnectionRefusedError:
            return b""


def _request(client: socket.socket) -> tuple[bytes, bytes]:
    """Head and body; empty where the client went away."""
    found = b""
    while b"\r\n\r\n" not in found:
        piece = client.recv(65536)
        if not piece:
            return b"", b""
        found += piece
    head, _, body = found.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
    while len(body) < length:
        body += client.recv(65536)
    return head, body
