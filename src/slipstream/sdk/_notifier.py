"""Notifiers: callbacks that tell somebody, with template fields of their own."""

from __future__ import annotations

import copy
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Self

from slipstream.sdk._context import Context
from slipstream.sdk._logging import LoggingMixin
from slipstream.sdk._template import Templater, engine_for
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG


class BaseNotifier(LoggingMixin, Templater):
    """Something to pass as a callback. Subclasses say in `notify` whom to tell and how."""

    template_fields: Sequence[str] = ()
    template_ext: Sequence[str] = ()

    def __init__(self, context: Context | None = None) -> None:
        super().__init__()
        self.context = Context({}) if context is None else context
        self.resolve_template_files()

    def notify(self, context: Context) -> None:
        """Tell."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to notify.")

    async def async_notify(self, context: Context) -> None:
        """Tell, from a coroutine."""
        raise NotImplementedError(f"{type(self).__name__} does not say how to notify.")

    def render_template_fields(self, context: Context, jinja_env: UserValue = None) -> None:
        """Replace every template field by its rendered value."""
        dag: DAG | None = context.get("dag")
        engine = jinja_env or engine_for(dag, native=None)
        self._do_render_template_fields(self, self.template_fields, context, engine, set())

    def __call__(self, *args: UserValue) -> None:
        """Render the fields and tell: the form in which a callback is called."""
        context = self._context_of(args)
        if context is None:
            raise TypeError(f"{type(self).__name__} is called with the context of a task.")
        notifier = self._rendered(context)
        notifier.notify(notifier.context)

    def __await__(self) -> Generator[UserValue, UserValue, None]:
        """Render the fields and tell from a coroutine, with the context that it was made with."""
        notifier = self._rendered(self.context)
        return notifier.async_notify(notifier.context).__await__()

    def _rendered(self, context: Context) -> Self:
        """A copy for one call: a notifier serves many tasks, and its own fields stay as they were
        written. They are in the context by their names, too."""
        notifier = copy.copy(self)
        notifier.context = context.copy()
        for name in self.template_fields:
            notifier.context[name] = getattr(self, name)
        notifier.render_template_fields(notifier.context)
        return notifier

    @staticmethod
    def _context_of(args: Sequence[UserValue]) -> Context | None:
        return args[0] if len(args) == 1 else None
