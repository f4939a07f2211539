"""`FileTaskHandler`: the base of the handlers that older providers keep logs elsewhere with."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import msgspec

from slipstream.runtime.log_files import log_path
from slipstream.sdk._remote_logs import remote_task_log


class LogMetadata(TypedDict, total=False):
    """How far a log has been read, and whether that is all of it."""

    end_of_log: bool
    log_pos: int
    offset: str | int
    last_log_timestamp: str
    max_offset: str


class StructuredLogMessage(msgspec.Struct, kw_only=True):
    """One line of a log."""

    timestamp: str | None = None
    event: str


class FileTaskHandler(logging.Handler):
    """Writes records to the log file of a task instance, and reads such files."""

    trigger_should_wrap = True
    inherits_from_empty_operator_log_message = "Operator inherits from empty operator, no logs"

    def __init__(
        self,
        base_log_folder: str,
        max_bytes: int = 0,
        backup_count: int = 0,
        delay: bool = False,
    ) -> None:
        super().__init__()
        self.handler: logging.FileHandler | None = None
        self.local_base = base_log_folder
        self.max_bytes, self.backup_count, self.delay = max_bytes, backup_count, delay

    def set_context(self, ti: Any, *, identifier: str | None = None) -> None:  # noqa: ARG002
        """Write to the log of this task instance from now on."""
        path = Path(self.local_base, self._render_filename(ti, ti.try_number))
        path.parent.mkdir(parents=True, exist_ok=True)
        self.handler = logging.FileHandler(path, encoding="utf-8", delay=self.delay)
        if self.formatter is not None:
            self.handler.setFormatter(self.formatter)
        self.handler.setLevel(self.level)

    def emit(self, record: logging.LogRecord) -> None:
        """Write one."""
        if self.handler is not None:
            self.handler.emit(record)

    def flush(self) -> None:
        """Write what waits."""
        if self.handler is not None:
            self.handler.flush()

    def close(self) -> None:
        """Close the file."""
        if self.handler is not None:
            self.handler.close()
        super().close()

    def _render_filename(self, ti: Any, try_number: int, session: Any = None) -> str:  # noqa: ARG002
        """Where the log lies below the log folder."""
        return log_path(
            ti.dag_id, ti.run_id, ti.task_id, getattr(ti, "map_index", -1), try_number
        ).as_posix()

    def read(
        self, task_instance: Any, try_number: int | None = None, metadata: Any = None
    ) -> tuple[Iterator[StructuredLogMessage], dict[str, Any]]:
        """The lines of a try's log, from elsewhere where there are any, and that it is all."""
        number = try_number or task_instance.try_number
        name = self._render_filename(task_instance, number)
        _, texts = self._read_remote_logs(task_instance, number, metadata)
        if not texts:
            path = Path(self.local_base, name)
            texts = [path.read_text(encoding="utf-8")] if path.is_file() else []
        lines = [line for text in texts for line in text.splitlines() if line]
        return map(_message, lines), {"end_of_log": True}

    def _read_remote_logs(
        self,
        ti: Any,
        try_number: int,
        metadata: Any = None,  # noqa: ARG002
    ) -> tuple[list[str], list[str]]:
        """Where the log is kept elsewhere, and what is in it."""
        remote = remote_task_log()
        if remote is None:
            return [], []
        sources, texts = remote.read(self._render_filename(ti, try_number), ti)
        return sources, texts or []


def _message(line: str) -> StructuredLogMessage:
    try:
        return msgspec.json.decode(line, type=StructuredLogMessage)
    except msgspec.DecodeError:
        return StructuredLogMessage(event=line)
