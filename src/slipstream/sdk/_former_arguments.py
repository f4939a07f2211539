"""Arguments of standard operators that were renamed: the former names still work."""

from __future__ import annotations

from collections.abc import MutableMapping

from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._types import UserValue


def take_former(
    arguments: MutableMapping[str, UserValue], name: str, value: UserValue, *former: str
) -> UserValue:
    """The value of `name`, or that of one of its former names; those are taken out."""
    for one in former:
        if one in arguments:
            value = arguments.pop(one)
            warn_deprecated(one, f"Use {name}.")
    return value
