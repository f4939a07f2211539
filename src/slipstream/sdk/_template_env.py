"""The template engine: Jinja with the filters and the rules that DAG files rely on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import jinja2
import jinja2.nativetypes
import jinja2.runtime
import jinja2.sandbox
from jinja2.utils import missing

from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class _LazyContext(jinja2.runtime.Context):
    """Looks names up as the template asks for them: some are costly, some warn."""

    def resolve_or_missing(self, key: str) -> UserValue:
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        return missing

    def get_all(self) -> UserValue:
        """What an included template sees."""
        return _Names(self.vars, self.parent) if self.vars else self.parent


class _SandboxRules:
    """Names that begin with one underscore are within reach, those with two are not."""

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        return not jinja2.sandbox.is_internal_attribute(obj, attr)


class SandboxedEnvironment(_SandboxRules, jinja2.sandbox.SandboxedEnvironment):
    """Renders to text."""

    context_class = _LazyContext


class NativeEnvironment(
    _SandboxRules, jinja2.sandbox.SandboxedEnvironment, jinja2.nativetypes.NativeEnvironment
):
    """Renders to Python objects: `"{{ 1 + 1 }}"` becomes the number 2."""

    context_class = _LazyContext


def environment(
    *,
    native: bool,
    searchpath: Sequence[str],
    undefined: type[jinja2.Undefined],
    macros: Mapping[str, UserValue],
    filters: Mapping[str, Callable[..., UserValue]],
    options: Mapping[str, UserValue],
) -> jinja2.Environment:
    """The engine for the templates of one DAG."""
    arguments: dict[str, UserValue] = {
        "loader": jinja2.FileSystemLoader(list(searchpath)),
        "undefined": undefined,
        "extensions": ["jinja2.ext.do"],
        "cache_size": 0,
        **options,
    }
    made = (NativeEnvironment if native else SandboxedEnvironment)(**arguments)
    made.filters.update(FILTERS)
    made.filters.update(filters)
    made.globals.update(macros)
    return made


def plain_environment(*, native: bool) -> jinja2.Environment:
    """The engine for templates of something that belongs to no DAG."""
    return environment(
        native=native,
        searchpath=(),
        undefined=jinja2.StrictUndefined,
        macros={},
        filters={},
        options={},
    )


class _Names(Mapping[str, UserValue]):
    """The task's context, and behind it the engine's globals."""

    def __init__(self, context: Mapping[str, UserValue], fallback: Mapping[str, UserValue]) -> None:
        self._context = context
        self._fallback = fallback

    def __getitem__(self, key: str) -> UserValue:
        return self._context[key] if key in self._context else self._fallback[key]

    def __contains__(self, key: object) -> bool:
        return key in self._context or key in self._fallback

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys([*self._context, *self._fallback])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def copy(self) -> dict[str, UserValue]:
        """What was computed so far; the engine shows it in the traceback of a template."""
        return dict(dict.items(self._context)) if isinstance(self._context, dict) else {}


def render(template: jinja2.Template, context: Context) -> UserValue:
    """The template with the names of the context; only those are computed that it mentions."""
    # Template.render() would copy the context first, which computes everything in it.
    names: UserValue = _Names(context, template.globals)
    scope = template.new_context(names, shared=True)
    try:
        return template.environment.concat(template.root_render_func(scope))
    except Exception:
        template.environment.handle_exception()
        raise


# ---------------------------------------------------------------------- filters


def ds(value: datetime | None) -> str | None:
    """`2026-01-31`."""
    return None if value is None else value.strftime("%Y-%m-%d")


def ds_nodash(value: datetime | None) -> str | None:
    """`20260131`."""
    return None if value is None else value.strftime("%Y%m%d")


def ts(value: datetime | None) -> str | None:
    """`2026-01-31T00:00:00+00:00`."""
    return None if value is None else value.isoformat()


def ts_nodash(value: datetime | None) -> str | None:
    """`20260131T000000`."""
    return None if value is None else value.strftime("%Y%m%dT%H%M%S")


def ts_nodash_with_tz(value: datetime | None) -> str | None:
    """`20260131T000000+0000`."""
    return None if value is None else value.isoformat().replace("-", "").replace(":", "")


FILTERS: Mapping[str, Callable[..., UserValue]] = {
    "ds": ds,
    "ds_nodash": ds_nodash,
    "ts": ts,
    "ts_nodash": ts_nodash,
    "ts_nodash_with_tz": ts_nodash_with_tz,
}
