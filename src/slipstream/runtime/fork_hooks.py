"""Hooks that the standard library runs after every fork, held back where they do nothing.

`threading`, `logging` and `random` put their state right in a forked child: locks that another
thread may have held, a generator that the parent goes on using. A zygote has one thread and holds
no lock when it forks, so all that remains to do is to seed `random`. Running the hooks copies some
200 pages into every child, more than half of what a fork costs. One hook stands for all of them; it
does nothing until the task process releases them, for the forks of its own code.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping

_HELD_BACK = frozenset({"concurrent.futures.thread", "logging", "random", "threading"})
_register = os.register_at_fork
_held: list[Mapping[str, Callable[[], object]]] = []
_is_released = False


def hold_back() -> None:
    """From now on keep the hooks of these modules aside. Call it before they are imported."""
    os.register_at_fork = _register_or_hold  # type: ignore[assignment]  # any of its keywords
    _register(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)


def hold(**hooks: Callable[[], object]) -> None:
    """Keep hooks, by the keywords of `os.register_at_fork`, until they are released."""
    _held.append(hooks)


def release() -> None:
    """From now on the forks of the calling process run what was held back."""
    global _is_released
    _is_released = True


def _register_or_hold(**hooks: Callable[[], object]) -> None:
    module = sys._getframe(1).f_globals.get("__name__")
    if module in _HELD_BACK and not _is_released:
        hold(**hooks)
    else:
        _register(**hooks)


def _before() -> None:
    if _is_released:
        _run("before", reversed(_held))


def _after_in_parent() -> None:
    if _is_released:
        _run("after_in_parent", _held)


def _after_in_child() -> None:
    if _is_released:
        _run("after_in_child", _held)


def _run(when: str, held: Iterable[Mapping[str, Callable[[], object]]]) -> None:
    for hooks in held:
        hook = hooks.get(when)
        if hook is not None:
            hook()
