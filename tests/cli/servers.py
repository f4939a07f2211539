"""Real server processes for tests: started, asked over HTTP, ended, and looked after."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import slipstream

T = TypeVar("T")

PATIENCE_SECONDS = 60.0


def environment(home: Path) -> dict[str, str]:
    """The variables of a process that works on that home, and on nothing of the machine's.

    A folder `site` in the home holds packages that are installed for it alone.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SLIPSTREAM", "AIRFLOW"))
    }
    source = str(Path(slipstream.__file__).parents[1])
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([source, str(home / "site")]),
        "SLIPSTREAM_HOME": str(home),
        "SLIPSTREAM__API__PORT": "0",
    }


class RunningServer:
    """A `slipstream` process that has said that it is ready."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log
        self.greeting = self._greeting()
        found = re.search(r"https?://[\w.:]+\d", self.greeting)
        self.url = found.group() if found else ""

    def get(self, path: str, **headers: str) -> object:
        """The JSON answer of the API."""
        return self._ask(urllib.request.Request(self.url + path, headers=headers))

    def post(self, path: str, body: object, **headers: str) -> object:
        """The JSON answer of the API to that JSON body."""
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: object, **headers: str) -> object:
        """The JSON answer of the API to a request of that method with that JSON body."""
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
            method=method,
        )
        return self._ask(request)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait; gives the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def _ask(self, request: urllib.request.Request) -> object:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)

    def _greeting(self) -> str:
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if "ready" in line:
                return "".join(lines)
        raise AssertionError(f"the server ended: {''.join(lines)}\n{self._log.read_text()}")


@contextmanager
def running(home: Path, *words: str) -> Iterator[RunningServer]:
    """`slipstream WORDS…` on that home, until the block ends."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / f"{words[0]}.stderr"
    with log.open("a") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "slipstream", *words],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=environment(home),
        )
    try:
        yield RunningServer(process, log)
    finally:
        process.kill()
        process.wait(PATIENCE_SECONDS)
        assert process.stdout is not None
        process.stdout.close()


def eventually(look: Callable[[], T | None]) -> T:
    """What `look` gives, as soon as it gives something; it is asked again and again."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"{look} gave nothing for {PATIENCE_SECONDS} s")


def processes_of(home: Path) -> list[str]:
    """The command lines of all processes that were started for that home."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
            if f"SLIPSTREAM_HOME={home}".encode() in variables:
                found.append((entry / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def token(server: RunningServer) -> str:
    """An access token of the first user, by the password that was printed."""
    password = server.greeting.partition("with the password ")[2].split()[0]
    answer = server.post("/auth/token", {"username": "admin", "password": password})
    assert isinstance(answer, dict)
    return f"Bearer {answer['access_token']}"
