"""The live stream: changes as they are committed, as server-sent events.

`GET /ui/stream` answers with `text/event-stream` (WHATWG HTML, section 9.2). A browser that loses
the connection comes back with the id of the last event, and gets what it has missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Final

from fastapi import Header
from starlette.responses import StreamingResponse

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError
from slipstream.api.live.admission import Admission, admission_of
from slipstream.api.live.events import View, lines_of
from slipstream.api.live.feed import Follower, LiveFeed
from slipstream.api.operation import Routes

routes = Routes("UI", prefix="/ui")

_PAUSE_SECONDS: Final = 0.05
"""Changes that come one upon the other are told together, this often at most."""
_KEEP_ALIVE_SECONDS: Final = 15.0
"""After so long without news a comment is sent, so that nobody on the way closes the connection."""


@routes.add(
    "GET",
    "/stream",
    permission=reading(Resource.DAG_RUN),
    slow=False,
    content_types=("text/event-stream",),
)
def follow_changes(
    call: Call,
    dag_id: str | None = None,
    run_id: str | None = None,
    after: str | None = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Events of all DAGs, of one, or of one run: `run`, `dags`, `files`, `reset` after a gap.

    They are those behind `after`, the id of an event or a session's `live_position`; of a browser
    that comes back, those behind the last that it has had.
    """
    if dag_id is not None and call.dag_ids is not None and dag_id not in call.dag_ids:
        raise NotAllowedError(f"Forbidden: your roles do not allow this for the DAG {dag_id!r}.")
    view = View(dag_id=dag_id, run_id=run_id, dag_ids=call.dag_ids)
    return StreamingResponse(
        _events(call.deployment.live, view, last_event_id or after, admission_of(call)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    live: LiveFeed, view: View, after: str | None, admission: Admission
) -> AsyncIterator[bytes]:
    follower = live.follow(after)
    try:
        yield b"retry: 1000\nid: %s\n\n" % follower.event_id.encode()
        while not follower.is_closed:
            await follower.wait(_KEEP_ALIVE_SECONDS)
            if not await admission.goes_on():
                return
            if admission.dag_ids != view.dag_ids:
                view = replace(view, dag_ids=admission.dag_ids)
            told = _news(live, follower, view)
            if told is None:
                yield b": still here\n\n"
            elif told:
                yield told
            await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        follower.close()


def _news(live: LiveFeed, follower: Follower, view: View) -> bytes | None:
    """What is new in that view, the same bytes for all who stand at the same place; None where
    nothing has happened at all."""
    after = follower.seen
    entries = follower.take()
    if entries is not None and not entries:
        return None
    event_id = follower.event_id
    key = (after, event_id, view)
    return live.once(key, lambda: b"".join(lines_of(entries, view, event_id)))
