"""The process that keeps logs elsewhere, and reads them back: people's code, one for all logs."""

from __future__ import annotations

import gc
import json
import logging
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from slipstream import compat
from slipstream.model.attempt import Attempt
from slipstream.model.run import DagRun
from slipstream.runtime import fork_hooks, task_log
from slipstream.runtime.supervisor_backend import SupervisorBackend
from slipstream.runtime.trigger_link import TriggerLink
from slipstream.sdk._backend import current_backend
from slipstream.sdk._conf import conf, settings_folders
from slipstream.sdk._remote_logs import RemoteLogIO, RemoteLogStreamIO, lines_of, remote_task_log
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError

_log = logging.getLogger(__name__)

_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class LoggedInstance:
    """The task instance whose log it is, as remote logs look at it."""

    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    try_number: int
    id: str
    dag_run: DagRun
    end_date: datetime | None = None
    is_trigger_log_context: bool = False

    @property
    def logical_date(self) -> datetime | None:
        """The moment that the run stands for."""
        return self.dag_run.logical_date

    def get_dagrun(self) -> DagRun:
        """The run."""
        return self.dag_run


class LogProcess:
    """Carries out what the host orders, several at a time, until the host closes the socket."""

    def __init__(self, connection: BlockingConnection) -> None:
        self._link = TriggerLink(connection)
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="logs")
        self._sending = threading.Lock()
        """Processors are made for one writer."""

    def run(self) -> NoReturn:
        """Work, and exit."""
        fork_hooks.release()
        task_log.capture(self._link)
        current_backend.set(SupervisorBackend(self._link))
        gc.enable()
        compat.install()
        for folder in settings_folders():
            if os.path.isdir(folder) and folder not in sys.path:
                sys.path.append(folder)
        self._link.listen(self._obey, lambda: None)
        os._exit(0)

    def _obey(self, order: messages.ToTask) -> None:
        match order:
            case messages.ShipLog() | messages.ReadLog():
                self._threads.submit(self._carry_out, order)
            case messages.EndLogs():
                self._threads.shutdown(wait=True)
                task_log.finish()
                os._exit(0)
            case _:
                _log.error("the process of logs was sent %s", type(order).__name__)

    def _carry_out(self, order: messages.ShipLog | messages.ReadLog) -> None:
        # A thread of a pool has a context of its own.
        current_backend.set(SupervisorBackend(self._link))
        answer: messages.LogShipped | messages.LogRead
        try:
            remote = remote_task_log()
            if isinstance(order, messages.ShipLog):
                if remote is not None:
                    self._ship(remote, order)
                answer = messages.LogShipped(number=order.number)
            else:
                answer = _read(remote, order)
        except BaseException as error:  # noqa: BLE001 - it is people's code, and told to the host
            said = f"{type(error).__name__}: {error}"
            kind = messages.LogShipped if isinstance(order, messages.ShipLog) else messages.LogRead
            answer = kind(number=order.number, error=said)
        try:
            self._link.send(answer)
        except ConnectionLostError:
            os._exit(0)

    def _ship(self, remote: RemoteLogIO, order: messages.ShipLog) -> None:
        instance = _instance(order.attempt, order.end_date)
        if remote.processors:
            with self._sending:
                _send_lines(remote, Path(str(conf.get("logging", "base_log_folder"))) / order.path)
        remote.upload(order.path, instance)


class _FileLogger:
    """What processors are given as the logger: they look at the file that it writes to."""

    def __init__(self, path: Path) -> None:
        self._file = _NamedFile(str(path))


@dataclass(frozen=True, slots=True)
class _NamedFile:
    name: str

    def fileno(self) -> int:
        """Not that of a standard stream."""
        return -1


def _send_lines(remote: RemoteLogIO, path: Path) -> None:
    """Give every line of the log to the processors, as if it were written just now."""
    if not path.is_file():
        return
    logger = _FileLogger(path)
    with path.open(encoding="utf-8", errors="backslashreplace") as file:
        for line in file:
            fields: dict[str, Any] = json.loads(line)
            level = str(fields.get("level", "info"))
            for processor in remote.processors:
                fields = processor(logger, level, dict(fields))


def _read(remote: RemoteLogIO | None, order: messages.ReadLog) -> messages.LogRead:
    if remote is None:
        return messages.LogRead(number=order.number)
    instance = _instance(order.attempt, order.end_date)
    lines: list[str] | None
    if isinstance(remote, RemoteLogStreamIO):
        sources, streams = remote.stream(order.path, instance)
        lines = [
            line for stream in streams for line in lines_of([str(each) for each in stream]) or ()
        ]
        lines = lines or None
    else:
        sources, texts = remote.read(order.path, instance)
        lines = lines_of(texts)
    return messages.LogRead(number=order.number, sources=list(sources), lines=lines)


def _instance(attempt: Attempt, end_date: datetime | None) -> LoggedInstance:
    return LoggedInstance(
        dag_id=attempt.run.dag_id,
        task_id=attempt.task_id,
        run_id=attempt.run.run_id,
        map_index=attempt.map_index,
        try_number=attempt.try_number,
        id=attempt.attempt_id,
        dag_run=attempt.run,
        end_date=end_date,
    )
