"""Checks and conversions of what a DAG is given."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping

from slipstream.model.states import RunType
from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._keys import MAX_TAG_LENGTH, InvalidIdError, quoted, shortened
from slipstream.sdk._naming import guess
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
                f"{_close_name(name)}"
            )
    return today


_EXPECTED: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "description": (str, "a text"),
    "dag_display_name": (str, "a text"),
    "max_active_runs": (int, "a whole number"),
    "max_consecutive_failed_dag_runs": (int, "a whole number"),
    "template_searchpath": ((str, os.PathLike, Collection), "a folder or a list of folders"),
    "user_defined_macros": (Mapping, "a dictionary {name: macro}"),
    "user_defined_filters": (Mapping, "a dictionary {name: filter}"),
    "jinja_environment_kwargs": (Mapping, "a dictionary of Jinja's own arguments"),
}
"""`{argument: (types, what that is called)}`; None always counts as not given."""


def check_dag_types(dag_id: str, **given: UserValue) -> None:
    """Raise `TypeError` where a DAG was given something else than its arguments are."""
    for name, value in given.items():
        types, what = _EXPECTED[name]
        if value is not None and (not isinstance(value, types) or value is True):
            raise TypeError(
                f"DAG {dag_id!r} has {name}={value!r}, which is of type "
                f"{type(value).__name__}; expected {what}."
            )


def _close_name(name: str) -> str:
    """A guess at what was meant."""
    from inspect import signature

    from slipstream.sdk._dag import DAG
    from slipstream.sdk._operator import BaseOperator
    from slipstream.sdk._operator_meta import argument_names

    if name in argument_names(BaseOperator):
        return " Arguments of tasks stand in default_args."
    return guess(name, [*signature(DAG.__init__).parameters, *_RENAMED])


def checked_tags(tags: Collection[str] | None, dag_id: str) -> set[str]:
    """The tags, each once. Raises `TypeError` or `InvalidIdError`."""
    if isinstance(tags, str):
        raise TypeError(f"The tags of DAG {dag_id!r} have to be a list of texts, not one text.")
    if tags is not None and not isinstance(tags, Iterable):
        raise TypeError(
            f"The tags of DAG {dag_id!r} have to be a list of texts; {tags!r} is of type "
            f"{type(tags).__name__}."
        )
    found = {str(tag) for tag in tags or ()}
    for tag in found:
        if len(tag) > MAX_TAG_LENGTH:
            raise InvalidIdError(
                f"The tag {shortened(tag)} of DAG {dag_id!r} has {len(tag)} characters; "
                f"{MAX_TAG_LENGTH} is the most."
            )
    return found


def checked_owner_links(links: Mapping[str, str] | None, dag_id: str) -> dict[str, str]:
    """`{owner: link}`. Raises `ValueError` where one is no link."""
    if not links:
        return {}
    from urllib.parse import urlsplit

    found = dict(links)
    for owner, link in found.items():
        parts = urlsplit(str(link))
        if not (parts.path if parts.scheme == "mailto" else parts.scheme and parts.netloc):
            raise ValueError(
                f"DAG {dag_id!r} has the link {link!r} for its owner {owner!r}; expected an "
                f"address such as https://example.com/team or mailto:team@example.com."
            )
    return found


def checked_access(access: Mapping[str, UserValue] | None, dag_id: str) -> dict[str, UserValue]:
    """`{role: {resource: actions}}`; actions without a resource are about the DAG itself."""
    found: dict[str, UserValue] = {}
    for role, allowed in (access or {}).items():
        if isinstance(allowed, str) or not isinstance(allowed, Collection):
            raise TypeError(
                f"DAG {dag_id!r} has access_control={{{role!r}: {allowed!r}}}; expected a set of "
                f"actions such as {{'can_read', 'can_edit'}}, or {{'DAGs': {{…}}}}."
            )
        by_resource = allowed if isinstance(allowed, Mapping) else {"DAGs": allowed}
        found[str(role)] = {str(one): set(actions) for one, actions in by_resource.items()}
    return found


def text_of_docs(doc_md: str | None, fileloc: str) -> str | None:
    """The documentation; one that names a `.md` file is what that file holds.

    The file is looked up as it is named, and beside the DAG file.
    """
    if doc_md is None or not doc_md.endswith(".md") or "\n" in doc_md:
        return doc_md
    for path in (doc_md, os.path.join(os.path.dirname(fileloc), doc_md)):
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except OSError:
            continue
    return doc_md


def run_types(given: Iterable[RunType | str] | None, dag_id: str) -> list[RunType] | None:
    """The kinds of runs that are allowed; None for all of them. Raises `ValueError`."""
    if given is None:
        return None
    found = []
    for one in [given] if isinstance(given, str) else given:
        try:
            found.append(RunType(str(getattr(one, "value", one))))
        except ValueError:
            raise ValueError(
                f"DAG {dag_id!r} has {one!r} among allowed_run_types; expected some of "
                f"{quoted(RunType)}."
            ) from None
    return found


def file_of_caller() -> str:
    """The file whose code makes a DAG; whoever loads it sets it again."""
    frame = sys._getframe(2)
    while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith(
        "slipstream."
    ):
        frame = frame.f_back
    return frame.f_code.co_filename
