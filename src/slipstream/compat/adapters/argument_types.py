"""`ArgNotSet` as a class that providers can derive from and ask for with `isinstance`."""

from __future__ import annotations

from typing import Any

from slipstream.sdk import _types


class _KnowsOurMarks(type):
    def __instancecheck__(cls, instance: Any) -> bool:
        """Our marks are members of enumerations, from which nothing can be derived."""
        if cls is ArgNotSet and isinstance(instance, (_types.ArgNotSet, _types.SetDuringExecution)):
            return True
        return super().__instancecheck__(instance)


class ArgNotSet(metaclass=_KnowsOurMarks):
    """The type of `NOTSET`, and of other marks for arguments without a value."""
