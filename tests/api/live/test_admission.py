"""Streams end when those who follow them may do so no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from slipstream.api.errors import NotAllowedError, NotAuthenticatedError
from slipstream.api.live.admission import MOST_SECONDS, Admission
from slipstream.api.live.events import View
from slipstream.api.live.feed import LiveFeed
from slipstream.api.ui.stream import _events


class Gate:
    """Admits until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 0.0
        self.asked = 0
        self.dag_ids: frozenset[str] | None = None
        self.error: Exception | None = None

    def __call__(self) -> frozenset[str] | None:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self.dag_ids

    def admission(self, *, is_near: bool = True) -> Admission:
        return Admission(self, dag_ids=None, is_near=is_near, clock=lambda: self.now)


@pytest.mark.parametrize("error", [NotAuthenticatedError("revoked"), NotAllowedError("role")])
@pytest.mark.parametrize("is_near", [True, False])
def test_nothing_is_told_to_who_was_shut_out(error: Exception, is_near: bool) -> None:
    async def follow() -> list[bytes]:
        gate, live = Gate(), LiveFeed()
        events = _events(live, View(), None, gate.admission(is_near=is_near))
        told = [await anext(events)]
        live.dags_edited(["sales"])
        told.append(await anext(events))
        gate.now, gate.error = MOST_SECONDS, error
        live.dags_edited(["sales"])
        told += [event async for event in events]
        return told

    told = asyncio.run(follow())
    assert len(told) == 2
    assert b"sales" in told[1]


def test_a_dag_that_is_hidden_by_now_is_told_of_no_more() -> None:
    async def follow() -> bytes:
        gate, live = Gate(), LiveFeed()
        events: AsyncIterator[bytes] = _events(live, View(), None, gate.admission())
        await anext(events)
        gate.now, gate.dag_ids = MOST_SECONDS, frozenset({"stock"})
        live.dags_edited(["sales", "stock"])
        return await anext(events)

    told = asyncio.run(follow())
    assert b"stock" in told
    assert b"sales" not in told


def test_the_gate_is_not_asked_for_every_event() -> None:
    gate = Gate()
    admission = gate.admission()

    async def look() -> None:
        for _ in range(100):
            assert await admission.goes_on()

    asyncio.run(look())
    assert gate.asked == 0
    gate.now = MOST_SECONDS
    asyncio.run(look())
    assert gate.asked == 1
