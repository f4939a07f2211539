"""What a task logs and prints, on its way to the process host, in the order that it happened."""

from __future__ import annotations

import atexit
import fcntl
import io
import logging
import os
import sys
import termios
import time
from collections.abc import Callable, Sequence
from typing import IO

from slipstream.runtime.link import Link
from slipstream.runtime.tracebacks import format_for_user
from slipstream.wire import messages
from slipstream.wire.frames import ConnectionLostError

_MOST_CHARACTERS = 64 * 1024
_NO_BYTES = bytes(4)
_LAST_RESORT = type(logging.lastResort)
_all_handlers: Sequence[Callable[[], logging.Handler | None]] = logging._handlerList  # type: ignore[attr-defined]  # nothing public lists them


class SupervisorHandler(logging.Handler):
    """Sends log records to the host."""

    def __init__(self, link: Link) -> None:
        super().__init__()
        self._link = link

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record; a record that cannot be formatted is reported on stderr."""
        try:
            event, extra = record.getMessage(), _extra_of(record)
        except Exception:  # noqa: BLE001 - as every logging handler does
            self.handleError(record)
            return
        level = record.levelname.lower()
        send_line(self._link, level, record.name, event, timestamp=record.created, extra=extra)


class LineStream(io.TextIOBase):
    """Standard output or error of Python code: whole lines go to the log.

    `buffer` and `fileno()` are those of the real stream: what native code and other processes
    write there comes to the log too.
    """

    def __init__(self, link: Link, stream: str, level: str, descriptor: int) -> None:
        super().__init__()
        self._link = link
        self._logger = f"task.{stream}"
        self._level = level
        self._rest = ""
        self._descriptor = descriptor
        self._buffer: IO[bytes] | None = None

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute in the base class
        """Text becomes UTF-8."""
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]  # a plain attribute in the base class
        """What UTF-8 cannot hold is escaped."""
        return "backslashreplace"

    @property
    def buffer(self) -> IO[bytes]:
        """The real stream, for bytes."""
        if self._buffer is None:
            self._buffer = os.fdopen(self._descriptor, "wb", closefd=False)
        return self._buffer

    def fileno(self) -> int:
        """The real stream's descriptor."""
        return self._descriptor

    def writable(self) -> bool:
        """It is."""
        return True

    def isatty(self) -> bool:
        """It is not."""
        return False

    def write(self, text: str) -> int:
        """Send the lines that are complete now."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._send(line)
        if len(self._rest) > _MOST_CHARACTERS:
            self.finish()
        return len(text)

    def flush(self) -> None:
        """Flush what was written to `buffer`; an unfinished line waits for its end."""
        if self._buffer is not None:
            self._buffer.flush()

    def finish(self) -> None:
        """Send an unfinished line."""
        rest, self._rest = self._rest, ""
        if rest:
            self._send(rest)

    def _send(self, line: str) -> None:
        # A progress bar overwrites its line by carriage returns: the last state counts.
        shown = line.rstrip("\r").rpartition("\r")[2]
        for start in range(0, max(len(shown), 1), _MOST_CHARACTERS):
            piece = shown[start : start + _MOST_CHARACTERS]
            send_line(self._link, self._level, self._logger, piece)


def capture(link: Link, level: str = "INFO") -> None:
    """From now on everything that is logged, printed or warned of goes to the host.

    Until the link is attached, everything is lost: between loading a file and forking its tasks
    nobody's code runs.
    """
    handler = SupervisorHandler(link)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    sys.stdout = LineStream(link, "stdout", "info", 1)
    sys.stderr = LineStream(link, "stderr", "error", 2)
    # `shut_down` does it, where there is something to shut down.
    atexit.unregister(logging.shutdown)


def finish() -> None:
    """Send what is left of unfinished lines."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, LineStream):
            stream.flush()
            stream.finish()


def shut_down() -> None:
    """At the process's end: close people's handlers, and send what is left of lines."""
    for reference in _all_handlers:
        handler = reference()
        # Ours, and the one for lines that nobody takes, keep nothing back.
        if handler is not None and type(handler) not in (SupervisorHandler, _LAST_RESORT):
            logging.shutdown()
            break
    finish()


def send_line(
    link: Link,
    level: str,
    logger: str,
    event: str,
    *,
    timestamp: float | None = None,
    extra: dict[str, str] | None = None,
) -> None:
    """Send a line; with nobody left to read it, the process is about to end anyway."""
    line = messages.LogLine(
        timestamp=time.time() if timestamp is None else timestamp,
        level=level,
        logger=logger,
        event=event,
        extra=extra or {},
        after_raw=_is_raw_output_waiting(),
    )
    try:
        link.send(line)
    except ConnectionLostError:
        return


def _is_raw_output_waiting() -> bool:
    """Whether the host has still to read what went straight to the pipes (FIONREAD, pipe(7))."""
    try:
        return any(any(fcntl.ioctl(stream, termios.FIONREAD, _NO_BYTES)) for stream in (1, 2))
    except OSError:
        return False


def _extra_of(record: logging.LogRecord) -> dict[str, str]:
    extra: dict[str, str] = {}
    if record.exc_info and record.exc_info[1] is not None:
        extra["exception"] = format_for_user(record.exc_info[1])
    elif record.exc_text:
        extra["exception"] = record.exc_text
    if record.stack_info:
        extra["stack"] = record.stack_info
    return extra
