"""How soon the event stream tells, and what its readers cost: `python -m bench.streams`.

A server is started, and many readers follow its stream at once. Then somebody pauses and unpauses a
DAG again and again: `change` is the time from sending that to the moment when a reader has been
told (so it includes the change itself); `all` the same until the last reader has. `quiet` is what
the server's process computes in a second while nothing happens: without readers, and with all.
"""

from __future__ import annotations

import argparse
import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

from bench.api import Asker, cpu_seconds, served, wait

LIMIT_SECONDS = 0.1
QUIET_SECONDS = 10.0
DAG_FILE = """
from airflow.sdk import DAG

watched = DAG("watched", is_paused_upon_creation=True)
"""


class Readers:
    """Connections that follow the stream, read by one thread."""

    def __init__(self, address: str, token: str, count: int) -> None:
        """All of them have been told where the stream stands."""
        self._selector = selectors.DefaultSelector()
        self._told: dict[int, float] = {}
        self._changed = threading.Condition()
        self._open = ExitStack()
        host, _, port = address.rpartition(":")
        request = (
            f"GET /ui/stream HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\r\n"
        ).encode()
        for number in range(count):
            connection = self._open.enter_context(socket.create_connection((host, int(port))))
            connection.sendall(request)
            while b"retry:" not in connection.recv(4096):
                pass
            self._selector.register(connection, selectors.EVENT_READ, number)
        self.count = count
        threading.Thread(target=self._read, daemon=True).start()

    def told_after(self, begun: float) -> list[float]:
        """How long after that moment each of them was told something."""
        with self._changed:
            everybody = self._changed.wait_for(lambda: len(self._told) == self.count, 30)
            assert everybody, f"{self.count - len(self._told)} readers were told nothing for 30 s"
            told = [at - begun for at in self._told.values()]
            self._told.clear()
        return told

    def close(self) -> None:
        """Hang up."""
        self._open.close()

    def _read(self) -> None:
        while True:
            for key, _ in self._selector.select(1):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                try:
                    text = connection.recv(65536)
                except OSError:
                    return
                at = time.perf_counter()
                if b"event: dags" in text:
                    with self._changed:
                        self._told.setdefault(key.data, at)
                        if len(self._told) == self.count:
                            self._changed.notify()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument("--readers", type=int, default=200)
    parser.add_argument("--changes", type=int, default=40)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="slipstream-bench-") as folder:
        home = Path(folder)
        (home / "dags").mkdir()
        (home / "dags" / "bench.py").write_text(DAG_FILE)
        with served(home) as asker:
            wait(lambda: asker.ask("GET", "/dags")["total_entries"])
            token = str(asker.ask("GET", "/auth/token")["access_token"])
            without = quiet(asker.pid)
            for count in (1, options.readers):
                readers = Readers(asker.address, token, count)
                measure(asker, readers, options.changes)
                if count > 1:
                    print(
                        f"quiet        without readers {1000 * without:.1f} ms/s   "
                        f"with {count}: {1000 * quiet(asker.pid):.1f} ms/s"
                    )
                readers.close()


def measure(asker: Asker, readers: Readers, changes: int) -> None:
    """Change something again and again, and print how soon that was told."""
    first: list[float] = []
    last: list[float] = []
    computed = cpu_seconds(asker.pid)
    for number in range(changes):
        # Readers are told at most so often; a change in between waits for the next time.
        time.sleep(0.1)
        begun = time.perf_counter()
        asker.ask("PATCH", "/dags/watched", {"is_paused": number % 2 == 1})
        told = readers.told_after(begun)
        first.append(median(told))
        last.append(max(told))
    computed = (cpu_seconds(asker.pid) - computed) / changes
    for name, seconds in (("change", first), ("all", last)):
        print(
            f"{name:12} {readers.count:4} readers   median {1000 * median(seconds):6.1f} ms   "
            f"95 % {1000 * quantiles(seconds, n=20)[-1]:6.1f} ms   "
            f"least {1000 * min(seconds):6.1f} ms   cpu {1000 * computed:6.1f} ms   "
            f"limit {1000 * LIMIT_SECONDS:.0f} ms",
            flush=True,
        )


def quiet(pid: int) -> float:
    """What the process computes in a second while nothing happens, in seconds."""
    before = cpu_seconds(pid)
    time.sleep(QUIET_SECONDS)
    return (cpu_seconds(pid) - before) / QUIET_SECONDS


if __name__ == "__main__":
    main()
