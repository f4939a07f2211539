"""Logs of tries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from fastapi import Header, Path
from starlette.responses import Response, StreamingResponse

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.kept_logs import kept_log
from slipstream.api.log_reading import (
    as_text,
    every_line,
    message,
    offset_of,
    read_page,
    token_for,
)
from slipstream.api.negotiation import JSON, NDJSON, TEXT, preferred
from slipstream.api.operation import Routes
from slipstream.api.payloads.logs import ExternalLogUrlResponse, TaskInstancesLogResponse
from slipstream.api.public.task_instances import INSTANCES
from slipstream.api.remote_logs import lines_from_elsewhere
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import LIVE, TaskState
from slipstream.runtime.log_files import log_path

routes = Routes("Task Instance")

GOES_ON: Final = LIVE | {
    TaskState.DEFERRED,
    TaskState.UP_FOR_RESCHEDULE,
    TaskState.AWAITING_INPUT,
}
"""States in which the latest try may still write to its log."""
_MOST_BYTES: Final = 64 * 1024 * 1024
"""What one JSON answer carries at most, even if the full content is asked for."""


@routes.add(
    "GET",
    INSTANCES + "/{task_id}/logs/{try_number}",
    permission=reading(Resource.TASK_LOG),
    answer=TaskInstancesLogResponse,
    slow=True,
    content_types=(NDJSON, TEXT),
)
def get_log(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: Annotated[int, Path(ge=0)],
    full_content: bool = False,
    map_index: int = UNMAPPED,
    token: str | None = None,
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """The log of a try: JSON with a continuation token, or all of it as lines of JSON or text."""
    key = TaskKey(task_id, map_index)
    found = call.store.get_instance(dag_id, dag_run_id, key)
    instance = found.instance
    require_try(instance, try_number)
    goes_on = instance.try_number == try_number and instance.state in GOES_ON
    name = log_path(dag_id, dag_run_id, task_id, map_index, try_number)
    path = kept_log(call.settings.log_dir, name)
    offset = offset_of(token)
    elsewhere = lines_from_elsewhere(call, found.run, instance, try_number, path)
    if elsewhere is not None:
        return _whole_answer(elsewhere, preferred(accept))
    nothing = [] if goes_on or path.exists() else [no_log(instance)]
    kind = preferred(accept)
    if kind != JSON:
        lines = iter(nothing) if nothing else every_line(path, offset)
        text = (line + b"\n" for line in lines) if kind == NDJSON else _texts(lines)
        return StreamingResponse(text, media_type=kind)
    page = read_page(path, offset, _MOST_BYTES if full_content else call.settings.log_page_bytes)
    more = goes_on or not page.reached_end
    return _json_answer(nothing or page.lines, token_for(page.end) if more else None)


@routes.add(
    "GET",
    INSTANCES + "/{task_id}/externalLogUrl/{try_number}",
    permission=reading(Resource.TASK_LOG),
    answer=ExternalLogUrlResponse,
)
def get_external_log_url(
    _: Call,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: int,
    map_index: int = UNMAPPED,
) -> ExternalLogUrlResponse:
    """Where else the log can be read: nowhere, for logs are kept by this server."""
    raise InvalidInputError(
        f"The log of try {try_number} of {dag_id}.{task_id} ({map_index}) in {dag_run_id} is kept "
        "here: Task log handler does not support external logs."
    )


def _whole_answer(lines: list[bytes], kind: str) -> Response:
    if kind == JSON:
        return _json_answer(lines, None)
    text = (line + b"\n" for line in lines) if kind == NDJSON else _texts(iter(lines))
    return StreamingResponse(text, media_type=kind)


def require_try(instance: TaskInstance, try_number: int) -> None:
    if not 1 <= try_number <= max(1, instance.try_number):
        raise NotFoundError(
            f"There is no try {try_number} of the task {instance.task_id!r}: it was tried "
            f"{instance.try_number} times."
        )


def no_log(instance: TaskInstance) -> bytes:
    why = f" {instance.reason}" if instance.reason else ""
    return message(
        f"There is no log of this try. The task instance is in state {instance.state.value}.{why}",
        "warning",
    )


def _texts(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield as_text(line).encode() + b"\n"


def _json_answer(lines: list[bytes], token: str | None) -> Response:
    """The lines are JSON already: they are put together, not read and written again."""
    ending = b"null" if token is None else b'"' + token.encode() + b'"'
    content = b'{"content":[' + b",".join(lines) + b'],"continuation_token":' + ending + b"}"
    return Response(content, media_type=JSON)
