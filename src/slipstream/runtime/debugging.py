"""pdb at the terminal of whoever tries a task: a task's process has none of its own.

`slipstream tasks test` names its terminal in the environment of its processes. They stay sessions
of their own, which the terminal lets read and write all the same, for it controls none of them.
"""

from __future__ import annotations

import os
import sys
import time
from types import FrameType
from typing import IO, TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pdb import Pdb

TERMINAL: Final = "_SLIPSTREAM_TERMINAL"
"""The variable with the path of the terminal; without it nothing here does anything."""
POST_MORTEM: Final = "_SLIPSTREAM_POST_MORTEM"
"""The variable that is set where a failed task is to be looked into."""
_SHOWN_SECONDS: Final = 0.3
"""Within that time, what the task has logged so far is on the terminal, above the prompt."""


def break_at_terminal() -> None:
    """From now on, `breakpoint()` and `pdb.set_trace()` stop at the terminal, if there is one."""
    if TERMINAL not in os.environ:
        return
    import pdb

    pdb.set_trace = _set_trace
    if "PYTHONBREAKPOINT" not in os.environ:
        sys.breakpointhook = _break


def look_into(error: BaseException) -> None:
    """Open pdb at the place where it was raised, if that was asked for; returns when it is left."""
    if TERMINAL not in os.environ or POST_MORTEM not in os.environ:
        return
    debugger = _debugger()
    if debugger is None or error.__traceback__ is None:
        return
    said = f"{type(error).__name__}: {error}"
    debugger.message(f"{said}\npdb is where it was raised: w shows how it came there, q ends.")
    debugger.reset()
    debugger.interaction(None, error.__traceback__)


def _break(*_args: object, **_kwargs: object) -> None:
    """Instead of `sys.breakpointhook`."""
    _stop_at(sys._getframe(1))


def _set_trace(*, header: str | None = None) -> None:
    """Instead of `pdb.set_trace`."""
    _stop_at(sys._getframe(1), header)


def _stop_at(frame: FrameType, header: str | None = None) -> None:
    debugger = _debugger()
    if debugger is None:
        return
    if header is not None:
        debugger.message(header)
    debugger.set_trace(frame)


def _debugger() -> Pdb | None:
    """One that speaks at the terminal; None, with a word in the log, where that cannot be had."""
    import logging
    from pdb import Pdb

    name = os.environ[TERMINAL]
    try:
        keyboard, screen = (_opened(name, flag) for flag in (os.O_RDONLY, os.O_WRONLY))
    except OSError as error:
        logging.getLogger("airflow.task").warning(
            "The debugger cannot open the terminal %s: %s", name, error.strerror
        )
        return None
    time.sleep(_SHOWN_SECONDS)
    return Pdb(stdin=keyboard, stdout=screen, nosigint=True)


def _opened(name: str, flag: int) -> IO[str]:
    mode = "r" if flag == os.O_RDONLY else "w"
    return os.fdopen(os.open(name, flag | os.O_NOCTTY), mode, encoding="utf-8", errors="replace")
