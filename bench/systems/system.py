"""What a system must offer to be measured."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.client import Client
from bench.processes import stop, wait_for
from bench.result import NotReadyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one server works: an empty folder with the parts of a deployment in it."""

    folder: Path

    @property
    def dags(self) -> Path:
        """The DAGs folder."""
        return self.folder / "dags"

    @property
    def home(self) -> Path:
        """The system's own folder: database, logs, configuration."""
        return self.folder / "home"

    @property
    def trace(self) -> Path:
        """Where tasks write down that they ran."""
        return self.folder / "trace"

    @property
    def log(self) -> Path:
        """What the server said."""
        return self.folder / "server.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that answers healthy."""

    pid: int
    client: Client
    place: Place
    ready_seconds: float
    """From the command to the API and the scheduler both answering healthy."""


class System(Protocol):
    """A product under measurement."""

    @property
    def name(self) -> str:
        """How the table calls it."""

    @property
    def version_words(self) -> Sequence[str]:
        """What asks its command line for its version."""

    def prepare(self) -> None:
        """Install it where that is needed; may take minutes the first time."""

    def environment(self, place: Place, port: int) -> Mapping[str, str]:
        """The variables that its commands run with, beside the machine's own."""

    def command(self, *words: str) -> Sequence[str]:
        """Its command line."""

    def states(self, place: Place, dag_id: str, run_id: str) -> Counter[str]:
        """`{state: task instances}` of a run, read from the database itself."""

    def install(self, environment: Path) -> None:
        """Install it as users do, into a new virtual environment in that folder."""


@contextmanager
def serving(system: System, place: Place, limit_seconds: float = 120) -> Iterator[Server]:
    """A server of the system, from its command on; stopped at the end whatever happens."""
    for folder in (place.dags, place.home, place.trace):
        folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    variables = {**os.environ, **system.environment(place, port), "BENCH_TRACE": str(place.trace)}
    client = Client(f"http://127.0.0.1:{port}")
    with place.log.open("wb") as log:
        started = time.perf_counter()
        process = subprocess.Popen(
            system.command("standalone"),
            env=variables,
            cwd=place.home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_healthy(process, client, place, limit_seconds)
            ready = time.perf_counter() - started
            yield Server(pid=process.pid, client=client, place=place, ready_seconds=ready)
        finally:
            client.close()
            stop(process)


def _wait_until_healthy(
    process: subprocess.Popen[bytes], client: Client, place: Place, limit_seconds: float
) -> None:
    def healthy() -> bool | None:
        if process.poll() is not None:
            said = place.log.read_text(errors="replace")[-2000:]
            raise NotReadyError(f"the server ended with {process.returncode}:\n{said}")
        return client.is_healthy() or None

    wait_for(healthy, what="a healthy server", limit_seconds=limit_seconds, pause_seconds=0.01)


def free_port() -> int:
    """A port of the loopback interface that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
