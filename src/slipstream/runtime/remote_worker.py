"""A worker elsewhere: runs one attempt here, and speaks to the server over HTTP."""

from __future__ import annotations

import logging
import os
import queue
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from slipstream.model.attempt import Attempt, Succeeded
from slipstream.model.events import AttemptEnded, AttemptStarted
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source
from slipstream.runtime.server_link import RefusedError, ServerError, ServerLink
from slipstream.runtime.settings import HostSettings
from slipstream.sdk._conf import conf
from slipstream.wire import messages, remote

_log = logging.getLogger(__name__)

_CANCELLED_GRACE_SECONDS = 60.0


def run_attempt_elsewhere(
    attempt_id: str,
    token: str,
    server: str,
    *,
    on_started: Callable[[], None] = lambda: None,
) -> bool:
    """Run the attempt to its end; whether the task succeeded. `token` begins it.

    Raises `ServerError` where the server does not let it begin, or cannot be told the end.
    """
    link = ServerLink(server, attempt_id, token)
    begun = link.begin(os.uname().nodename, os.getpid())
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
            told = _tell(link, end)
            host.await_idle(remote.AFTERWARDS_SECONDS)
            if told:
                link.leave()
        finally:
            link.close()
            host.stop(_CANCELLED_GRACE_SECONDS)
    return told and isinstance(end.outcome, Succeeded)


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
            reason = link.beat()
            failed = 0
        except ServerError as error:
            failed += 1
            is_over = isinstance(error, RefusedError) and error.is_about_the_token
            reason = str(error) if is_over or failed >= most else None
        if reason is not None:
            _log.warning("Attempt %s is ended: %s", attempt_id, reason)
            host.cancel(attempt_id, reason)


def _tell(link: ServerLink, end: AttemptEnded) -> bool:
    """Whether the server takes the end from this worker."""
    try:
        link.end(messages.pack_outcome(end.outcome, rendered=end.rendered))
    except RefusedError as error:
        if not error.is_about_the_token:
            raise
        _log.warning("What became of attempt %s is not kept: %s", end.attempt_id, error)
        return False
    return True


def _settings(run_dir: Path, folder: Path) -> HostSettings:
    return HostSettings(
        log_dir=Path(str(conf.get("logging", "base_log_folder"))),
        run_dir=run_dir,
        dags_folders=[folder],
        keeps_logs_elsewhere=conf.getboolean("logging", "remote_logging", fallback=False),
        load_timeout_seconds=conf.getfloat("core", "dagbag_import_timeout"),
        kill_grace_seconds=conf.getfloat("core", "killed_task_cleanup_time"),
        secrets=conf.hidden_texts(),
        max_spares=0,
    )
