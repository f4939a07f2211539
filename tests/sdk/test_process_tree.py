"""Ending a program with all that it starts, also while it starts more."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import psutil

from slipstream.sdk import _process_tree


def running(mark: str) -> list[psutil.Process]:
    """The processes that were started with this argument and have not ended."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if mark in (process.info["cmdline"] or [])
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def test_what_is_started_while_it_is_being_ended_ends_too(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    mark = f"600.{abs(hash(tmp_path)) % 10**8:08}"
    program = f"touch {begun}; for i in {{1..3000}}; do sleep {mark} & done; wait"
    process = subprocess.Popen(["bash", "-c", program])
    try:
        while not begun.exists() or len(running(mark)) < 3:
            assert process.poll() is None
        _process_tree.end(process)
        # SIGKILL hits what is nobody's child any more: its end is soon, not at once.
        deadline = time.monotonic() + 20
        while running(mark) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not running(mark)
    finally:
        for left in running(mark):
            left.kill()


def test_what_does_not_listen_is_killed() -> None:
    program = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    process = subprocess.Popen(["bash", "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        _process_tree.end(process, grace_seconds=0.2)
    assert process.returncode == -9
