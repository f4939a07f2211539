"""Which metrics are sent, and whether their names can be."""

from __future__ import annotations

import logging
import re
import string
from collections.abc import Callable
from typing import TypeAlias

from slipstream.sdk.exceptions import AirflowException

_log = logging.getLogger(__name__)

NameHandler: TypeAlias = Callable[[str], str]
"""`[metrics] stat_name_handler`: gives the name to send."""

_ALLOWED = frozenset(string.ascii_letters + string.digits + "_.-/")
_LONGEST = 250


class InvalidStatsNameException(AirflowException):
    """A metric's name that cannot be sent."""


class NameFilter:
    """Chooses by patterns that are searched for anywhere in the name, whatever its case.

    Patterns to allow win over patterns to block; without either everything is sent.
    """

    def __init__(self, allow: str | None = None, block: str | None = None) -> None:
        """Each is a list of regular expressions with commas between, as in the settings."""
        if allow and block:
            _log.warning("metrics_block_list is ignored, for there is a metrics_allow_list.")
        self._allowed = _patterns(allow)
        self._blocked = () if self._allowed else _patterns(block)

    def test(self, name: str) -> bool:
        """Whether a metric, or a tag, of that name is sent."""
        lowered = name.strip().lower()
        if self._allowed:
            return any(pattern.search(lowered) for pattern in self._allowed)
        return not any(pattern.search(lowered) for pattern in self._blocked)


def sendable(name: str, handler: NameHandler | None, more: str = "") -> str | None:
    """The name as it is sent; None, and a line in the log, for one that cannot be.

    `more`: characters that are allowed besides the usual ones.
    """
    try:
        return checked(name, more) if handler is None else handler(name)
    except InvalidStatsNameException as error:
        _log.error("A metric is not sent: %s", error)
        return None


def checked(name: str, more: str = "") -> str:
    """The name itself. Raises `InvalidStatsNameException` for one that is too long or has other
    characters than letters, digits and `_.-/`."""
    if len(name) > _LONGEST:
        raise InvalidStatsNameException(
            f"The name {name!r} has {len(name)} characters; at most {_LONGEST} can be sent."
        )
    wrong = {character for character in name if character not in _ALLOWED and character not in more}
    if wrong:
        raise InvalidStatsNameException(
            f"The name {name!r} has {', '.join(map(repr, sorted(wrong)))}; expected ASCII letters, "
            "digits, '_', '.', '-' and '/'."
        )
    return name


def _patterns(listed: str | None) -> tuple[re.Pattern[str], ...]:
    entries = [entry.strip().lower() for entry in (listed or "").split(",")]
    return tuple(re.compile(entry) for entry in entries if entry)
