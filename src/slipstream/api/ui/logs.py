"""Logs as the web app reads them: a piece from anywhere, what comes to it as it comes, and hits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import msgspec
from fastapi import Header
from fastapi import Query as QueryParameter
from starlette.responses import StreamingResponse

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.kept_logs import NO_FILE, kept_log
from slipstream.api.live.admission import Admission, admission_of
from slipstream.api.live.events import View
from slipstream.api.live.feed import LiveFeed
from slipstream.api.log_pieces import (
    LogPiece,
    offset_of_line,
    piece_before,
    piece_from,
    size_of,
)
from slipstream.api.log_reading import LARGEST_PLACE, as_text, every_line, read_page
from slipstream.api.log_search import Wanted, hits_in_file, hits_in_lines
from slipstream.api.operation import Routes
from slipstream.api.payloads.base import Payload
from slipstream.api.public.logs import GOES_ON, no_log, require_try
from slipstream.api.remote_logs import lines_from_elsewhere
from slipstream.model.errors import InvalidInputError
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.runtime.log_files import log_path

routes = Routes("UI", prefix="/ui")

_TRY: Final = "/dags/{dag_id}/runs/{dag_run_id}/tasks/{task_id}/logs/{try_number}"
_PIECE_BYTES: Final = 1024 * 1024
_MOST_PIECE_BYTES: Final = 8 * 1024 * 1024
_MOST_HITS: Final = 2000
_STEP_MILLISECONDS: Final = 20
_LONGEST_BURST_MILLISECONDS: Final = 100
_KEEP_ALIVE_SECONDS: Final = 15.0


Level: TypeAlias = Literal["debug", "info", "warning", "error", "critical"]

_Line = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]
"""A line is a JSON object already: it is put into the answer as it is."""


class LogPieceResponse(Payload, frozen=True, kw_only=True):
    """Whole lines of a log."""

    lines: Sequence[_Line]
    begin: int
    """Bytes; where the first line begins."""
    end: int
    """Where the next line will begin."""
    first_line: int
    """The number of the first line, from 1 on."""
    size: int
    """Bytes of the whole log."""
    goes_on: bool
    """Whether the try may still write."""


class LogHit(Payload, frozen=True, kw_only=True):
    """A line with what was looked for."""

    offset: int
    line: int


class LogHitsResponse(Payload, frozen=True, kw_only=True):
    """The lines with what was looked for, from the first one on."""

    hits: Sequence[LogHit]
    are_all: bool
    """False where there are more than are told of."""
    next_line: int
    """The first line that was not looked at: where to look on."""


class _Log(NamedTuple):
    """The log of one try, and whose it is."""

    path: Path
    run: DagRun
    instance: TaskInstance
    goes_on: bool


def _log(call: Call, dag_id: str, run_id: str, key: TaskKey, try_number: int) -> _Log:
    found = call.store.get_instance(dag_id, run_id, key)
    instance = found.instance
    require_try(instance, try_number)
    name = log_path(dag_id, run_id, key.task_id, key.map_index, try_number)
    goes_on = instance.try_number == try_number and instance.state in GOES_ON
    return _Log(kept_log(call.settings.log_dir, name), found.run, instance, goes_on)


@routes.add(
    "GET",
    _TRY + "/piece",
    permission=reading(Resource.TASK_LOG),
    answer=LogPieceResponse,
    slow=True,
)
def get_log_piece(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: int,
    map_index: int = UNMAPPED,
    offset: Annotated[int | None, QueryParameter(ge=0, le=LARGEST_PLACE)] = None,
    before: Annotated[int | None, QueryParameter(ge=0, le=LARGEST_PLACE)] = None,
    line: Annotated[int | None, QueryParameter(ge=1, le=LARGEST_PLACE)] = None,
    most_bytes: Annotated[int, QueryParameter(ge=1, le=_MOST_PIECE_BYTES)] = _PIECE_BYTES,
) -> LogPieceResponse:
    """The lines from a byte or a line on, or those before a byte; without any, the last ones."""
    key = TaskKey(task_id, map_index)
    path, run, instance, goes_on = _log(call, dag_id, dag_run_id, key, try_number)
    elsewhere = lines_from_elsewhere(call, run, instance, try_number, path)
    if elsewhere is not None or not (goes_on or path.exists()):
        lines = [no_log(instance)] if elsewhere is None else elsewhere
        size = sum(len(one) + 1 for one in lines)
        return _piece_answer(LogPiece(lines, 0, size, 1, size), goes_on=False)
    if line is not None:
        offset = offset_of_line(path, line)
    if offset is not None:
        piece = piece_from(path, offset, most_bytes)
    else:
        piece = piece_before(path, size_of(path) if before is None else before, most_bytes)
    return _piece_answer(piece, goes_on=goes_on)


@routes.add(
    "GET",
    _TRY + "/hits",
    permission=reading(Resource.TASK_LOG),
    answer=LogHitsResponse,
    slow=True,
)
def get_log_hits(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: int,
    text: Annotated[str, QueryParameter(max_length=1000)] = "",
    level: Level | None = None,
    from_line: Annotated[int, QueryParameter(ge=1, le=LARGEST_PLACE)] = 1,
    most: Annotated[int, QueryParameter(ge=1, le=_MOST_HITS)] = _MOST_HITS,
    map_index: int = UNMAPPED,
) -> LogHitsResponse:
    """Where in the log a text stands, whatever its case, or lines of that level or a worse one.

    They are told from a line on, so that further hits and what has come since can be asked for.
    """
    if not text and level is None:
        raise InvalidInputError("Say what to look for: a text, a level, or both.")
    key = TaskKey(task_id, map_index)
    path, run, instance, _ = _log(call, dag_id, dag_run_id, key, try_number)
    wanted = Wanted(text=text, level=level)
    elsewhere = lines_from_elsewhere(call, run, instance, try_number, path)
    if elsewhere is None:
        found = hits_in_file(path, wanted, most, from_line)
    else:
        found = hits_in_lines(elsewhere, wanted, most, from_line)
    return LogHitsResponse(
        hits=[LogHit(offset=hit.offset, line=hit.line) for hit in found.hits],
        are_all=found.are_all,
        next_line=found.next_line,
    )


@routes.add(
    "GET",
    _TRY + "/file",
    permission=reading(Resource.TASK_LOG),
    slow=True,
    content_types=("text/plain",),
)
def get_log_file(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: int,
    map_index: int = UNMAPPED,
) -> StreamingResponse:
    """The whole log as text, however long it is."""
    key = TaskKey(task_id, map_index)
    path, run, instance, _ = _log(call, dag_id, dag_run_id, key, try_number)
    elsewhere = lines_from_elsewhere(call, run, instance, try_number, path)
    lines = every_line(path) if elsewhere is None else iter(elsewhere)
    return StreamingResponse(
        (as_text(line).encode() + b"\n" for line in lines), media_type="text/plain; charset=utf-8"
    )


@routes.add(
    "GET",
    _TRY + "/stream",
    permission=reading(Resource.TASK_LOG),
    slow=True,
    content_types=("text/event-stream",),
)
def follow_log(
    call: Call,
    *,
    dag_id: str,
    dag_run_id: str,
    task_id: str,
    try_number: int,
    map_index: int = UNMAPPED,
    offset: Annotated[int, QueryParameter(ge=0, le=LARGEST_PLACE)] = 0,
    last_event_id: Annotated[int | None, Header(ge=0, le=LARGEST_PLACE)] = None,
) -> StreamingResponse:
    """What is written to the log behind that byte, as it is written: events `lines`, then `end`.

    A browser that comes back goes on behind what it has had.
    """
    key = TaskKey(task_id, map_index)
    _log(call, dag_id, dag_run_id, key, try_number)
    name = log_path(dag_id, dag_run_id, task_id, map_index, try_number)
    # Looked for before each read: a task may put a link there in the meantime.
    kept = partial(kept_log, call.settings.log_dir, name)

    def goes_on() -> bool:
        return _log(call, dag_id, dag_run_id, key, try_number).goes_on

    view = View(dag_id=dag_id, run_id=dag_run_id)
    begin = offset if last_event_id is None else last_event_id
    return StreamingResponse(
        _growth(call.deployment.live, view, kept, begin, goes_on, admission_of(call)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _growth(
    live: LiveFeed,
    view: View,
    kept: Callable[[], Path],
    offset: int,
    goes_on: Callable[[], bool],
    admission: Admission,
) -> AsyncIterator[bytes]:
    """The log as events: the kernel tells that the file grows, the feed that the try ends."""
    path = kept()
    if path == NO_FILE:
        yield _event("end", b"{}", offset)
        return
    follower = live.follow()
    path.parent.mkdir(parents=True, exist_ok=True)
    awake, ended = asyncio.Event(), asyncio.Event()
    stop_watching = _watched(path, asyncio.get_running_loop(), awake.set)

    async def listen() -> None:
        while not follower.is_closed:
            await follower.wait(_KEEP_ALIVE_SECONDS)
            entries = follower.take()
            if entries is None or any(
                view.shown(entry.dag_ids) or any(view.shows(news.run) for news in entry.runs)
                for entry in entries
            ):
                ended.set()
                awake.set()
        awake.set()

    listening = asyncio.create_task(listen())
    ended.set()
    is_over = False
    try:
        while not is_over and not follower.is_closed:
            awake.clear()
            if not await admission.goes_on():
                return
            if ended.is_set():
                ended.clear()
                # Asked before the file is read: what the try has written by then is there.
                is_over = not await asyncio.to_thread(goes_on)
            while True:
                page = await asyncio.to_thread(read_page, kept(), offset, _PIECE_BYTES)
                if page.end > offset:
                    offset = page.end
                    yield _event("lines", b"[" + b",".join(page.lines) + b"]", offset)
                if page.reached_end or not page.lines:
                    break
            if not is_over:
                try:
                    await asyncio.wait_for(awake.wait(), _KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    yield b": still here\n\n"
        if is_over:
            yield _event("end", b"{}", offset)
    finally:
        stop_watching()
        follower.close()
        listening.cancel()


def _watched(
    path: Path, loop: asyncio.AbstractEventLoop, changed: Callable[[], object]
) -> Callable[[], None]:
    """Have `changed` called on the loop when the file is written to; gives what ends that.

    It waits in a thread of its own: many people who read logs must not use up those that answer.
    """
    from watchfiles._rust_notify import RustNotify

    notify = RustNotify([str(path.parent)], False, False, 0, False, True)
    stopping = threading.Event()

    def watch() -> None:
        with notify:
            while not stopping.is_set():
                batch = notify.watch(_LONGEST_BURST_MILLISECONDS, _STEP_MILLISECONDS, 0, stopping)
                try:
                    loop.call_soon_threadsafe(changed)
                except RuntimeError:
                    return  # The loop has ended, and the connection with it.
                if not isinstance(batch, set):
                    return

    threading.Thread(target=watch, name="log-watch", daemon=True).start()
    return stopping.set


def _event(name: str, data: bytes, offset: int) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (offset, name.encode(), data)


def _piece_answer(piece: LogPiece, *, goes_on: bool) -> LogPieceResponse:
    return LogPieceResponse(
        lines=[msgspec.Raw(line) for line in piece.lines],
        begin=piece.begin,
        end=piece.end,
        first_line=piece.first_line,
        size=piece.size,
        goes_on=goes_on,
    )
