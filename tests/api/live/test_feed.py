"""The live feed: who follows gets everything once and in order, and comes back without a gap."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from slipstream.api.live.admission import Admission
from slipstream.api.live.events import View, lines_of
from slipstream.api.live.feed import Entry, Follower, LiveFeed
from slipstream.api.ui import stream
from slipstream.model.changes import InstanceChanged, MapExpanded, RowChange, RunChanged
from slipstream.model.dag import DagSpec
from slipstream.model.news import RunNews
from slipstream.model.run import DagRun, TaskInstance
from slipstream.model.states import RunState, RunType, TaskState

DAG = DagSpec(dag_id="etl")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUN = DagRun(
    pk=1,
    dag_id="etl",
    run_id="first",
    run_type=RunType.MANUAL,
    state=RunState.RUNNING,
    version_id="v",
    run_after=NOON,
)


def changed(task_id: str, state: TaskState, map_index: int = -1) -> InstanceChanged:
    return InstanceChanged(
        TaskInstance(run_pk=1, task_id=task_id, map_index=map_index, state=state)
    )


def news(*changes: RowChange, run: DagRun = RUN) -> list[RunNews]:
    return [RunNews(DAG, run, changes)]


def numbers(entries: Sequence[Entry] | None) -> list[int]:
    assert entries is not None
    return [entry.number for entry in entries]


def events(entries: Sequence[Entry] | None, view: View | None = None) -> list[tuple[str, object]]:
    """`(event, data)` of what would be sent."""
    found = []
    for block in lines_of(entries, view or View(), "id"):
        parts = dict(line.split(": ", 1) for line in block.decode().strip().split("\n"))
        found.append((parts["event"], json.loads(parts["data"])))
    return found


def following(feed: LiveFeed, after: str | None = None) -> Follower:
    async def follow() -> Follower:
        return feed.follow(after)

    return asyncio.run(follow())


def test_a_follower_gets_what_happens_from_now_on() -> None:
    feed = LiveFeed()
    feed.runs_written(news(changed("a", TaskState.QUEUED)))
    follower = following(feed)
    feed.runs_written(news(changed("a", TaskState.RUNNING)))
    assert numbers(follower.take()) == [2]
    assert follower.take() == ()


def test_who_comes_back_goes_on_where_it_was() -> None:
    feed = LiveFeed()
    follower = following(feed)
    feed.dags_edited({"etl"})
    follower.take()
    last = follower.event_id
    follower.close()
    feed.dags_edited({"etl"})
    feed.dags_edited({"etl"})
    assert numbers(following(feed, last).take()) == [2, 3]


def test_who_was_away_for_too_long_is_told_to_read_everything() -> None:
    feed = LiveFeed()
    follower = following(feed)
    many = [changed("t", TaskState.RUNNING, index) for index in range(15_000)]
    for _ in range(3):
        feed.runs_written(news(*many))
    assert follower.take() is None
    assert events(None) == [("reset", {})]
    assert follower.take() == ()


def test_who_may_have_missed_something_reads_everything() -> None:
    feed = LiveFeed()
    feed.dags_edited({"etl"})
    early = following(feed)
    feed.missed()
    late = following(feed)
    assert (early.take(), late.take()) == (None, ())
    feed.dags_edited({"etl"})
    assert numbers(early.take()) == numbers(late.take()) == [3]


def test_an_id_of_another_server_means_nothing_here() -> None:
    feed = LiveFeed()
    feed.dags_edited({"etl"})
    for foreign in ("18ea-1", "nonsense", f"{feed.epoch}-7", f"{feed.epoch}-x"):
        assert following(feed, foreign).take() is None, foreign


def test_a_follower_is_woken_from_another_thread() -> None:
    feed = LiveFeed()

    async def follow() -> list[int]:
        follower = feed.follow()
        thread = threading.Thread(target=feed.dags_edited, args=({"etl"},))
        thread.start()
        async with asyncio.timeout(10):
            await follower.wait(60)
        thread.join()
        return numbers(follower.take())

    assert asyncio.run(follow()) == [1]


def test_closing_lets_followers_go() -> None:
    feed = LiveFeed()

    async def follow() -> bool:
        follower = feed.follow()
        feed.close()
        async with asyncio.timeout(10):
            await follower.wait(60)
        return follower.is_closed and feed.follow().is_closed

    assert asyncio.run(follow())


def test_all_that_became_of_a_run_is_one_event() -> None:
    feed = LiveFeed()
    follower = following(feed)
    feed.runs_written(news(changed("a", TaskState.QUEUED)))
    feed.runs_written(news(changed("a", TaskState.RUNNING), changed("b", TaskState.QUEUED)))
    ended = replace(RUN, state=RunState.SUCCESS)
    feed.runs_written(news(changed("a", TaskState.SUCCESS), RunChanged(ended), run=ended))
    [(kind, data)] = events(follower.take())
    assert kind == "run"
    assert isinstance(data, dict)
    assert data["state"] == "success"
    assert data["task_ids"] == ["a", "b"]
    assert [(one["task_id"], one["state"]) for one in data["instances"]] == [
        ("a", "success"),
        ("b", "queued"),
    ]


def test_of_many_instances_only_the_tasks_are_told() -> None:
    feed = LiveFeed()
    follower = following(feed)
    feed.runs_written(news(*(changed("t", TaskState.RUNNING, index) for index in range(500))))
    [(_, data)] = events(follower.take())
    assert isinstance(data, dict)
    assert (data["task_ids"], data["instances"]) == (["t"], None)


def test_a_map_that_was_expanded_has_to_be_asked_for() -> None:
    feed = LiveFeed()
    follower = following(feed)
    feed.runs_written(news(MapExpanded("t", 3, 0)))
    [(_, data)] = events(follower.take())
    assert isinstance(data, dict)
    assert (data["task_ids"], data["instances"]) == (["t"], None)


def test_a_view_shows_its_own_dag_alone() -> None:
    feed = LiveFeed()
    follower = following(feed)
    feed.runs_written(news(changed("a", TaskState.QUEUED)))
    feed.dags_edited({"etl", "other"})
    entries = follower.take()
    assert events(entries, View(dag_id="other")) == [("dags", {"dag_ids": ["other"]})]
    assert events(entries, View(dag_id="etl", run_id="second")) == [("dags", {"dag_ids": ["etl"]})]


def test_files_that_were_read_are_told_of() -> None:
    feed = LiveFeed()
    follower = following(feed)
    feed.files_read()
    assert events(follower.take()) == [("files", {})]


def test_what_is_new_is_encoded_once_for_all_who_look_at_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoded: list[View] = []

    def counted(entries: Sequence[Entry] | None, view: View, event_id: str) -> Iterator[bytes]:
        encoded.append(view)
        return lines_of(entries, view, event_id)

    monkeypatch.setattr(stream, "lines_of", counted)
    views = [View(), View(dag_ids=frozenset({"etl"})), View(dag_id="stock")]

    async def follow() -> list[bytes]:
        feed = LiveFeed()
        everybody = [
            stream._events(
                feed, view, None, Admission(lambda: None, dag_ids=view.dag_ids, is_near=True)
            )
            for view in views
            for _ in range(20)
        ]
        for one in everybody:
            await anext(one)
        feed.dags_edited(["etl", "stock"])
        told = [await anext(one) for one in everybody]
        feed.dags_edited(["stock"])
        return [*told, await anext(everybody[0])]

    told = asyncio.run(follow())
    assert len(encoded) == len(views) + 1
    assert [len(set(told[index : index + 20])) for index in (0, 20, 40)] == [1, 1, 1]
    assert json.loads(told[0].split(b"data: ")[1])["dag_ids"] == ["etl", "stock"]
    assert json.loads(told[20].split(b"data: ")[1])["dag_ids"] == ["etl"]
    assert json.loads(told[40].split(b"data: ")[1])["dag_ids"] == ["stock"]
    assert json.loads(told[60].split(b"data: ")[1])["dag_ids"] == ["stock"]
