"""A worker elsewhere: runs one attempt here, and speaks to the server over HTTP."""

from __future__ import annotations

import logging
import os
import queue
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from slipstream.model.attempt import Attempt, Succeeded
from slipstream.model.errors import SlipstreamError
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source
from slipstream.runtime.settings import HostSettings
from slipstream.sdk._conf import conf
from slipstream.wire import execution, messages, remote

_log = logging.getLogger(__name__)

_HTTP_SECONDS = 60.0
_CANCELLED_GRACE_SECONDS = 60.0
_END_SECONDS = 300.0
"""What callbacks of the task may take after its end was reported."""


class ServerError(SlipstreamError):
    """The server does not answer, or does not want the attempt any more."""


class ServerLink:
    """Says and asks in the name of one attempt."""

    def __init__(self, server: str, attempt_id: str, token: str) -> None:
        """`server` is the URL of the execution API."""
        self._base = f"{server.rstrip('/')}/{attempt_id}"
        self._token = token

    def post(self, verb: str, message: object) -> bytes:
        """The body of the answer. Raises `ServerError`."""
        request = urllib.request.Request(  # noqa: S310 - the deployment's own server
            f"{self._base}/{verb}",
            data=remote.encode(message),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/msgpack",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_HTTP_SECONDS) as answer:  # noqa: S310
                body: bytes = answer.read()
                return body
        except urllib.error.HTTPError as error:
            with error:
                said = error.read().decode("utf-8", "replace")
            raise ServerError(f"{error.code}: {said}") from error
        except OSError as error:
            raise ServerError(f"the server at {self._base} cannot be reached: {error}") from error

    def answer(self, _attempt: Attempt | None, request: execution.Request) -> execution.Answer:
        """What the server says to a request of the task."""
        ask = messages.Ask(number=0, request=request)
        return remote.decode_reply(self.post("ask", ask)).answer


def run_attempt_elsewhere(
    attempt_id: str,
    token: str,
    server: str,
    *,
    on_started: Callable[[], None] = lambda: None,
) -> bool:
    """Run the attempt to its end; whether the task succeeded.

    Raises `ServerError` where the server does not let it begin.
    """
    link = ServerLink(server, attempt_id, token)
    begin = remote.Begin(hostname=os.uname().nodename, pid=os.getpid())
    begun = remote.decode_begun(link.post("begin", begin))
    folder = Path(str(conf.get("core", "dags_folder")))
    path = folder / begun.relative_fileloc
    attempt = replace(begun.attempt, fileloc=str(path))
    source = Source(fileloc=str(path), source_hash=begun.source_hash, read=lambda: begun.sources)
    ends: queue.SimpleQueue[AttemptEnded] = queue.SimpleQueue()

    def listen(events: list[tuple[Attempt, AttemptStarted | AttemptEnded]]) -> None:
        for _, event in events:
            if isinstance(event, AttemptEnded):
                ends.put(event)

    with tempfile.TemporaryDirectory(prefix="slipstream-worker-") as run_dir:
        host = ProcessHost(_settings(Path(run_dir), folder), link.answer)
        host.start(listen)
        try:
            on_started()
            host.run(attempt, source)
            end = _wait(ends, host, link, attempt_id)
            report = messages.pack_outcome(end.outcome, rendered=end.rendered)
            link.post("end", remote.End(report=report))
            host.end_attempts(_END_SECONDS)
        finally:
            host.stop(_CANCELLED_GRACE_SECONDS)
    return isinstance(end.outcome, Succeeded)


def _wait(
    ends: queue.SimpleQueue[AttemptEnded], host: ProcessHost, link: ServerLink, attempt_id: str
) -> AttemptEnded:
    """The end; until then the server hears of the worker, and the worker of whether to go on."""
    seconds = conf.getfloat("workers", "min_heartbeat_interval")
    most = conf.getint("workers", "max_failed_heartbeats")
    failed = 0
    while True:
        try:
            return ends.get(timeout=seconds)
        except queue.Empty:
            pass
        try:
            reason = remote.decode_going(link.post("beat", None)).cancelled
            failed = 0
        except ServerError as error:
            failed += 1
            gone = str(error).startswith("404")
            reason = str(error) if gone or failed >= most else None
        if reason is not None:
            _log.warning("Attempt %s is ended: %s", attempt_id, reason)
            host.cancel(attempt_id, reason)


def _settings(run_dir: Path, folder: Path) -> HostSettings:
    return HostSettings(
        log_dir=Path(str(conf.get("logging", "base_log_folder"))),
        run_dir=run_dir,
        dags_folders=[folder],
        keeps_logs_elsewhere=conf.getboolean("logging", "remote_logging", fallback=False),
        load_timeout_seconds=conf.getfloat("core", "dagbag_import_timeout"),
        kill_grace_seconds=conf.getfloat("core", "killed_task_cleanup_time"),
        max_spares=0,
    )
