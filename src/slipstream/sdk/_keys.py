"""What ids may look like."""

from __future__ import annotations

import re
from collections.abc import Iterable

from slipstream.sdk.exceptions import AirflowException

MAX_ID_LENGTH = 250
MAX_GROUP_ID_LENGTH = 200
MAX_TAG_LENGTH = 100

_SHOWN = 60
"""Characters of a long id that a message shows."""

_ID = re.compile(r"[\w.-]+\Z")
_GROUP_ID = re.compile(r"[\w-]+\Z")


class InvalidIdError(AirflowException, ValueError):
    """An id has characters or a length that ids cannot have."""


def check_id(value: object, kind: str, max_length: int = MAX_ID_LENGTH) -> str:
    """The id of a DAG, a task or a run, if it is one. Raises `InvalidIdError` or `TypeError`."""
    if not isinstance(value, str):
        raise TypeError(
            f"The {kind} has to be a string; {value!r} is of type {type(value).__name__}."
        )
    if len(value) > max_length:
        raise InvalidIdError(
            f"The {kind} {shortened(value)} has {len(value)} characters; {max_length} is the most."
        )
    if not _ID.match(value):
        raise InvalidIdError(
            f"The {kind} {value!r} may only be made of letters, digits, dashes, dots and "
            f"underscores.{_instead(value, '.')}"
        )
    return value


def check_group_id(value: object) -> str:
    """The id of a task group before prefixing, if it is one."""
    if not isinstance(value, str):
        raise TypeError(
            f"The group_id has to be a string; {value!r} is of type {type(value).__name__}."
        )
    if len(value) > MAX_GROUP_ID_LENGTH:
        raise InvalidIdError(
            f"The group_id {shortened(value)} has {len(value)} characters; "
            f"{MAX_GROUP_ID_LENGTH} is the most."
        )
    if not _GROUP_ID.match(value):
        raise InvalidIdError(
            f"The group_id {value!r} may only be made of letters, digits, dashes and underscores."
            f"{_instead(value)}"
        )
    return value


def shortened(text: str) -> str:
    """The text in quotes; of a long one the beginning."""
    return repr(text) if len(text) <= _SHOWN else f"'{text[:_SHOWN]}…'"


def _instead(text: str, further: str = "") -> str:
    """A sentence with the id that may do."""
    good = re.sub(rf"[^\w{further}-]+", "_", text).strip("_")
    return f" {good!r} would do." if good else ""


def quoted(ids: Iterable[str]) -> str:
    """The ids in quotes and sorted, for a message."""
    return ", ".join(repr(str(one)) for one in sorted(ids)) or "none"
