"""What the arguments of every operator have to be made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from slipstream.sdk._types import UserValue

Types: TypeAlias = "type | tuple[type, ...]"

_TEXT: tuple[Types, str] = (str, "a text")
_FLAG: tuple[Types, str] = (bool, "True or False")
_NUMBER: tuple[Types, str] = (int, "a whole number")

_EXPECTED: Mapping[str, tuple[Types, str]] = {
    "email": ((str, Sequence, set, frozenset), "an address or a list of addresses"),
    "email_on_retry": _FLAG,
    "email_on_failure": _FLAG,
    "depends_on_past": _FLAG,
    "ignore_first_depends_on_past": _FLAG,
    "wait_for_past_depends_before_skipping": _FLAG,
    "wait_for_downstream": _FLAG,
    "owner": ((str, int), "a text"),
    "priority_weight": _NUMBER,
    "queue": _TEXT,
    "pool": _TEXT,
    "run_as_user": _TEXT,
    "map_index_template": _TEXT,
    "max_active_tis_per_dag": _NUMBER,
    "max_active_tis_per_dagrun": _NUMBER,
    "executor": _TEXT,
    "do_xcom_push": _FLAG,
    "multiple_outputs": _FLAG,
    "doc": _TEXT,
    "doc_md": _TEXT,
    "doc_json": _TEXT,
    "doc_yaml": _TEXT,
    "doc_rst": _TEXT,
    "_task_display_name": _TEXT,
    "logger_name": _TEXT,
    "allow_nested_operators": _FLAG,
}
"""`{attribute: (types, what that is called)}`; None always counts as not given."""

_PRIORITY_LIMITS = (-(2**31), 2**31 - 1)


def check_types(attributes: Mapping[str, UserValue], task_id: str) -> None:
    """Raise `TypeError` where an operator was given something else than its arguments are."""
    for name, (types, what) in _EXPECTED.items():
        value = attributes.get(name)
        if value is not None and not isinstance(value, types):
            raise TypeError(
                f"Task {task_id!r} has {name.lstrip('_')}={value!r}, which is of type "
                f"{type(value).__name__}; expected {what}."
            )


def as_dictionary(value: object, what: str) -> dict[str, UserValue]:
    """A dictionary of its own; None is an empty one. Raises `TypeError`."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise TypeError(
            f"{what} has to be a dictionary; {value!r} is of type {type(value).__name__}."
        )
    return dict(value)


def as_count(value: object, what: str, default: int) -> int:
    """A whole number; None stands for the default. Raises `TypeError`."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(
            f"{what} has to be a whole number; {value!r} is of type {type(value).__name__}."
        )
    return value


def storable_priority(weight: int) -> int:
    """The weight, or the nearest one that databases can hold."""
    return max(_PRIORITY_LIMITS[0], min(weight, _PRIORITY_LIMITS[1]))
