"""One server to a home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipstream.cli.errors import HomeInUseError
from slipstream.cli.home_lock import DatabaseLock, HomeLock


def test_the_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    with (
        HomeLock(tmp_path / "run", purpose="standalone on port 8080"),
        pytest.raises(HomeInUseError, match=rf"process {os.getpid()}, standalone on port 8080"),
        HomeLock(tmp_path / "run", purpose="second"),
    ):
        pass


def test_it_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with HomeLock(tmp_path / "run", purpose="first"):
            pass


def test_it_is_free_when_the_holder_was_killed(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        HomeLock(tmp_path / "run", purpose="first").__enter__()
        os.write(writer, b"held")
        os.read(reader, 0)
        while True:
            os.sched_yield()
    os.read(reader, 4)
    os.kill(child, 9)
    os.waitpid(child, 0)
    os.close(reader)
    os.close(writer)
    with HomeLock(tmp_path / "run", purpose="second"):
        pass


def test_an_embedded_database_has_one_scheduler_whatever_its_home(tmp_path: Path) -> None:
    database = tmp_path / "shared.db"
    with (
        DatabaseLock(database, purpose="standalone"),
        pytest.raises(HomeInUseError, match=rf"shared\.db is in use by process {os.getpid()}"),
        DatabaseLock(database, purpose="second"),
    ):
        pass
    assert not database.exists()
