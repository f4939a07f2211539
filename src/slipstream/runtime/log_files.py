"""Where an attempt's log lies, and how it is written: JSON lines, secrets masked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from slipstream.model.attempt import Attempt
from slipstream.model.map_index import UNMAPPED
from slipstream.runtime.masking import Masker
from slipstream.wire import messages

_encode = msgspec.json.Encoder(order=None).encode
_FIELDS = frozenset({"timestamp", "level", "logger", "event"})


def log_path(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int) -> Path:
    """Where the log of a try lies below the log folder."""
    return Path(log_name(dag_id, run_id, task_id, map_index, try_number))


def log_name(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int) -> str:
    """The same as text: to make a `Path` takes longer than to open the file."""
    index = "" if map_index == UNMAPPED else f"map_index={map_index}/"
    return (
        f"dag_id={_component(dag_id)}/run_id={_component(run_id)}/task_id={_component(task_id)}/"
        f"{index}attempt={try_number}.log"
    )


def log_path_of(attempt: Attempt) -> Path:
    """Where the log of an attempt's try lies below the log folder."""
    return Path(log_name_of(attempt))


def log_name_of(attempt: Attempt) -> str:
    """The same as text."""
    return log_name(
        attempt.run.dag_id,
        attempt.run.run_id,
        attempt.task_id,
        attempt.map_index,
        attempt.try_number,
    )


def errand_log_path(errand: messages.Errand) -> Path:
    """Where the log of a callback lies: that of its try, or one for the whole run."""
    if errand.kind is messages.CallbackKind.TASK:
        return log_path_of(errand.attempt)
    return callbacks_log_path(errand.attempt.run.dag_id, errand.attempt.run.run_id)


def callbacks_log_path(dag_id: str, run_id: str) -> Path:
    """Where the log of the DAG's callbacks about a run lies below the log folder."""
    return log_path(dag_id, run_id, "", UNMAPPED, 0).parents[1] / "dag_callbacks.log"


def questions_log_path(dag_id: str) -> Path:
    """Where the log of what is asked of a DAG's own timetable lies below the log folder."""
    return Path(f"dag_id={_component(dag_id)}") / "schedule.log"


@lru_cache(maxsize=4096)
def _component(name: str) -> str:
    """A name as part of a path: reversible, never a separator, never longer than a file name."""
    quoted = quote(name, safe="+:@ ,=()")
    if len(quoted) > 200:
        import hashlib

        quoted = quoted[:160] + "~" + hashlib.sha256(name.encode()).hexdigest()[:32]
    return quoted


class LogFile:
    """One log, open for appending. Lines wait in memory until `flush` masks and writes them.

    One that does not stay open is closed after each flush, for there may be very many.
    """

    __slots__ = ("_descriptor", "_path", "_pending", "_stays_open", "masker")

    def __init__(self, path: Path | str, masker: Masker, *, stays_open: bool = True) -> None:
        self._path = str(path)
        self._stays_open = stays_open
        self._descriptor = -1
        self._pending: list[dict[str, Any]] = []
        self.masker = masker

    def add(
        self,
        *,
        timestamp: float,
        level: str,
        logger: str,
        event: str,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        """Add one line."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(timestamp, UTC),
            "level": level,
            "event": event,
            "logger": logger,
        }
        if extra:
            line.update((key, value) for key, value in extra.items() if key not in _FIELDS)
        self._pending.append(line)

    def flush(self) -> None:
        """Write what was added. Raises `OSError` where the disk does not take it."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        mask = self.masker.mask
        data = b"".join([_encode(mask(line)) + b"\n" for line in pending])
        if self._descriptor < 0:
            self._descriptor = _open_for_append(self._path)
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        finally:
            if not self._stays_open:
                self._let_go()

    def close(self) -> None:
        """Flush and close."""
        try:
            self.flush()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


def _open_for_append(path: str) -> int:
    try:
        return os.open(path, _FLAGS, 0o644)
    except FileNotFoundError:
        _make_folder(path.rpartition("/")[0])
        return os.open(path, _FLAGS, 0o644)


def _make_folder(folder: str) -> None:
    try:
        # Most often only the last one is missing: an instance of a mapped task has its own.
        os.mkdir(folder)
    except FileNotFoundError:
        os.makedirs(folder, exist_ok=True)
    except FileExistsError:
        return
