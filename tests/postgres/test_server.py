"""The tests' own PostgreSQL server ends with whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.postgres.server import find_binaries

from slipstream.runtime import processes

pytestmark = pytest.mark.postgres

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, sys
from tests.postgres.server import PostgresServer, find_binaries
server = PostgresServer(find_binaries())
pid = (server.folder / "data" / "postmaster.pid").read_text().split()[0]
print(server.folder, pid, flush=True)
sys.stdin.read()
"""
PATIENCE_SECONDS = 60.0


@pytest.mark.skipif(find_binaries() is None, reason="there is no PostgreSQL server to start")
def test_a_killed_test_run_leaves_no_server_and_no_files() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(ROOT)])}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    ) as run:
        try:
            assert run.stdout is not None
            folder, pid = run.stdout.readline().split()
            assert processes.is_alive(int(pid))
        finally:
            run.kill()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while processes.is_alive(int(pid)) or Path(folder).exists():
        assert time.monotonic() < deadline, "the server or its files are left over"
        time.sleep(0.01)
