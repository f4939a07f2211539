"""Rendering of template fields."""

from __future__ import annotations

import copy
import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeGuard

from slipstream.sdk._conf import authoring_defaults
from slipstream.sdk._references import ResolveMixin
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    import jinja2

    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG

_MARKS = ("{{", "{%", "{#", "\r")
"""A text without any of these is its own template, up to the last line break."""


class Engine:
    """The template engine, made when the first template needs it; most texts are none."""

    def __init__(self, make: Callable[[], jinja2.Environment], *, as_usual: bool) -> None:
        self._make = make
        self._made: jinja2.Environment | None = None
        self.as_usual = as_usual
        """Whether a text without any mark renders to itself."""

    @classmethod
    def of(cls, environment: jinja2.Environment | Engine) -> Engine:
        """An engine from the environment that somebody brings along."""
        if isinstance(environment, Engine):
            return environment
        return cls(lambda: environment, as_usual=False)

    @property
    def environment(self) -> jinja2.Environment:
        """The engine itself."""
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getattr__(self, name: str) -> UserValue:
        return getattr(self.environment, name)


class Templater:
    """Something with template fields: an operator, a notifier, or an object in an operator's field.

    `template_fields` names the attributes, `template_ext` the endings of texts that name a file
    to be rendered in their stead.
    """

    template_fields: Collection[str] = ()
    template_ext: Sequence[str] = ()

    @property
    def log(self) -> logging.Logger:
        """Where a template that fails is told of."""
        return logging.getLogger("airflow.task")

    def get_template_env(self, dag: DAG | None = None) -> jinja2.Environment:
        """The template engine of the DAG, or a plain one."""
        return engine_for(dag, native=None).environment

    def prepare_template(self) -> None:
        """Called after the template files were read and before anything is rendered."""

    def resolve_template_files(self) -> None:
        """Replace every field that names a template file by the file's text."""
        for field in self.template_fields if self.template_ext else ():
            value = getattr(self, field, None)
            if self._names_file(value):
                setattr(self, field, self._read_in(field, value))
            elif isinstance(value, list) and any(map(self._names_file, value)):
                read = [
                    self._read_in(field, one) if self._names_file(one) else one for one in value
                ]
                setattr(self, field, read)
        self.prepare_template()

    def _names_file(self, value: object) -> TypeGuard[str]:
        return isinstance(value, str) and value.endswith(tuple(self.template_ext))

    def _read_in(self, field: str, name: str) -> str:
        environment = self.get_template_env()
        loader = environment.loader
        assert loader is not None
        try:
            source, _, _ = loader.get_source(environment, name)
        except LookupError as error:  # What TemplateNotFound is.
            from slipstream.sdk._template_errors import without_file

            raise without_file(error, self, field, name) from None
        return source

    def render_template(
        self,
        content: UserValue,
        context: Context,
        jinja_env: jinja2.Environment | Engine | None = None,
        seen_oids: set[int] | None = None,
    ) -> UserValue:
        """The value with every text in it rendered, in lists, mappings and nested fields too."""
        kind = type(content)
        if content is None or kind in _NEVER_RENDERED:
            return content
        if not content and kind in _CONTAINERS:
            return kind()
        if isinstance(content, ResolveMixin):
            return content.resolve(context)
        if isinstance(content, bool | int | float | bytes):
            return content
        seen = set() if seen_oids is None else seen_oids
        if id(content) in seen:
            return content
        engine = Engine.of(self.get_template_env() if jinja_env is None else jinja_env)
        if isinstance(content, str):
            return self._rendered_text(content, context, engine)

        def render(item: UserValue) -> UserValue:
            return self.render_template(item, context, engine, seen)

        if isinstance(content, tuple) and hasattr(content, "_fields"):
            return type(content)(*map(render, content))
        if type(content) in _PLAIN:
            return type(content)(map(render, content))
        if isinstance(content, dict):
            return {key: render(item) for key, item in content.items()}
        return self._rendered_object(content, context, engine, seen)

    def _rendered_text(self, text: str, context: Context, engine: Engine) -> UserValue:
        if self.template_ext and self._names_file(text):
            template = engine.environment.get_template(text)
        elif engine.as_usual and not any(mark in text for mark in _MARKS):
            return text.removesuffix("\n")
        else:
            template = engine.environment.from_string(text)
        from slipstream.sdk._template_env import render

        return render(template, context)

    def _rendered_object(
        self, value: UserValue, context: Context, engine: Engine, seen: set[int]
    ) -> UserValue:
        """An object with template fields of its own is copied, so that the DAG's stays as it is."""
        if isinstance(value, type) or id(value) in seen:
            return value
        if isinstance(getattr(value, "template_fields", None), list | tuple):
            seen.add(id(value))
            value = copy.copy(value)
        self._render_nested_template_fields(value, context, engine, seen)
        return value

    def _render_nested_template_fields(
        self,
        value: UserValue,
        context: Context,
        jinja_env: jinja2.Environment | Engine,
        seen_oids: set[int],
    ) -> None:
        """Render the template fields of an object in place. Providers do more for their own."""
        if id(value) in seen_oids:
            return
        seen_oids.add(id(value))
        fields = getattr(value, "template_fields", None)
        if isinstance(fields, list | tuple):
            self._do_render_template_fields(value, fields, context, jinja_env, seen_oids)

    def _do_render_template_fields(
        self,
        parent: UserValue,
        template_fields: Collection[str],
        context: Context,
        jinja_env: jinja2.Environment | Engine,
        seen_oids: set[int],
    ) -> None:
        for field in template_fields:
            try:
                value = getattr(parent, field)
            except AttributeError as error:
                raise AttributeError(
                    f"{type(parent).__name__} has {field!r} among its template_fields, but no "
                    f"attribute of that name. Set it in __init__."
                ) from error
            if value is None or value == "":
                continue
            try:
                rendered = self.render_template(value, context, jinja_env, seen_oids)
            except Exception as error:
                from slipstream.sdk._template_errors import located

                told = located(error, parent, field, value)
                self.log.exception(
                    "Field %r of %s could not be rendered; its template is %r.",
                    field,
                    getattr(parent, "task_id", type(parent).__name__),
                    value,
                )
                if told is error:
                    raise
                raise told from None
            setattr(parent, field, rendered)


def engine_for(dag: DAG | None, *, native: bool | None) -> Engine:
    """The template engine of a DAG; `native` overrides whether it gives native objects."""
    if dag is not None:
        wanted = dag.render_template_as_native_obj if native is None else native
        # A partial and not a function: Python touches far more memory to make one of those.
        return Engine(
            partial(dag.get_template_env, native=native),
            as_usual=not wanted and not dag.jinja_environment_kwargs,
        )

    def make() -> jinja2.Environment:
        from slipstream.sdk._template_env import plain_environment

        return plain_environment(native=bool(native))

    return Engine(make, as_usual=not native)


_NEVER_RENDERED = frozenset({bool, int, float, bytes})
_PLAIN = frozenset({tuple, list, set, frozenset})
_CONTAINERS = _PLAIN | {dict}


def rendered_fields(templater: Templater, limit: int | None = None) -> Mapping[str, UserValue]:
    """`{field: value}` after rendering, as JSON can hold it.

    What is longer than `limit`, by default `[core] max_templated_field_length`, is cut.
    """
    longest = authoring_defaults().longest_shown_field if limit is None else limit
    # A loop and not a comprehension, which Python 3.11 makes a function for.
    found: dict[str, UserValue] = {}
    for field in templater.template_fields:
        value = getattr(templater, field, None)
        found[field] = value if value is None else _shown(value, longest)
    return found


_MOST_ESCAPED = 12
"""Characters that JSON writes at most for one: a surrogate pair in hexadecimal."""


def _shown(value: UserValue, limit: int) -> UserValue:
    plain = _jsonable(value)
    if not isinstance(plain, str) and len(repr(plain)) * _MOST_ESCAPED <= limit:
        return plain
    text = plain if isinstance(plain, str) else json.dumps(plain)
    if len(text) <= limit:
        return plain
    return f"{text[:limit]} … ({len(text) - limit} more characters)"


def _jsonable(value: UserValue) -> UserValue:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if type(value) is list:
        return [_jsonable(item) for item in value]
    if type(value) is dict or isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_jsonable(item) for item in value]
    if callable(value) and hasattr(value, "__qualname__"):
        return f"<callable {value.__module__}.{value.__qualname__}>"
    return str(value)
