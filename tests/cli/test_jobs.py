"""`slipstream jobs`."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.cli.conftest import Slipstream

from slipstream.store import open_store


def heartbeat(home: Path, job: str) -> None:
    store = open_store(f"sqlite:///{home}/slipstream.db", xcom_url=str(home / "xcom"))
    try:
        store.heartbeat(job, socket.gethostname(), 1)
    finally:
        store.close()


def test_a_component_that_is_alive_is_found(slipstream: Slipstream, home: Path) -> None:
    assert slipstream("jobs", "check").code == 1
    heartbeat(home, "scheduler")
    assert slipstream("jobs", "check", "--job-type", "SchedulerJob", "--local").code == 0
    assert slipstream("jobs", "check", "--job-type", "TriggererJob").code == 1
    assert slipstream("jobs", "check", "--hostname", "elsewhere").code == 1


def test_allowing_several_needs_a_limit(slipstream: Slipstream) -> None:
    assert slipstream("jobs", "check", "--allow-multiple").code == 2
