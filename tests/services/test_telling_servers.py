"""What one server has written reaches the streams of others, or they know that it has not."""

from __future__ import annotations

import queue
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from slipstream.model.dag import DagSpec
from slipstream.model.news import RunNews
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.services.telling_servers import ServerListener, ServerTeller, Told
from slipstream.store.errors import StoreUnavailableError
from slipstream.store.wakeups import LONGEST_TOLD_BYTES, Hear

SECONDS = 30
RUN = DagRun(
    pk=1,
    dag_id="etl",
    run_id="first",
    run_type=RunType.MANUAL,
    state=RunState.RUNNING,
    version_id="v",
    run_after=datetime(2026, 3, 1, 12, tzinfo=UTC),
)


class Air:
    """Carries what is told to all who hear, and keeps it."""

    def __init__(self) -> None:
        self.sent: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self.faults = 0
        self.losses = 0
        self._hearing: list[Hear] = []

    def tell_others(self, text: str) -> None:
        told = msgspec.json.decode(text, type=Told)
        if self.faults:
            self.faults -= 1
            self.sent.put(told)
            raise StoreUnavailableError("away")
        if self.losses:
            self.losses -= 1
        else:
            for hear in self._hearing:
                hear(text)
        self.sent.put(told)

    def hear_others(self, hear: Hear) -> Callable[[], None]:
        self._hearing.append(hear)
        return lambda: self._hearing.remove(hear)

    def next(self) -> Told:
        return self.sent.get(timeout=SECONDS)


class Feed:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def dags_edited(self, dag_ids: Collection[str]) -> None:
        self.told.append(sorted(dag_ids))

    def files_read(self) -> None:
        self.told.append("files")

    def missed(self) -> None:
        self.told.append("missed")


@pytest.fixture
def air() -> Air:
    return Air()


@pytest.fixture
def feed(air: Air) -> Iterator[Feed]:
    """Of another server."""
    made = Feed()
    listener = ServerListener(air, made)
    listener.start()
    yield made
    listener.stop()


@pytest.fixture
def teller(air: Air) -> Iterator[ServerTeller]:
    made = ServerTeller(air)
    yield made
    made.stop()


def test_another_server_knows_of_runs_edits_and_files(
    air: Air, feed: Feed, teller: ServerTeller
) -> None:
    teller.runs_written([RunNews(DagSpec(dag_id="etl"), RUN, ())])
    assert air.next().dag_ids == ["etl"]
    teller.dags_edited({"sales", "stock"})
    teller.files_read()
    while feed.told[-1] != "files":
        air.next()
    assert feed.told[0] == ["etl"]
    assert "missed" not in feed.told


def test_what_is_missed_is_known_when_all_is_quiet(
    air: Air, feed: Feed, teller: ServerTeller
) -> None:
    teller.dags_edited({"etl"})
    air.next()
    air.losses = 1
    teller.dags_edited({"sales"})
    lost = air.next()
    while air.next().is_news:
        pass
    assert lost.dag_ids == ["sales"]
    assert feed.told == [["etl"], "missed"]


def test_what_the_store_did_not_take_is_known_to_be_missing(
    air: Air, feed: Feed, teller: ServerTeller
) -> None:
    air.faults = 1
    teller.dags_edited({"etl"})
    assert air.next().is_news
    assert not air.next().is_news
    assert feed.told == ["missed"]


def test_nothing_is_said_while_nothing_happens(air: Air, feed: Feed, teller: ServerTeller) -> None:
    teller.runs_written([])
    teller.dags_edited(())
    teller.dags_edited({"etl"})
    while air.next().is_news:
        pass
    # The last number was said again, once; only something new is said after that.
    teller.dags_edited({"sales"})
    assert air.next().dag_ids == ["sales"]
    assert feed.told == [["etl"], ["sales"]]


def test_more_than_fits_is_to_be_read_again(air: Air, feed: Feed, teller: ServerTeller) -> None:
    many = {f"a-dag-with-quite-a-name-{number}" for number in range(1000)}
    teller.dags_edited(many)
    told = air.next()
    assert told.is_too_much
    assert len(msgspec.json.encode(told)) < LONGEST_TOLD_BYTES
    assert feed.told == ["missed"]
    teller.dags_edited({"etl"})
    while not air.next().is_news:
        pass
    assert feed.told == ["missed", ["etl"]]


def test_what_was_told_before_somebody_heard_was_missed(air: Air, teller: ServerTeller) -> None:
    teller.dags_edited({"etl"})
    air.next()
    late = Feed()
    listener = ServerListener(air, late)
    listener.start()
    teller.dags_edited({"sales"})
    while not air.next().is_news:
        pass
    assert late.told[0] == "missed"
    listener.stop()


def test_a_server_does_not_hear_itself(air: Air, teller: ServerTeller) -> None:
    own = Feed()
    listener = ServerListener(air, own, teller.name)
    listener.start()
    teller.dags_edited({"etl"})
    air.next()
    assert own.told == []
    listener.stop()


@pytest.mark.parametrize("text", [None, "", "[1]", '{"server": 1}'])
def test_what_cannot_be_understood_was_missed(air: Air, text: str | None) -> None:
    odd = Feed()
    ServerListener(air, odd).hear(text)
    assert odd.told == ["missed"]


def test_what_there_still_is_is_told_at_the_end(air: Air, feed: Feed) -> None:
    teller = ServerTeller(air)
    for _ in range(3):
        teller.dags_edited({"etl"})
    teller.dags_edited({"last"})
    teller.stop()
    assert "last" in [name for told in feed.told for name in told]  # type: ignore[attr-defined]
