"""What follows when a process of the runtime is killed: nothing is lost, nothing is left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runtime.conftest import Harness, marked_processes, wait_until

from slipstream.model.attempt import Failed, Succeeded
from slipstream.runtime import processes
from slipstream.runtime.leftovers import end_leftovers

TASKS = """
def quick(): return "quick"
def waits():
    print("waiting")
    while not os.path.exists(FLAG):
        time.sleep(0.005)
    return "waited"
def waits_and_fails():
    waits()
    os._exit(5)
"""


def zygote_of(pid: int) -> int:
    """The process that forked this one."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[1])


@pytest.fixture
def flag(harness: Harness) -> Path:
    """A file that the waiting tasks wait for."""
    return harness.dags.parent / "flag"


def write(harness: Harness, flag: Path) -> Path:
    return harness.write_tasks(f"FLAG = {str(flag)!r}\n" + textwrap.dedent(TASKS))


def started_pid(harness: Harness, attempt: object) -> int:
    pid = harness.wait_started(attempt).pid  # type: ignore[arg-type]
    assert pid is not None
    return pid


def test_a_dag_zygote_dies_and_its_tasks_go_on(harness: Harness, flag: Path) -> None:
    source = harness.source(write(harness, flag))
    running = [harness.start(source, task_id) for task_id in ("waits", "waits_and_fails")]
    for attempt in running:
        harness.wait_in_log(attempt, "waiting")
    zygote = zygote_of(started_pid(harness, running[0]))
    os.kill(zygote, signal.SIGKILL)
    wait_until(lambda: not processes.is_alive(zygote))
    assert isinstance(harness.run(source, "quick"), Succeeded)
    flag.touch()
    assert isinstance(harness.wait_ended(running[0]), Succeeded)
    failed = harness.wait_ended(running[1])
    assert isinstance(failed, Failed)
    assert "exit code 5" in failed.message


def test_the_root_zygote_dies_and_everything_goes_on(harness: Harness, flag: Path) -> None:
    source = harness.source(write(harness, flag))
    running = harness.start(source, "waits")
    harness.wait_in_log(running, "waiting")
    root = zygote_of(zygote_of(started_pid(harness, running)))
    os.kill(root, signal.SIGKILL)
    wait_until(lambda: not processes.is_alive(root))
    assert isinstance(harness.run(source, "quick"), Succeeded)
    other = harness.source(harness.write_tasks("def hello(): pass", "two.py"))
    assert isinstance(harness.run(other, "hello"), Succeeded)
    flag.touch()
    assert isinstance(harness.wait_ended(running), Succeeded)


def test_both_zygotes_die_and_the_tasks_are_still_looked_after(
    harness: Harness, flag: Path
) -> None:
    source = harness.source(write(harness, flag))
    running = [harness.start(source, task_id) for task_id in ("waits", "waits_and_fails", "waits")]
    for attempt in running:
        harness.wait_in_log(attempt, "waiting")
    pids = [started_pid(harness, attempt) for attempt in running]
    zygote = zygote_of(pids[0])
    for pid in (zygote_of(zygote), zygote):
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: not processes.is_alive(pid))
    os.kill(pids[2], signal.SIGKILL)
    killed = harness.wait_ended(running[2])
    assert isinstance(killed, Failed)
    assert "SIGKILL" in killed.message
    flag.touch()
    assert isinstance(harness.wait_ended(running[0]), Succeeded)
    assert isinstance(harness.wait_ended(running[1]), Failed)


def test_a_new_root_zygote_outlives_what_the_old_one_left(harness: Harness, flag: Path) -> None:
    source = harness.source(write(harness, flag))
    running = harness.start(source, "waits")
    harness.wait_in_log(running, "waiting")
    zygote = zygote_of(started_pid(harness, running))
    root = zygote_of(zygote)
    os.kill(root, signal.SIGKILL)
    wait_until(lambda: not processes.is_alive(root))
    other = harness.source(harness.write_tasks("def hello(): pass", "two.py"))
    assert isinstance(harness.run(other, "hello"), Succeeded)
    new = harness.host.root_pid
    assert new not in (None, root)
    # What the old root had started ends as the server's own child.
    os.kill(zygote, signal.SIGKILL)
    flag.touch()
    assert isinstance(harness.wait_ended(running), Succeeded)
    assert isinstance(harness.run(other, "hello"), Succeeded)
    assert harness.host.root_pid == new


def test_zygotes_that_die_all_the_time_do_not_lose_attempts(harness: Harness, flag: Path) -> None:
    source = harness.source(write(harness, flag))
    attempts = []
    killed: set[int | None] = set()
    for _ in range(5):
        batch = [harness.start(source, "quick") for _ in range(10)]
        harness.wait_started(batch[0])
        (root,) = (pid for pid in processes.children_of(os.getpid()) if pid in harness.processes())
        for zygote in processes.children_of(root):
            processes.kill(zygote)
            killed.add(zygote)
        attempts += batch
    for attempt in attempts:
        outcome = harness.wait_ended(attempt)
        # A task whose zygote was killed before is the root's child, and may be hit itself.
        if not isinstance(outcome, Succeeded):
            assert isinstance(outcome, Failed)
            assert harness.wait_started(attempt).pid in killed


SERVER = """
import os, sys, time
from pathlib import Path
from tests.runtime.conftest import Harness
harness = Harness(Path(sys.argv[1]))
source = harness.source(harness.write_tasks('''
def spawns():
    subprocess.Popen(["sleep", "600"])
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    os.system("setsid sleep 600 &")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready")
    while True:
        try:
            time.sleep(600)
        except BaseException:
            pass
'''))
attempts = [harness.start(source, "spawns", map_index=index) for index in range(3)]
for attempt in attempts:
    harness.wait_in_log(attempt, "ready")
print(os.getpid(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A server with tasks that have spawned all kinds of processes."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(root)])}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(tmp_path / "home")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=root,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == str(process.pid)
    with process:
        yield process
        process.kill()


def test_the_server_is_killed_and_nothing_is_left(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    assert len(marked_processes(home / "run")) >= 2 + 3 * 4
    server.kill()
    server.wait()
    wait_until(lambda: not marked_processes(home / "run"), "everything below the server to end")


def test_the_server_and_the_root_are_killed_and_the_next_start_ends_the_rest(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    (root,) = processes.children_of(server.pid)
    groups_of_tasks = len(marked_processes(home / "run"))
    os.kill(root, signal.SIGSTOP)
    server.kill()
    server.wait()
    os.kill(root, signal.SIGKILL)
    # The kernel ends what is in the groups; what has left them waits for the next start.
    wait_until(lambda: len(marked_processes(home / "run")) < groups_of_tasks)
    end_leftovers(home / "run")
    assert not marked_processes(home / "run")


def test_a_server_that_lives_is_not_touched_by_another_start(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert end_leftovers(tmp_path / "home" / "run") == []
    assert server.poll() is None
    assert len(marked_processes(tmp_path / "home" / "run")) >= 2 + 3 * 4


def test_a_root_whose_server_ends_before_it_is_ready_says_nothing() -> None:
    ours, theirs = socket.socketpair()
    read, write = os.pipe()
    command = [sys.executable, "-m", "slipstream.runtime.zygote", f"{theirs.fileno()}", f"{read}"]
    with (
        theirs,
        subprocess.Popen(
            command, pass_fds=(theirs.fileno(), read), stderr=subprocess.PIPE, text=True
        ) as root,
    ):
        theirs.close()
        ours.close()
        _, said = root.communicate(timeout=60)
    os.close(read)
    os.close(write)
    assert (root.returncode, said) == (0, "")
