"""How often workers are started again, and what is said of them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from slipstream.api.auth.throttle import limits_of
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.server.signals import end_signals
from slipstream.cli.server.workers.supervisor import Supervisor, pause_seconds
from slipstream.cli.server.workers.worker import Tether
from slipstream.model.errors import SlipstreamError

pytestmark = pytest.mark.processes


def supervised(work: Callable[[Tether], None], number: int = 2) -> bool:
    """Start so many and stop them; whether they were ready."""
    with end_signals() as ending:
        supervisor = Supervisor(
            number, work, ending, limits=limits_of(1), timeout_seconds=60, stop_seconds=1
        )
        try:
            return supervisor.start()
        finally:
            supervisor.stop()


def serve(tether: Tether) -> None:
    with end_signals() as ending:
        tether.ready(lambda answer: answer())
        ending.wait()


def test_pauses_grow_and_are_bounded() -> None:
    assert [pause_seconds(deaths) for deaths in range(1, 9)] == [0, 1, 2, 4, 8, 16, 30, 30]
    assert pause_seconds(5000) == 30


def test_they_start_and_end() -> None:
    assert supervised(serve, number=3)


def test_what_one_says_is_what_the_command_fails_with() -> None:
    def work(_tether: Tether) -> None:
        raise SlipstreamError("There is no room.")

    with pytest.raises(CommandFailedError, match=r"^There is no room\.$"):
        supervised(work)


def test_one_that_dies_at_the_start_is_the_end_of_the_command(tmp_path: Path) -> None:
    def work(tether: Tether) -> None:
        try:
            (tmp_path / "first").touch(exist_ok=False)
        except FileExistsError:
            serve(tether)
        os._exit(7)

    with pytest.raises(CommandFailedError, match="could not begin: exit code 7"):
        supervised(work)


def test_the_limit_of_failed_logins_is_one_for_all(tmp_path: Path) -> None:
    def work(tether: Tether) -> None:
        counts = tether.limits().of_both
        allowed = [counts.take("ada", 0.0) == 0 for _ in range(5)].count(True)
        name = f"{os.getpid()}-{threading.get_ident()}"
        (tmp_path / name).write_text(str(allowed))
        serve(tether)

    assert supervised(work, number=3)
    assert sorted(file.read_text() for file in tmp_path.iterdir()) == ["0", "0", "1"]
