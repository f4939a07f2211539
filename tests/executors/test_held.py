"""Attempts that workers elsewhere run: who may speak for them, and whose word counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest

from slipstream.executors.interface import Report
from slipstream.executors.provided import orders
from slipstream.executors.provided.executor import ProvidedExecutor
from slipstream.executors.provided.held import HeldAttempts
from slipstream.model.attempt import Attempt, Cancelled, Failed, Lost, Outcome, Succeeded
from slipstream.model.errors import ConflictError, NotFoundError
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.runtime.jobs import Source
from slipstream.wire import execution, messages, remote

BEGIN = remote.Begin(hostname="worker", pid=7)


class World:
    """What is held, and what was told."""

    def __init__(self) -> None:
        self.told: list[Report] = []
        self.held = HeldAttempts(self.answer, lambda path: Path("/dags"))
        self.held.report_to(self.told.extend)
        self.token = self.held.add(attempt(), source())

    def answer(self, of: Attempt | None, request: execution.Request) -> execution.Answer:
        assert of is not None
        return execution.Text(value=f"{of.task_id} {type(request).__name__}")

    @property
    def ends(self) -> list[Outcome]:
        return [one.event.outcome for one in self.told if isinstance(one.event, AttemptEnded)]

    def end(self, outcome: Outcome) -> None:
        report = messages.pack_outcome(outcome)
        self.held.end("a", self.token, remote.End(report=report))


def attempt() -> Attempt:
    run = DagRun(
        pk=3,
        dag_id="d",
        run_id="r",
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        version_id="v",
        run_after=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return Attempt(attempt_id="a", run=run, task_id="t", fileloc="/dags/team/d.py")


def source() -> Source:
    return Source(fileloc="/dags/team/d.py", source_hash="h", read=lambda: {"team/d.py": "text"})


@pytest.fixture
def world() -> World:
    return World()


def test_a_worker_begins_asks_and_ends(world: World) -> None:
    begun = world.held.begin("a", world.token, BEGIN)
    assert (begun.relative_fileloc, begun.source_hash) == ("team/d.py", "h")
    assert begun.sources == {"team/d.py": "text"}
    (started,) = world.told
    assert isinstance(started.event, AttemptStarted)
    assert (started.run_pk, started.event.hostname, started.event.pid) == (3, "worker", 7)
    ask = messages.Ask(number=5, request=execution.GetVariable(key="k"))
    assert world.held.ask("a", world.token, ask) == messages.Reply(
        number=5, answer=execution.Text(value="t GetVariable")
    )
    assert world.held.beat("a", world.token).cancelled is None
    world.end(Succeeded())
    assert world.ends == [Succeeded()]
    with pytest.raises(NotFoundError):
        world.held.beat("a", world.token)


def test_only_one_worker_may_run_it_and_only_with_its_token(world: World) -> None:
    for token in ("", "wrong", world.token[:-1]):
        with pytest.raises(NotFoundError, match="not yours"):
            world.held.begin("a", token, BEGIN)
    world.held.begin("a", world.token, BEGIN)
    with pytest.raises(ConflictError, match="another worker"):
        world.held.begin("a", world.token, BEGIN)
    with pytest.raises(NotFoundError):
        world.held.begin("other", world.token, BEGIN)


def test_a_worker_of_another_release_is_turned_away(world: World) -> None:
    with pytest.raises(ConflictError, match="install"):
        world.held.begin("a", world.token, remote.Begin(version=99, hostname="w", pid=1))


def test_the_first_word_about_the_end_counts(world: World) -> None:
    world.held.begin("a", world.token, BEGIN)
    assert world.held.settle("a", Failed(message="the executor says so"))
    assert not world.held.settle("a", Lost(message="late"))
    with pytest.raises(NotFoundError):
        world.end(Succeeded())
    assert world.ends == [Failed(message="the executor says so")]


def test_one_that_no_worker_has_begun_is_cancelled_at_once(world: World) -> None:
    assert world.held.cancel("a", "marked failed")
    assert world.ends == [Cancelled(message="marked failed")]
    assert not world.held.cancel("a", "again")


def test_a_worker_hears_that_its_attempt_is_not_wanted(world: World) -> None:
    world.held.begin("a", world.token, BEGIN)
    assert world.held.cancel("a", "marked failed")
    assert not world.ends
    assert world.held.beat("a", world.token).cancelled == "marked failed"
    world.end(Failed(message="SIGTERM"))
    assert world.ends == [Cancelled(message="marked failed")]


def test_workers_that_are_not_heard_are_known(world: World) -> None:
    assert world.held.silent(0.0) == []
    world.held.begin("a", world.token, BEGIN)
    assert world.held.silent(60.0) == []
    assert world.held.silent(0.0) == ["a"]
    world.held.lose_all("the server is stopping")
    assert world.ends == [Lost(message="the server is stopping")]


@pytest.mark.parametrize("lives", [True, False])
def test_an_executor_is_not_believed_about_a_worker_that_is_heard(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lives: bool
) -> None:
    executor = ProvidedExecutor(
        "Mine", 1, world.held, lambda _: source(), run_dir=tmp_path, silence_seconds=60
    )
    waiting: list[Callable[[], None]] = []

    def later(_seconds: float, call: Callable[[], None]) -> Mock:
        waiting.append(call)
        return Mock()

    monkeypatch.setattr(threading, "Timer", later)
    world.held.begin("a", world.token, BEGIN)
    executor._take(orders.Said(attempt_id="a", state="failed", info="(exit code 1)"))
    if lives:
        world.held.beat("a", world.token)
    (believe,) = waiting
    believe()
    said = "the executor Mine says that it failed (exit code 1)"
    assert world.ends == ([] if lives else [Failed(message=said)])
