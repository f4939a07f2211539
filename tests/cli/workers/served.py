"""A server of several workers: which of them has a connection, asked of the kernel."""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from tests.cli.servers import PATIENCE_SECONDS, RunningServer, eventually

from slipstream.runtime.processes import children_of


def workers_of(server: RunningServer) -> Sequence[int]:
    """Their process ids."""
    return sorted(children_of(server.process.pid))


_ESTABLISHED = "01"
"""A state in `/proc/net/tcp`."""


class Line:
    """One connection that is kept, and so stays with one worker."""

    def __init__(self, server: RunningServer) -> None:
        where = urlsplit(server.url)
        assert where.hostname
        self._http = http.client.HTTPConnection(
            where.hostname, where.port, timeout=PATIENCE_SECONDS
        )
        assert self.ask("GET", "/api/v2/version")[0] == 200
        self.pid = self._holder(workers_of(server))

    def ask(self, method: str, path: str, body: object = None, token: str = "") -> tuple[int, str]:
        """Status and text of the answer; raises where the connection is gone."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http.request(method, path, None if body is None else json.dumps(body), headers)
        with self._http.getresponse() as answer:
            return answer.status, answer.read().decode()

    def stream(self, path: str) -> http.client.HTTPResponse:
        """An answer that goes on; nothing else can be asked any more."""
        self._http.request("GET", path)
        return self._http.getresponse()

    def close(self) -> None:
        self._http.close()

    def _holder(self, pids: Collection[int]) -> int:
        """The process that has the other end."""
        inode = eventually(self._inode_of_other_end)
        for pid in pids:
            for entry in Path(f"/proc/{pid}/fd").iterdir():
                with suppress(FileNotFoundError):
                    if os.readlink(entry) == f"socket:[{inode}]":
                        return pid
        raise AssertionError(f"none of {pids} has the connection")

    def _inode_of_other_end(self) -> str | None:
        """Of the socket; None where the kernel's list, which changes meanwhile, has it not."""
        ends = (self._http.sock.getpeername()[1], self._http.sock.getsockname()[1])
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            words = line.split()
            ports = tuple(int(word.partition(":")[2], 16) for word in words[1:3])
            if ports == ends and words[3] == _ESTABLISHED:
                return words[9]
        return None


class Lines:
    """Connections to the workers of a server, closed at the end of the `with` block."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._open: list[Line] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for line in self._open:
            line.close()

    def another(self) -> Line:
        """To whichever worker takes it."""
        line = Line(self._server)
        self._open.append(line)
        return line

    def to_each(self) -> list[Line]:
        """One to each worker."""
        found: dict[int, Line] = {}
        pids = set(workers_of(self._server))

        def is_complete() -> bool:
            line = self.another()
            found.setdefault(line.pid, line)
            return set(found) == pids

        eventually(is_complete)
        return list(found.values())
