"""What plugins add, and what is wrong with those that could not be loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slipstream.api.payloads.base import Payload
from slipstream.model.json import JsonValue

Described = Mapping[str, JsonValue]
"""A view, a menu item, an application or a middleware, with whatever fields its plugin gave it."""


class PluginResponse(Payload, frozen=True, kw_only=True):
    """One plugin. Code is named, never shown."""

    name: str
    macros: Sequence[str]
    flask_blueprints: Sequence[str]
    fastapi_apps: Sequence[Described]
    fastapi_root_middlewares: Sequence[Described]
    external_views: Sequence[Described]
    """Those of `appbuilder_menu_items` are among them."""
    react_apps: Sequence[Described]
    appbuilder_views: Sequence[Described]
    appbuilder_menu_items: Sequence[Described]
    global_operator_extra_links: Sequence[str]
    operator_extra_links: Sequence[str]
    source: str
    listeners: Sequence[str]
    timetables: Sequence[str]


class PluginCollectionResponse(Payload, frozen=True, kw_only=True):
    """A page of plugins."""

    plugins: Sequence[PluginResponse]
    total_entries: int


class PluginImportErrorResponse(Payload, frozen=True, kw_only=True):
    """What is wrong with one plugin."""

    source: str
    error: str


class PluginImportErrorCollectionResponse(Payload, frozen=True, kw_only=True):
    """Everything that is wrong with plugins."""

    import_errors: Sequence[PluginImportErrorResponse]
    total_entries: int
