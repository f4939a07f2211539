"""Which files' processes may be forked; each case in an interpreter of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src"

PROGRAM = """
import os, sys, threading
from slipstream.runtime.fork_safety import native_threads, reason_not_to_fork
before = native_threads()
{code}
print(reason_not_to_fork(before))
{after}
"""


def verdict(code: str, after: str = "") -> str:
    command = [sys.executable, "-c", PROGRAM.format(code=code, after=after)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.check_output(command, env=environment, text=True, timeout=60).strip()


def test_a_process_without_threads_may_be_forked() -> None:
    assert verdict("import json") == "None"


def test_a_python_thread_forbids_forking_and_is_named() -> None:
    start = (
        "done = threading.Event()\n"
        "threading.Thread(target=done.wait, name='feeder', daemon=True).start()"
    )
    assert "feeder" in verdict(start, after="done.set()")


def test_a_native_thread_that_stays_forbids_forking() -> None:
    start = (
        "import ctypes\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "handle = ctypes.c_ulong()\n"
        "libc.pthread_create(ctypes.byref(handle), None, libc.pause, None)"
    )
    assert "a library starts 1 threads" in verdict(start, after="sys.stdout.flush(); os._exit(0)")


def test_numpy_may_be_forked_because_its_threads_stop_for_it() -> None:
    pytest.importorskip("numpy", reason="NumPy is part of the demo's packages")
    assert verdict("import numpy; numpy.ones((300, 300)) @ numpy.ones((300, 300))") == "None"


AT_ALL = """
import os, signal, threading, time
from slipstream.runtime.fork_safety import reason_not_to_fork_at_all
{code}
print(reason_not_to_fork_at_all(patience_seconds={patience}))
"""


def verdict_at_all(code: str, patience: float = 60) -> str:
    command = [sys.executable, "-c", AT_ALL.format(code=code, patience=patience)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.check_output(command, env=environment, text=True, timeout=60).strip()


def test_an_interpreter_that_has_done_nothing_may_be_forked() -> None:
    assert verdict_at_all("") == "None"


def test_a_hook_that_hangs_in_forked_processes_forbids_forking_at_all() -> None:
    hangs = "os.register_at_fork(after_in_child=lambda: time.sleep(600))"
    assert "hangs" in verdict_at_all(hangs, patience=0.1)


def test_a_hook_that_crashes_forked_processes_forbids_forking_at_all() -> None:
    crashes = "os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGSEGV))"
    assert "SIGSEGV" in verdict_at_all(crashes)


def test_a_thread_of_the_environment_forbids_forking_at_all() -> None:
    start = "threading.Thread(target=time.sleep, args=(0.1,), name='tracer').start()"
    assert "tracer" in verdict_at_all(start)
