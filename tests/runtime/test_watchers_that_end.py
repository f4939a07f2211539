"""Watchers whose `run` comes to its end, as that of a trigger for tasks does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from slipstream.model.deferral import Broken, Fired, TriggerEnd
from slipstream.runtime import trigger_task
from slipstream.runtime.trigger_modules import TriggerModules
from slipstream.runtime.trigger_streams import SharedStreams
from slipstream.runtime.trigger_task import TriggerTask
from slipstream.sdk._triggers import BaseEventTrigger, TriggerEvent
from slipstream.wire.messages import TriggerOrder
from slipstream.wire.values import decode_value

told: list[str] = []
"""What the letter boxes were made for and did."""


class Letter(BaseEventTrigger):
    """Sees one letter after another, `events` of them, and ends."""

    def __init__(self, events: int) -> None:
        super().__init__()
        self.events = events
        told.append("made")

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{__name__}.Letter", {"events": self.events}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        for number in range(self.events):
            yield TriggerEvent(number)

    async def cleanup(self) -> None:
        told.append("tidied up")


class NoModules(TriggerModules):
    """The class is there already."""

    def __init__(self) -> None: ...

    async def load(self, order: TriggerOrder) -> None:
        del order


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told.clear()
    monkeypatch.setattr(trigger_task, "_AGAIN_SECONDS", 0.0)


def ends_of_watching(events: int, most: int) -> list[TriggerEnd]:
    """What a watcher tells until so many ends are told."""
    order = TriggerOrder(
        attempt_id="a",
        number=1,
        classpath=f"{__name__}.Letter",
        kwargs=f'{{"events": {events}}}',
        dag_id="d",
        run_id="r",
        task_id="t",
        map_index=-1,
        try_number=1,
        fileloc="f",
        dags_folder="f",
        watches=True,
    )
    ends: list[TriggerEnd] = []

    async def play() -> None:
        enough = asyncio.Event()

        def done(one: TriggerTask, end: TriggerEnd) -> None:
            ends.append(end)
            if len(ends) == most:
                enough.set()
            else:
                asyncio.get_running_loop().call_soon(one.keep)

        one = TriggerTask(
            order, NoModules(), 5.0, SharedStreams(), done=done, gone=lambda gone: None
        )
        one.task = asyncio.get_running_loop().create_task(one.live())
        async with asyncio.timeout(30):
            await enough.wait()
        one.drop()
        one.task.cancel()
        await asyncio.gather(one.task, return_exceptions=True)

    asyncio.run(play())
    return ends


def test_one_that_ends_after_its_events_begins_anew() -> None:
    ends = ends_of_watching(events=2, most=5)
    assert [decode_value(end.payload) for end in ends if isinstance(end, Fired)] == [0, 1, 0, 1, 0]
    assert told == ["made", "tidied up", "made", "tidied up", "made", "tidied up"]


def test_one_that_ends_without_an_event_has_failed() -> None:
    (end,) = ends_of_watching(events=0, most=1)
    assert isinstance(end, Broken)
    assert "ended without an event; run() must yield a TriggerEvent" in end.error
