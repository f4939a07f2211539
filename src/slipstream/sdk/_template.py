"""Rendering of template fields."""

from __future__ import annotations

import copy
import logging
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from slipstream.sdk._references import ResolveMixin
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    import jinja2

    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG

_MARKS = ("{{", "{%", "{#", "\r")
"""A text without any of these is its own template, up to the last line break."""


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

    def get_template_env(self, dag: DAG | None = None) -> UserValue:
        """The template engine of the DAG, or a plain one."""
        return self.environment_for(dag, native=None)

    @staticmethod
    def environment_for(dag: DAG | None, *, native: bool | None) -> jinja2.Environment:
        """The template engine of a DAG; `native` overrides whether it gives native objects."""
        if dag is not None:
            return dag.get_template_env(native=native)
        from slipstream.sdk._template_env import plain_environment

        return plain_environment(native=bool(native))

    def prepare_template(self) -> None:
        """Called after the template files were read and before anything is rendered."""

    def resolve_template_files(self) -> None:
        """Replace every field that names a template file by the file's text."""
        if self.template_ext:
            environment: jinja2.Environment | None = None
            for field in self.template_fields:
                value = getattr(self, field, None)
                if self._names_file(value) or (
                    isinstance(value, list) and any(map(self._names_file, value))
                ):
                    environment = environment or self.get_template_env()
                    setattr(self, field, self._read_in(value, environment))
        self.prepare_template()

    def _names_file(self, value: object) -> bool:
        return isinstance(value, str) and value.endswith(tuple(self.template_ext))

    def _read_in(self, value: UserValue, environment: jinja2.Environment) -> UserValue:
        if isinstance(value, list):
            return [
                self._read_in(item, environment) if self._names_file(item) else item
                for item in value
            ]
        loader = environment.loader
        assert loader is not None
        source, _, _ = loader.get_source(environment, value)
        return source

    def render_template(
        self,
        content: UserValue,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> UserValue:
        """The value with every text in it rendered, in lists, mappings and nested fields too."""
        environment = jinja_env if jinja_env is not None else self.get_template_env()
        return self._rendered(content, context, environment, seen_oids or set())

    def _rendered(
        self,
        value: UserValue,
        context: Context,
        environment: jinja2.Environment,
        seen: set[int],
    ) -> UserValue:
        if isinstance(value, str):
            return self._rendered_text(value, context, environment)
        if isinstance(value, ResolveMixin):
            return value.resolve(context)
        if value is None or isinstance(value, bool | int | float | bytes):
            return value

        def render(item: UserValue) -> UserValue:
            return self._rendered(item, context, environment, seen)

        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(render, value))
        if isinstance(value, tuple | list | set | frozenset) and type(value) in _PLAIN:
            return type(value)(map(render, value))
        if isinstance(value, dict):
            return {key: render(item) for key, item in value.items()}
        return self._rendered_nested(value, context, environment, seen)

    def _rendered_text(
        self, text: str, context: Context, environment: jinja2.Environment
    ) -> UserValue:
        if self.template_ext and self._names_file(text):
            template = environment.get_template(text)
        elif _is_plain(text, environment):
            return text.removesuffix("\n")
        else:
            template = environment.from_string(text)
        from slipstream.sdk._template_env import render

        return render(template, context)

    def _rendered_nested(
        self,
        value: UserValue,
        context: Context,
        environment: jinja2.Environment,
        seen: set[int],
    ) -> UserValue:
        """An object with template fields of its own, as a copy with those rendered."""
        fields = getattr(value, "template_fields", None)
        if id(value) in seen or isinstance(value, type) or not isinstance(fields, list | tuple):
            return value
        seen.add(id(value))
        rendered = copy.copy(value)
        self._do_render_template_fields(rendered, fields, context, environment, seen)
        return rendered

    def _do_render_template_fields(
        self,
        parent: UserValue,
        template_fields: Collection[str],
        context: Context,
        jinja_env: jinja2.Environment,
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
                rendered = self._rendered(value, context, jinja_env, seen_oids)
            except Exception:
                self.log.exception(
                    "Field %r of %s could not be rendered; its template is %r.",
                    field,
                    getattr(parent, "task_id", type(parent).__name__),
                    value,
                )
                raise
            setattr(parent, field, rendered)


_PLAIN = (tuple, list, set, frozenset)


def _is_plain(text: str, environment: jinja2.Environment) -> bool:
    """Whether rendering the text would give back the text, so that the engine is not needed."""
    return getattr(environment, "renders_as_usual", False) and not any(
        mark in text for mark in _MARKS
    )


def rendered_fields(templater: Templater, limit: int = 4096) -> Mapping[str, UserValue]:
    """`{field: value}` after rendering, as JSON can hold it; what is longer than `limit` is cut."""
    return {
        field: _shown(getattr(templater, field, None), limit) for field in templater.template_fields
    }


def _shown(value: UserValue, limit: int) -> UserValue:
    import json

    plain = _jsonable(value)
    text = plain if isinstance(plain, str) else json.dumps(plain)
    if len(text) <= limit:
        return plain
    return f"{text[:limit]} … ({len(text) - limit} more characters)"


def _jsonable(value: UserValue) -> UserValue:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_jsonable(item) for item in value]
    if callable(value) and hasattr(value, "__qualname__"):
        return f"<callable {value.__module__}.{value.__qualname__}>"
    return str(value)
