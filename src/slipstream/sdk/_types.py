"""Types and marks that the whole authoring API shares."""

from __future__ import annotations

from enum import Enum
from typing import Any, Final, TypeAlias, TypeGuard

UserValue: TypeAlias = Any
"""A value of the user's own: an operator's argument, an XCom, a variable.

The one place of the authoring API where nothing is known about a type, and where `object` would
make every DAG file cast what it gets back.
"""


class ArgNotSet(Enum):
    """The type of `NOTSET`."""

    NOTSET = "NOTSET"

    def __repr__(self) -> str:
        return "NOTSET"

    def __bool__(self) -> bool:
        return False


NOTSET: Final = ArgNotSet.NOTSET
"""An argument that was not given, where None is a value."""


def is_arg_set(value: object) -> TypeGuard[UserValue]:
    """Whether an argument was given."""
    return value is not NOTSET


class SetDuringExecution(Enum):
    """The type of `SET_DURING_EXECUTION`."""

    SET_DURING_EXECUTION = "DYNAMIC (set during execution)"

    def __str__(self) -> str:
        return self.value


SET_DURING_EXECUTION: Final = SetDuringExecution.SET_DURING_EXECUTION
"""A template field whose value is only made while the task runs."""
