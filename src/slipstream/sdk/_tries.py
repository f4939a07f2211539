"""Doing something that may fail several times, with a pause before each further try."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def with_tries(
    action: Callable[[], T],
    pauses_seconds: Iterable[float],
    *,
    passing: tuple[type[Exception], ...],
    on_failure: Callable[[Exception, float], None],
) -> T:
    """What the action gives, tried once more after each of the pauses.

    `on_failure` is told of an error and of the pause that follows it. The error of the last try is
    raised, and at once whatever is not one of `passing`.
    """
    for pause in pauses_seconds:
        try:
            return action()
        except passing as error:
            on_failure(error, pause)
            time.sleep(pause)
    return action()
