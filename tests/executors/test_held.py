"""Attempts that workers elsewhere run: who may speak for them, and whose word counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import Mock

import pytest

from slipstream.executors.interface import Report
from slipstream.executors.provided import orders
from slipstream.executors.provided.executor import ProvidedExecutor
from slipstream.executors.provided.held import HeldAttempts
from slipstream.executors.provided.tokens import (
    AttemptEndedError,
    UnknownTokenError,
    WrongTokenError,
)
from slipstream.model.attempt import Attempt, Cancelled, Failed, Lost, Outcome, Succeeded
from slipstream.model.errors import ConflictError, InvalidInputError, NotFoundError
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.runtime.jobs import Source
from slipstream.wire import execution, messages, remote

BEGIN = remote.Begin(hostname="worker", pid=7, nonce="the nonce of this worker")
OTHER = remote.Begin(hostname="elsewhere", pid=8, nonce="the nonce of another one")
ASK = messages.Ask(number=5, request=execution.GetVariable(key="k"))
SILENCE_SECONDS = 60.0
LIFE_SECONDS = 90.0
"""Of a token that speaks for an attempt."""


class World:
    """What is held, and what was told."""

    def __init__(self) -> None:
        self.told: list[Report] = []
        self.asked: list[tuple[Attempt, execution.Request]] = []
        self.now = 1000.0
        self.held = HeldAttempts(
            self.answer,
            lambda path: Path("/dags"),
            silence_seconds=SILENCE_SECONDS,
            clock=lambda: self.now,
        )
        self.held.report_to(self.told.extend)
        self.first = self.held.add(attempt(), source())
        """What lies in the queue."""

    def answer(self, of: Attempt | None, request: execution.Request) -> execution.Answer:
        assert of is not None
        self.asked.append((of, request))
        return execution.Text(value=f"{of.task_id} {type(request).__name__}")

    def begin(self) -> str:
        """Gives the token of the worker that runs it."""
        return self.held.begin("a", self.first, BEGIN).token

    @property
    def ends(self) -> list[Outcome]:
        return [one.event.outcome for one in self.told if isinstance(one.event, AttemptEnded)]

    def end(self, token: str, outcome: Outcome, *, goes_on: bool = False) -> None:
        report = messages.pack_outcome(outcome)
        self.held.end("a", token, remote.End(report=report, goes_on=goes_on))


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


@pytest.mark.parametrize("has_callbacks", [True, False])
def test_what_a_callback_asks_while_the_end_is_kept_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch, has_callbacks: bool
) -> None:
    refused = execution.Refused(code="fenced", message="It no longer counts.")
    token = world.begin()

    def end_meanwhile(of: Attempt | None, request: execution.Request) -> execution.Answer:
        assert of is not None
        if of.is_over:
            return execution.Done()
        world.end(token, Succeeded(), goes_on=has_callbacks)
        return refused

    monkeypatch.setattr(world.held, "_answer", end_meanwhile)
    answer = execution.Done() if has_callbacks else refused
    assert world.held.ask("a", token, ASK) == messages.Reply(number=5, answer=answer)
    assert world.ends == [Succeeded()]


def test_a_worker_begins_asks_and_ends(world: World) -> None:
    begun = world.held.begin("a", world.first, BEGIN)
    assert (begun.relative_fileloc, begun.source_hash) == ("team/d.py", "h")
    assert begun.sources == {"team/d.py": "text"}
    (started,) = world.told
    assert isinstance(started.event, AttemptStarted)
    assert (started.run_pk, started.event.hostname, started.event.pid) == (3, "worker", 7)
    assert world.held.ask("a", begun.token, ASK) == messages.Reply(
        number=5, answer=execution.Text(value="t GetVariable")
    )
    assert world.held.beat("a", begun.token) == remote.Going()
    world.end(begun.token, Succeeded())
    assert world.ends == [Succeeded()]
    with pytest.raises(AttemptEndedError, match="has ended"):
        world.held.beat("a", begun.token)


def test_only_one_worker_may_run_it_and_only_with_its_token(world: World) -> None:
    for token in ("wrong", world.first[:-1], "t\u00f6ken", "\udcff"):
        with pytest.raises(UnknownTokenError, match="not yours"):
            world.held.begin("a", token, BEGIN)
    with pytest.raises(UnknownTokenError, match="no token"):
        world.held.begin("a", "", BEGIN)
    world.begin()
    with pytest.raises(ConflictError, match="by another worker, process 7 on worker"):
        world.held.begin("a", world.first, OTHER)
    with pytest.raises(WrongTokenError, match="another attempt"):
        world.held.begin("other", world.first, BEGIN)


def test_a_worker_that_lost_the_answer_begins_again_and_nobody_else_does(world: World) -> None:
    lost = world.begin()
    with pytest.raises(ConflictError, match="another worker"):
        world.held.begin("a", world.first, OTHER)
    token = world.begin()
    assert len(world.told) == 1, "it has started once"
    # Whichever answer arrived: both are the worker's own.
    for one in (lost, token):
        assert world.held.beat("a", one) == remote.Going()
    # It has the answer: what lies in the queue is good for nothing now, nonce or not.
    for begin in (BEGIN, OTHER):
        with pytest.raises(ConflictError, match="good for that, once"):
            world.held.begin("a", world.first, begin)
    assert world.held.beat("a", token) == remote.Going()


def test_many_workers_at_the_same_moment_begin_it_once(world: World) -> None:
    refused: list[ConflictError] = []
    begun: list[str] = []
    line = threading.Barrier(8)

    def work(number: int) -> None:
        line.wait()
        try:
            nonce = f"the nonce of worker {number}"
            one = remote.Begin(hostname="w", pid=number, nonce=nonce)
            begun.append(world.held.begin("a", world.first, one).token)
        except ConflictError as error:
            refused.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(begun), len(refused), len(world.told)) == (1, 7, 1)


def test_the_token_in_the_queue_waits_for_hours_and_then_begins(world: World) -> None:
    world.now += 72 * 3600
    token = world.begin()
    assert world.held.beat("a", token) == remote.Going()


def test_what_lies_in_the_queue_says_nothing_of_a_running_attempt(world: World) -> None:
    for _ in range(2):
        with pytest.raises(WrongTokenError, match="for beginning attempt a and for nothing else"):
            world.held.beat("a", world.first)
        with pytest.raises(WrongTokenError, match="beginning"):
            world.held.ask("a", world.first, ASK)
        with pytest.raises(WrongTokenError, match="beginning"):
            world.end(world.first, Succeeded())
        token = world.begin() if not world.told else ""
    assert not world.asked
    assert not world.ends
    with pytest.raises(UnknownTokenError):
        world.held.begin("a", token, BEGIN)


def test_a_token_that_runs_an_attempt_begins_nothing(world: World) -> None:
    token = world.begin()
    with pytest.raises(WrongTokenError, match="begins nothing"):
        world.held.begin("a", token, BEGIN)


def test_a_token_expires_where_it_is_not_renewed(world: World) -> None:
    token = world.begin()
    world.now += LIFE_SECONDS - 1
    world.held.ask("a", token, ASK)
    world.now += 1
    for say in (
        lambda: world.held.beat("a", token),
        lambda: world.held.ask("a", token, ASK),
        lambda: world.end(token, Succeeded()),
    ):
        with pytest.raises(UnknownTokenError, match="expired: it is good for 90 s"):
            say()
    assert len(world.asked) == 1
    assert not world.ends


@pytest.mark.parametrize("pause", [1.0, 5.0, SILENCE_SECONDS - 1])
def test_a_worker_that_beats_is_never_out_of_tokens(world: World, pause: float) -> None:
    """However seldom it is heard, as long as it counts as living."""
    tokens = [world.begin()]
    for _ in range(200):
        world.now += pause
        renewed = world.held.beat("a", tokens[-1]).token
        if renewed is not None:
            tokens.append(renewed)
    assert len(tokens) > 2
    assert len(tokens) < 200 * pause / (LIFE_SECONDS / 16) + 2
    with pytest.raises(UnknownTokenError):
        world.held.beat("a", tokens[0])


def test_a_renewed_token_whose_answer_was_lost_is_renewed_again(world: World) -> None:
    token = world.begin()
    world.now += LIFE_SECONDS / 2
    lost = world.held.beat("a", token).token
    assert lost is not None
    assert world.held.beat("a", token).token is None, "not with every beat"
    world.now += LIFE_SECONDS / 8
    again = world.held.beat("a", token).token
    assert again not in (None, lost)
    assert world.held.beat("a", again or "").token is None


def test_tokens_that_expired_long_ago_are_not_kept(world: World) -> None:
    token = world.begin()
    for _ in range(1000):
        world.now += LIFE_SECONDS / 3
        token = world.held.beat("a", token).token or token
    assert len(world.held._tokens._owners) < 40


def test_no_token_is_kept_as_it_is_nor_shown(world: World) -> None:
    begun = world.held.begin("a", world.first, BEGIN)
    world.now += LIFE_SECONDS / 2
    going = world.held.beat("a", begun.token)
    assert going.token
    kept = repr([vars(one) for one in (world.held, world.held._tokens)])
    for token in (world.first, begun.token, going.token):
        assert token not in kept
        assert token not in repr(begun) + repr(going)


def test_callbacks_may_ask_until_the_worker_leaves(world: World) -> None:
    token = world.begin()
    world.end(token, Succeeded(), goes_on=True)
    assert world.ends == [Succeeded()]
    assert not world.held.is_held("a")
    world.held.ask("a", token, ASK)
    assert world.asked[-1][0].is_over
    assert world.held.beat("a", token) == remote.Going()
    world.end(token, Failed(message="the answer was lost"), goes_on=True)
    assert world.ends == [Succeeded()], "the first word counts"
    world.held.leave("a", token)
    with pytest.raises(AttemptEndedError, match="its worker has said how"):
        world.held.ask("a", token, ASK)


def test_callbacks_do_not_ask_for_ever(world: World) -> None:
    token = world.begin()
    world.end(token, Succeeded(), goes_on=True)
    world.now += remote.AFTERWARDS_SECONDS
    assert world.held.beat("a", token).token is None
    world.now += 31
    with pytest.raises(UnknownTokenError, match="expired"):
        world.held.ask("a", token, ASK)
    # What is left of it goes with the next one that ends.
    first = world.held.add(replace(attempt(), attempt_id="b"), source())
    later = world.held.begin("b", first, BEGIN).token
    world.held.end("b", later, remote.End(report=messages.pack_outcome(Succeeded())))
    assert not world.held._calling_back
    with pytest.raises(AttemptEndedError):
        world.held.ask("a", token, ASK)


def test_nobody_leaves_before_the_end(world: World) -> None:
    token = world.begin()
    with pytest.raises(ConflictError, match="say how first"):
        world.held.leave("a", token)
    assert world.held.is_held("a")


def test_why_an_attempt_has_ended_is_told_to_who_still_speaks_for_it(world: World) -> None:
    token = world.begin()
    world.held.settle("a", Lost(message="its worker was not heard for 60 s"))
    for one in (token, world.first):
        with pytest.raises(AttemptEndedError, match=r"\(its worker was not heard for 60 s\)"):
            world.held.require("a", one)
    with pytest.raises(UnknownTokenError):
        world.held.require("a", "not one of it")


def test_ended_attempts_are_remembered_for_a_while(world: World) -> None:
    for number in range(10_001):
        world.held.add(replace(attempt(), attempt_id=f"b{number}"), source())
        world.held.settle(f"b{number}", Lost(message="gone"))
    tokens = world.held._tokens
    assert len(tokens._attempts) == 10_001
    assert "b0" not in tokens._attempts
    assert len(tokens._owners) == 10_001


def test_a_worker_of_another_release_is_turned_away_and_has_begun_nothing(world: World) -> None:
    for begin in (
        remote.Begin(version=1, hostname="w", pid=1),
        remote.Begin(version=99, hostname="w", pid=1, nonce=BEGIN.nonce),
    ):
        with pytest.raises(InvalidInputError, match="install the same release"):
            world.held.begin("a", world.first, begin)
    with pytest.raises(InvalidInputError, match="nonce of 16 or more"):
        world.held.begin("a", world.first, remote.Begin(hostname="w", pid=1, nonce="short"))
    world.begin()


def test_a_worker_whose_files_are_gone_has_begun_nothing(world: World) -> None:
    def read() -> dict[str, str]:
        raise NotFoundError("The version is gone.")

    gone = Source(fileloc="/dags/d.py", source_hash="h", read=read)
    first = world.held.add(replace(attempt(), attempt_id="b"), gone)
    for _ in range(2):
        with pytest.raises(NotFoundError, match="gone"):
            world.held.begin("b", first, BEGIN)
    assert not world.told


def test_the_first_word_about_the_end_counts(world: World) -> None:
    token = world.begin()
    assert world.held.settle("a", Failed(message="the executor says so"))
    assert not world.held.settle("a", Lost(message="late"))
    with pytest.raises(AttemptEndedError, match="the executor says so"):
        world.end(token, Succeeded())
    assert world.ends == [Failed(message="the executor says so")]


def test_one_that_no_worker_has_begun_is_cancelled_at_once(world: World) -> None:
    assert world.held.cancel("a", "marked failed")
    assert world.ends == [Cancelled(message="marked failed")]
    assert not world.held.cancel("a", "again")
    with pytest.raises(AttemptEndedError, match="marked failed"):
        world.begin()


def test_a_worker_hears_that_its_attempt_is_not_wanted(world: World) -> None:
    token = world.begin()
    assert world.held.cancel("a", "marked failed")
    assert not world.ends
    assert world.held.beat("a", token).cancelled == "marked failed"
    world.end(token, Failed(message="SIGTERM"))
    assert world.ends == [Cancelled(message="marked failed")]


def test_workers_that_are_not_heard_are_known(world: World) -> None:
    world.now += 3600
    assert world.held.silent(0.0) == [], "nobody has begun"
    world.begin()
    world.now += 1
    assert world.held.silent(SILENCE_SECONDS) == []
    assert world.held.silent(0.0) == ["a"]
    world.held.lose_all("the server is stopping")
    assert world.ends == [Lost(message="the server is stopping")]


def test_an_answer_that_is_still_to_come_keeps_nobody(world: World) -> None:
    later: Future[execution.Answer] = Future()
    held = HeldAttempts(lambda *_: later, lambda _: Path("/dags"), silence_seconds=60)
    token = held.begin("a", held.add(attempt(), source()), BEGIN).token
    found = held.ask("a", token, ASK)
    assert isinstance(found, Future)
    assert not found.done()
    later.set_result(execution.Count(value=1))
    assert found.result(0) == messages.Reply(number=5, answer=execution.Count(value=1))


@pytest.mark.parametrize("doubted", [True, False])
@pytest.mark.parametrize("lives", [True, False])
def test_an_executor_is_not_believed_about_a_worker_that_is_heard(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lives: bool, doubted: bool
) -> None:
    """Where it may speak of the attempt before, this one has as long to begin as any in a queue."""
    executor = ProvidedExecutor(
        "Mine",
        1,
        world.held,
        lambda _: source(),
        run_dir=tmp_path,
        silence_seconds=60,
        queued_seconds=600,
    )
    waiting: list[tuple[float, Callable[[], None]]] = []

    def later(seconds: float, call: Callable[[], None]) -> Mock:
        waiting.append((seconds, call))
        return Mock()

    monkeypatch.setattr(threading, "Timer", later)
    token = world.begin()
    said = orders.Said(attempt_id="a", state="failed", info="(exit code 1)", may_be_earlier=doubted)
    executor._take(said)
    if lives:
        world.now += 1
        world.held.beat("a", token)
    ((seconds, believe),) = waiting
    assert seconds == (600 if doubted else 11)
    believe()
    text = "the executor Mine says that it failed (exit code 1)"
    assert world.ends == ([] if lives else [Failed(message=text)])
