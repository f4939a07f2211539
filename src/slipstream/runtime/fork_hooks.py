"""Hooks that the standard library runs after every fork, held back where they do nothing.

`threading`, `logging` and `random` put their state right in a forked child: locks that another
thread may have held, a generator that the parent goes on using. A zygote has one thread and holds
no lock when it forks, so all that remains to do is to seed `random`. Running the hooks copies some
200 pages into every child, more than half of what a fork costs. They are registered in the task
process, for the forks of its own code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

_HELD_BACK = frozenset({"concurrent.futures.thread", "logging", "random", "threading"})
_register = os.register_at_fork
_held: list[dict[str, Callable[[], Any]]] = []


def hold_back() -> None:
    """From now on keep the hooks of these modules aside. Call it before they are imported."""
    os.register_at_fork = _register_or_hold  # type: ignore[assignment]  # any of its keywords


def release() -> None:
    """Register what was held back: from now on, forks of the calling process need it."""
    os.register_at_fork = _register
    for hooks in _held:
        _register(**hooks)
    _held.clear()


def _register_or_hold(**hooks: Callable[[], Any]) -> None:
    if sys._getframe(1).f_globals.get("__name__") in _HELD_BACK:
        _held.append(hooks)
    else:
        _register(**hooks)
