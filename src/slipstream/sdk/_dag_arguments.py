"""Checks and conversions of what a DAG is given."""

from __future__ import annotations

import sys
from collections.abc import Collection

from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._keys import MAX_TAG_LENGTH, InvalidIdError
from slipstream.sdk._types import UserValue

_WITHOUT_EFFECT = {
    "default_view": "It has no effect any more.",
    "orientation": "It has no effect any more.",
    "sla_miss_callback": "It has no effect; use deadline.",
    "full_filepath": "It has no effect any more.",
    "jinja_environment_options": "Use jinja_environment_kwargs.",
}
"""Arguments of older releases that are still accepted and do nothing."""

_RENAMED = {
    "schedule_interval": "schedule",
    "timetable": "schedule",
    "concurrency": "max_active_tasks",
    "fail_stop": "fail_fast",
}
"""Arguments of older releases and what they are called today."""


def todays_arguments(former: dict[str, UserValue], dag_id: str) -> dict[str, UserValue]:
    """What arguments of older releases mean today; warns about each. Raises `TypeError`."""
    today: dict[str, UserValue] = {}
    for name, value in former.items():
        if name in _RENAMED:
            warn_deprecated(f"DAG({name}=…)", f"Write {_RENAMED[name]}=….")
            if name != "timetable" or value is not None:
                today[_RENAMED[name]] = value
        elif name in _WITHOUT_EFFECT:
            warn_deprecated(f"DAG({name}=…)", _WITHOUT_EFFECT[name])
        else:
            raise TypeError(
                f"DAG {dag_id!r} was given the argument {name!r}, which DAGs do not take."
            )
    return today


def checked_tags(tags: Collection[str] | None, dag_id: str) -> set[str]:
    """The tags, each once. Raises `TypeError` or `InvalidIdError`."""
    if isinstance(tags, str):
        raise TypeError(f"The tags of DAG {dag_id!r} have to be a list of texts, not one text.")
    found = {str(tag) for tag in tags or ()}
    for tag in found:
        if len(tag) > MAX_TAG_LENGTH:
            raise InvalidIdError(
                f"The tag {tag!r} of DAG {dag_id!r} has {len(tag)} characters; "
                f"{MAX_TAG_LENGTH} is the most."
            )
    return found


def file_of_caller() -> str:
    """The file whose code makes a DAG; whoever loads it sets it again."""
    frame = sys._getframe(2)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(
        "slipstream."
    ):
        frame = frame.f_back
    return frame.f_code.co_filename
