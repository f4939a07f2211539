"""A sensor that calls a function."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from slipstream.sdk._callables import call_with_context
from slipstream.sdk._context import context_merge
from slipstream.sdk._types import UserValue
from slipstream.sdk.sensors.base import BaseSensorOperator, PokeReturnValue

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class PythonSensor(BaseSensorOperator):
    """Waits until `python_callable` returns something true.

    A `PokeReturnValue` may carry a value, which is pushed.
    """

    template_fields: Sequence[str] = ("templates_dict", "op_args", "op_kwargs")

    def __init__(
        self,
        *,
        python_callable: Callable[..., UserValue],
        op_args: Collection[UserValue] | None = None,
        op_kwargs: Mapping[str, UserValue] | None = None,
        templates_dict: Mapping[str, UserValue] | None = None,
        **kwargs: UserValue,
    ) -> None:
        super().__init__(**kwargs)
        self.python_callable = python_callable
        self.op_args = list(op_args or ())
        self.op_kwargs = dict(op_kwargs or {})
        self.templates_dict = templates_dict

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Call the function."""
        context_merge(context, templates_dict=self.templates_dict)
        self.log.info("Poking callable: %s", self.python_callable)
        found = call_with_context(self.python_callable, self.op_args, self.op_kwargs, context)
        return found if isinstance(found, PokeReturnValue) else bool(found)
