"""How many slots of a pool were taken, over the last hours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Instant, Payload
from slipstream.model.errors import NotFoundError
from slipstream.store.records import PoolSpan

routes = Routes("UI", prefix="/ui")

_POINTS: Final = 120


class PoolUseResponse(Payload, frozen=True, kw_only=True):
    """The most slots that were taken at once, in stretches of equal length."""

    slots: int
    """How many there are now; negative: without limit."""
    times: Sequence[Instant]
    """When each stretch begins."""
    most: Sequence[int]


@routes.add(
    "GET",
    "/pools/{pool_name:path}/use",
    permission=reading(Resource.POOL),
    answer=PoolUseResponse,
)
def get_pool_use(
    call: Call, pool_name: str, hours: Annotated[int, QueryParameter(ge=1, le=24 * 31)] = 24
) -> PoolUseResponse:
    """What task instances that began in these hours have taken, each in its latest try."""
    pool = call.store.get_pool(pool_name)
    if pool is None:
        raise NotFoundError(f"The Pool with name: {pool_name!r} was not found")
    now = call.now()
    since = now - timedelta(hours=hours)
    step = (now - since) / _POINTS
    return PoolUseResponse(
        slots=pool.slots,
        times=[since + index * step for index in range(_POINTS)],
        most=most_taken(call.store.pool_spans(pool_name, since), since, now, _POINTS),
    )


def most_taken(
    spans: Iterable[PoolSpan], since: datetime, until: datetime, count: int
) -> list[int]:
    """The most slots that were taken at once in each of `count` stretches from `since` on."""
    step = (until - since) / count
    changes: list[tuple[datetime, int]] = []
    for span in spans:
        changes.append((span.start, span.slots))
        if span.end is not None:
            changes.append((span.end, -span.slots))
    # What ends makes room for what begins at the same moment.
    changes.sort()
    most = [0] * count
    taken = last = 0
    for moment, slots in changes:
        at = min(count - 1, max(0, (moment - since) // step))
        for index in range(last + 1, at + 1):
            most[index] = taken
        last = max(last, at)
        taken += slots
        most[last] = max(most[last], taken)
    for index in range(last + 1, count):
        most[index] = taken
    return most
