"""`slipstream api-server --workers`: real processes that serve one port."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.servers import (
    PATIENCE_SECONDS,
    RunningServer,
    environment,
    eventually,
    processes_of,
    running,
)
from tests.cli.workers.served import Line, Lines, workers_of

from slipstream.runtime import processes

pytestmark = pytest.mark.processes


def slipstream(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "slipstream", *words],
        capture_output=True,
        text=True,
        env=environment(home) | variables,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a database and an administrator."""
    path = tmp_path / "home"
    path.mkdir()
    (path / "slipstream.toml").write_text("[slipstream]\nlogin_attempts_per_minute = 4\n")
    words = "users create -u ada -p byron -r Admin -e a@b.org -f A -l B"
    assert slipstream(path, *words.split()).returncode == 0
    return path


@pytest.fixture
def server(home: Path) -> Iterator[RunningServer]:
    with running(home, "api-server", "-w", "3") as started:
        yield started
        started.end()
    assert eventually(lambda: not processes_of(home))


@pytest.fixture
def lines_of(server: RunningServer) -> Iterator[Lines]:
    """Connections to it."""
    with Lines(server) as lines:
        yield lines


def log_of(home: Path) -> str:
    return (home / "api-server.stderr").read_text()


def token_by(line: Line, name: str = "ada", password: str = "byron") -> str:
    status, text = line.ask("POST", "/auth/token", {"username": name, "password": password})
    assert status == 201, text
    found = re.search(r'"access_token":\s*"([^"]+)"', text)
    assert found
    return found[1]


def test_a_killed_worker_comes_back_and_the_others_lose_nothing(
    home: Path, server: RunningServer, lines_of: Lines
) -> None:
    assert "with 3 workers" in server.greeting
    lines = [*lines_of.to_each(), *(lines_of.another() for _ in range(9))]
    before = workers_of(server)
    killed = lines[0].pid
    over = threading.Event()
    asked: dict[Line, int] = dict.fromkeys(lines, 0)
    broken: list[Line] = []

    def ask_on(line: Line) -> None:
        try:
            while not over.is_set():
                assert line.ask("GET", "/api/v2/monitor/health")[0] == 200
                asked[line] += 1
        except (OSError, http.client.HTTPException):
            broken.append(line)

    threads = [threading.Thread(target=ask_on, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    eventually(lambda: all(asked.values()))
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: killed not in workers_of(server))
    for _ in range(20):  # Who comes now is served by those who are there.
        with urllib.request.urlopen(f"{server.url}/api/v2/version", timeout=PATIENCE_SECONDS) as it:
            assert it.status == 200
    eventually(lambda: "serves." in log_of(home))
    so_far = dict(asked)
    eventually(lambda: all(asked[one] > so_far[one] for one in lines if one.pid != killed))
    over.set()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert {line.pid for line in broken} == {killed}
    after = workers_of(server)
    assert len(after) == 3
    assert set(before) - set(after) == {killed}
    assert re.search(rf"Worker \d \(process {killed}\) has ended: killed by signal 9", log_of(home))


def test_what_one_worker_is_told_counts_at_all(lines_of: Lines) -> None:
    first, *others = lines_of.to_each()
    token = token_by(first)
    for line in (first, *others):
        assert line.ask("GET", "/auth/me", token=token)[0] == 200
    assert others[0].ask("POST", "/auth/logout/everywhere", token=token)[0] == 204
    for line in (first, *others):
        status, text = line.ask("GET", "/auth/me", token=token)
        assert (status, "revoked" in text) == (401, True)
    token = token_by(others[1])
    users = "/auth/fab/v1/users"
    bob = {"username": "bob", "password": "marley", "roles": [{"name": "Admin"}]}
    made = first.ask("POST", users, bob, token=token)
    assert made[0] == 201, made
    bobs = token_by(others[0], "bob", "marley")
    for line in (first, *others):
        assert line.ask("GET", users, token=bobs)[0] == 200
    less = {"roles": [{"name": "Viewer"}]}
    assert first.ask("PATCH", f"{users}/bob", less, token=token)[0] == 200
    for line in (first, *others):
        assert line.ask("GET", users, token=bobs)[0] == 403


def test_failed_logins_are_counted_together(lines_of: Lines) -> None:
    lines = lines_of.to_each()
    wrong = {"username": "ada", "password": "wrong" * 100}
    found = [lines[at % 3].ask("POST", "/auth/token", wrong)[0] for at in range(12)]
    # One may have been refilled meanwhile: they are four a minute.
    assert found[:4] == [401] * 4
    assert found[4:].count(429) >= 6
    right = {"username": "ada", "password": "byron"}
    assert lines[2].ask("POST", "/auth/token", right)[0] == 429


def test_one_signal_ends_all(home: Path) -> None:
    with running(home, "api-server", "--workers=3") as server:
        assert len(workers_of(server)) == 3
        assert server.end(signal.SIGTERM) == 0
        assert server.process.stdout is not None
        assert "has stopped" in server.process.stdout.read()
    assert eventually(lambda: not processes_of(home))
    assert "WARNING" not in log_of(home)


def test_workers_end_when_their_supervisor_is_killed(home: Path) -> None:
    with running(home, "api-server", "-w", "2") as server:
        server.end(signal.SIGKILL)
        assert eventually(lambda: not processes_of(home))


def test_a_worker_that_does_not_answer_is_replaced(home: Path) -> None:
    with running(home, "api-server", "-w", "2", "-t", "8") as server:
        silent, other = workers_of(server)
        os.kill(silent, signal.SIGSTOP)
        eventually(lambda: silent not in workers_of(server) and len(workers_of(server)) == 2)
        assert other in workers_of(server)
        assert server.end() == 0
    said = rf"\(process {silent}\) has ended: it had not answered for \d+ s and was killed"
    assert re.search(said, log_of(home))


def test_one_worker_is_the_server_itself(home: Path) -> None:
    with running(home, "api-server", "-w", "1") as server:
        assert "workers" not in server.greeting
        assert not workers_of(server)


def test_a_taken_port_is_said_once(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = slipstream(home, "api-server", "-w", "3", "-p", port)
    assert done.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_what_keeps_all_workers_from_serving_is_said_once(home: Path) -> None:
    done = slipstream(home, "api-server", "-w", "3", SLIPSTREAM__API_AUTH__JWT_LEEWAY="soon")
    assert done.returncode == 1
    assert "jwt_leeway is 'soon'" in done.stderr
    assert done.stderr.count("\n") == 1
    assert eventually(lambda: not processes_of(home))


def test_workers_go_on_in_the_background(home: Path) -> None:
    started = slipstream(home, "api-server", "-w", "2", "-D")
    assert (started.returncode, started.stderr) == (0, "")
    assert "with 2 workers" in started.stdout
    pid = int((home / "slipstream-api-server.pid").read_text())
    assert len(processes.children_of(pid)) == 2
    os.kill(pid, signal.SIGTERM)
    assert eventually(lambda: not processes_of(home))
    assert not (home / "slipstream-api-server.pid").exists()
    assert "has stopped" in (home / "slipstream-api-server.out").read_text()


def test_there_is_at_least_one_worker(home: Path) -> None:
    done = slipstream(home, "api-server", "-w", "0")
    assert done.returncode == 1
    assert "[api] workers is '0', expected a number from 1 to 256" in done.stderr
