"""Servers in the background: detached, found by their pid files, ended by a signal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.servers import PATIENCE_SECONDS, environment, eventually, processes_of

pytestmark = pytest.mark.processes


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home; whatever runs on it at the end of the test is ended."""
    path = tmp_path / "home"
    path.mkdir()
    yield path
    for file in path.glob("*.pid"):
        end(file, signal.SIGKILL)


def slipstream(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """A command line whose output is read to the end: nobody may hold it open."""
    return subprocess.run(
        [sys.executable, "-m", "slipstream", *words],
        capture_output=True,
        text=True,
        env=environment(home),
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def end(pid_file: Path, number: signal.Signals = signal.SIGTERM) -> None:
    """Send the signal to the process of that file, and wait until it is gone."""
    pid = int(pid_file.read_text())
    os.kill(pid, number)
    eventually(lambda: not is_there(pid))


def is_there(pid: int) -> bool:
    """Whether the process runs; one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_server_in_the_background_answers_and_ends(home: Path) -> None:
    started = slipstream(home, "standalone", "-D")
    assert (started.returncode, started.stderr) == (0, "")
    assert "with the password" in started.stdout  # It is shown only once: where somebody reads.
    found = re.search(r"ready at (http://[\w.:]+\d)", started.stdout)
    assert found
    with urllib.request.urlopen(f"{found[1]}/api/v2/version", timeout=PATIENCE_SECONDS) as answer:
        assert answer.status == 200
    pid_file = home / "slipstream-standalone.pid"
    pid = int(pid_file.read_text())
    assert f"`kill {pid}` ends it" in started.stdout
    assert os.getsid(pid) not in (os.getsid(0), pid)  # In no session that could get a terminal.
    end(pid_file)
    assert not pid_file.exists()
    assert "has stopped" in (home / "slipstream-standalone.out").read_text()
    assert "password" not in (home / "slipstream-standalone.out").read_text()
    assert eventually(lambda: not processes_of(home))


def test_a_second_one_is_refused_while_the_first_lives(home: Path) -> None:
    assert slipstream(home, "db", "migrate").returncode == 0
    started = slipstream(home, "dag-processor", "--daemon")
    assert started.returncode == 0, started.stderr
    pid_file = home / "slipstream-dag-processor.pid"
    pid = int(pid_file.read_text())
    for _ in range(2):
        second = slipstream(home, "dag-processor", "--daemon")
        assert second.returncode == 1
        assert f"slipstream dag-processor is already running as process {pid}" in second.stderr
        assert second.stderr.count("\n") == 1
        assert int(pid_file.read_text()) == pid
    end(pid_file)


def test_what_a_killed_one_left_over_stops_nobody(home: Path) -> None:
    pid_file = home / "slipstream-scheduler.pid"
    pid_file.write_text(f"{os.getpid()}\n")  # A live process that is none of these.
    slipstream(home, "db", "migrate")
    assert slipstream(home, "scheduler", "-D").returncode == 0
    end(pid_file, signal.SIGKILL)
    assert pid_file.exists()
    eventually(lambda: not processes_of(home))
    assert slipstream(home, "scheduler", "-D").returncode == 0
    end(pid_file)
    assert not pid_file.exists()


def test_files_are_those_that_were_named_and_their_owners_alone(home: Path, tmp_path: Path) -> None:
    files = {kind: tmp_path / "var" / f"triggerer.{kind}" for kind in ("pid", "out", "err", "log")}
    slipstream(home, "db", "migrate")
    started = slipstream(
        home,
        "triggerer",
        "-D",
        f"--pid={files['pid']}",
        f"--stdout={files['out']}",
        f"--stderr={files['err']}",
        *("-l", str(files["log"])),
    )
    assert started.returncode == 0, started.stderr
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files.values())
    end(files["pid"])
    assert "has stopped" in files["out"].read_text()
    assert not list(home.glob("slipstream-*"))


def test_what_keeps_it_from_starting_is_said_at_the_terminal(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for words, code, said in (
        (("--stdout", str(tmp_path / "file" / "out")), 1, "Name another file"),
        (("--log-file", str(tmp_path / "file" / "log")), 1, "Name another --log-file"),
    ):
        done = slipstream(home, "standalone", "-D", *words)
        assert (done.returncode, done.stdout) == (code, "")
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
    assert not list(home.glob("*.pid"))
    (home / "slipstream.toml").write_text("[core]\ndaemon_umask = 'x'\n")
    assert "expected an octal number" in slipstream(home, "standalone", "-D").stderr


def test_the_files_count_in_the_foreground_too(home: Path, tmp_path: Path) -> None:
    slipstream(home, "db", "migrate")
    pid_file, log, out = (tmp_path / name for name in ("api.pid", "api.log", "api.out"))
    words = ["--pid", str(pid_file), "--log-file", str(log), "--stdout", str(out)]
    with subprocess.Popen(
        [sys.executable, "-m", "slipstream", "api-server", *words], env=environment(home)
    ) as process:
        try:
            eventually(lambda: out.exists() and "is ready" in out.read_text())
            assert int(pid_file.read_text()) == process.pid
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) == 0
        finally:
            process.kill()
    assert not pid_file.exists()
    assert log.exists()


KINIT = """#!/bin/sh
echo "$@" >> "$0.calls"
"""


def test_a_ticket_is_kept_fresh_in_the_background(home: Path, tmp_path: Path) -> None:
    kinit = tmp_path / "kinit"
    kinit.write_text(KINIT)
    kinit.chmod(0o755)
    (home / "slipstream.toml").write_text(f"[kerberos]\nkinit_path = '{kinit}'\n")
    started = slipstream(home, "kerberos", "ada@EXAMPLE.COM", "-k", "ada.keytab", "-D")
    assert started.returncode == 0, started.stderr
    assert "ada.keytab" in (tmp_path / "kinit.calls").read_text()
    end(home / "slipstream-kerberos.pid")
    assert not (home / "slipstream-kerberos.pid").exists()
    both = slipstream(home, "kerberos", "-k", "ada.keytab", "-D", "--one-time")
    assert both.returncode == 2


WORKER = """
import signal
from argparse import Namespace
from slipstream import compat
compat.install()
from airflow.cli.commands.daemon_utils import run_command_with_daemon_option

def work():
    print("working", flush=True)
    signal.sigwait({signal.SIGTERM})

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
args = Namespace(daemon=True, pid=None, stdout=None, stderr=None, log_file=None)
run_command_with_daemon_option(args=args, process_name="worker", callback=work, umask="0o077")
"""


def test_a_worker_of_a_provider_goes_on_in_the_background(home: Path) -> None:
    def start() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", WORKER],
            capture_output=True,
            text=True,
            env=environment(home),
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    started = start()
    assert started.returncode == 0, started.stderr
    eventually(lambda: "working" in (home / "airflow-worker.out").read_text())
    second = start()
    assert second.returncode == 1
    assert "worker is already running as process" in second.stderr
    end(home / "airflow-worker.pid")
    assert not (home / "airflow-worker.pid").exists()
