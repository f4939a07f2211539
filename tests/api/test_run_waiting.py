"""Waiting for a run: for how long, and for whom."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.api.making import a_run, recorded

from slipstream.api.auth.user import ANYBODY
from slipstream.api.call import Call, Deployment
from slipstream.api.errors import NotAuthenticatedError
from slipstream.api.live.admission import MOST_SECONDS, Admission
from slipstream.api.live.feed import LiveFeed
from slipstream.api.public.run_waiting import _states
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store


class Door:
    """Open until it is shut; its clock goes on by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.is_shut = False

    def __call__(self) -> frozenset[str] | None:
        if self.is_shut:
            raise NotAuthenticatedError("revoked")
        return None

    def admission(self) -> Admission:
        return Admission(self, dag_ids=None, is_near=True, clock=lambda: self.now)


@pytest.mark.parametrize("interval", [5.0, 1e30, float("inf")])
def test_who_waits_is_told_of_changes_however_long_the_interval(
    store: Store, settings: ApiSettings, interval: float
) -> None:
    a_run(store, recorded(store))
    live = LiveFeed()
    call = Call(Deployment(store=store, settings=settings, live=live), None, ANYBODY)

    async def wait() -> list[bytes]:
        states = _states(call, "etl", "first", interval, [], Door().admission())
        told = [await anext(states)]
        live.dags_edited(["etl"])
        told.append(await asyncio.wait_for(anext(states), 30))
        await states.aclose()
        return told

    assert [json.loads(line) for line in asyncio.run(wait())] == [{"state": "queued"}] * 2


def test_who_was_shut_out_waits_no_longer(store: Store, settings: ApiSettings) -> None:
    a_run(store, recorded(store))
    live = LiveFeed()
    call = Call(Deployment(store=store, settings=settings, live=live), None, ANYBODY)

    async def wait() -> list[bytes]:
        door = Door()
        states = _states(call, "etl", "first", 3600.0, [], door.admission())
        told = [await anext(states)]
        door.now, door.is_shut = MOST_SECONDS, True
        live.dags_edited(["etl"])
        told += [line async for line in states]
        return told

    assert len(asyncio.run(asyncio.wait_for(wait(), 30))) == 1
