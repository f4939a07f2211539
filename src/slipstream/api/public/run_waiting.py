"""Waiting for the end of a run: a stream of its states."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Final

from fastapi import Query as QueryParameter
from starlette.responses import StreamingResponse

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.errors import NotAllowedError
from slipstream.api.live.admission import Admission, admission_of
from slipstream.api.operation import Routes
from slipstream.api.shown_values import shown_value
from slipstream.model.errors import NotFoundError
from slipstream.model.json import JsonValue
from slipstream.model.run import DagRun
from slipstream.model.states import RUN_FINISHED

routes = Routes("DagRun")

_RESULT: Final = "return_value"
_PAUSE_SECONDS: Final = 0.05
_LONGEST_SECONDS: Final = 60.0
"""After so long at the latest it is looked again whether who waits may still do so."""


@routes.add(
    "GET",
    "/dags/{dag_id}/dagRuns/{dag_run_id}/wait",
    permission=reading(Resource.DAG_RUN),
    slow=False,
    content_types=("application/x-ndjson",),
)
def wait_dag_run_until_finished(
    call: Call,
    dag_id: str,
    dag_run_id: str,
    interval: Annotated[float, QueryParameter(gt=0.0)],
    result: Annotated[list[str] | None, QueryParameter()] = None,
) -> StreamingResponse:
    """A line of JSON with the run's state now, after every change, and after `interval` seconds at
    the latest, until it has ended; the last one with what the tasks in `result` returned. Where
    none is named, those that the DAG's author has marked (`@result`)."""
    if not call.user.may(reading(Resource.XCOM)):
        if result:
            raise NotAllowedError("User is not authorized to read XCom data for this Dag")
        result = []
    call.store.get_run(dag_id, dag_run_id)
    return StreamingResponse(
        _states(call, dag_id, dag_run_id, interval, result, admission_of(call)),
        media_type="application/x-ndjson",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _states(
    call: Call,
    dag_id: str,
    run_id: str,
    interval: float,
    results: Sequence[str] | None,
    admission: Admission,
) -> AsyncIterator[bytes]:
    follower = call.deployment.live.follow()
    loop = asyncio.get_running_loop()
    try:
        while True:
            line, is_over = await asyncio.to_thread(_line, call, dag_id, run_id, results)
            yield line
            if is_over or follower.is_closed:
                return
            until = loop.time() + interval
            while (left := until - loop.time()) > 0:
                await follower.wait(min(left, _LONGEST_SECONDS))
                if not await admission.goes_on():
                    return
                entries = follower.take()
                if entries is None or any(
                    dag_id in entry.dag_ids
                    or any(
                        (news.run.dag_id, news.run.run_id) == (dag_id, run_id)
                        for news in entry.runs
                    )
                    for entry in entries
                ):
                    break
                await asyncio.sleep(min(_PAUSE_SECONDS, max(0.0, left)))
    finally:
        follower.close()


def _line(
    call: Call, dag_id: str, run_id: str, results: Sequence[str] | None
) -> tuple[bytes, bool]:
    try:
        run = call.store.get_run(dag_id, run_id)
    except NotFoundError:
        return b"", True
    told: dict[str, JsonValue] = {"state": run.state.value}
    is_over = run.state in RUN_FINISHED
    if is_over and (found := _results(call, run, results)):
        told["results"] = found
    return json.dumps(told).encode() + b"\n", is_over


def _results(call: Call, run: DagRun, asked: Sequence[str] | None) -> dict[str, JsonValue]:
    """`{task_id: what it returned}` of these tasks; None for those that are the DAG's result."""
    if asked is not None:
        return {task_id: _result(call, run, task_id) for task_id in asked}
    tasks = call.store.get_version(run.version_id).spec.tasks.values()
    marked = [task.task_id for task in tasks if task.details.get("returns_dag_result")]
    found = {task_id: _result(call, run, task_id) for task_id in marked}
    return {task_id: value for task_id, value in found.items() if value is not None}


def _result(call: Call, run: DagRun, task_id: str) -> JsonValue:
    """What the task returned; of a mapped one a list."""
    found = call.store.get_xcoms(dag_id=run.dag_id, run_id=run.run_id, task_id=task_id, key=_RESULT)
    values = [shown_value(record.value) for record in found]
    is_mapped = any(record.map_index >= 0 for record in found)
    if is_mapped:
        return values
    return values[0] if values else None
