"""Plugins of the deployment, as their own process tells of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, reading
from slipstream.api.call import Call
from slipstream.api.operation import Routes
from slipstream.api.payloads.plugins import (
    PluginCollectionResponse,
    PluginImportErrorCollectionResponse,
    PluginImportErrorResponse,
    PluginResponse,
)

routes = Routes("Plugin")

_log = logging.getLogger(__name__)

_BASE: Final = frozenset({"nav", "dag", "dag_run", "task", "task_instance", "base"})
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "fastapi_apps": ("app", "url_prefix", "name"),
    "fastapi_root_middlewares": ("middleware", "name"),
    "external_views": ("name", "href"),
    "react_apps": ("name", "bundle_url"),
    "appbuilder_views": (),
    "appbuilder_menu_items": ("name", "href"),
}
"""`{kind of entry: texts that one must have}`."""


@routes.add(
    "GET",
    "/plugins",
    permission=reading(Resource.PLUGIN),
    answer=PluginCollectionResponse,
    slow=True,
)
def get_plugins(
    call: Call,
    limit: Annotated[int | None, QueryParameter(ge=0)] = None,
    offset: Annotated[int, QueryParameter(ge=0)] = 0,
) -> PluginCollectionResponse:
    """What each plugin adds, by name. One whose entries lack what they need is left out."""
    settings = call.settings
    size = min(
        settings.fallback_page_limit if limit is None else limit, settings.maximum_page_limit
    )
    told = sorted(call.deployment.plugins().plugins, key=lambda one: str(one["name"]))
    found = [_payload(one) for one in told if _is_whole(one)]
    return PluginCollectionResponse(plugins=found[offset : offset + size], total_entries=len(found))


@routes.add(
    "GET",
    "/plugins/importErrors",
    permission=reading(Resource.PLUGIN),
    answer=PluginImportErrorCollectionResponse,
    slow=True,
)
def import_errors(call: Call) -> PluginImportErrorCollectionResponse:
    """What is wrong with plugins that are not used."""
    errors = [
        PluginImportErrorResponse(source=source, error=error)
        for source, error in call.deployment.plugins().import_errors.items()
    ]
    return PluginImportErrorCollectionResponse(import_errors=errors, total_entries=len(errors))


def _is_whole(told: Mapping[str, Any]) -> bool:
    problem = next(_problems(told), None)
    if problem is not None:
        _log.warning("The plugin %r is not listed: %s", told["name"], problem)
    return problem is None


def _problems(told: Mapping[str, Any]) -> Any:
    for kind, names in _NEEDED.items():
        for entry in told[kind]:
            for name in names:
                if not isinstance(entry.get(name), str):
                    yield f"an entry of its {kind} has no {name}"
            allowed = _BASE | {"dashboard"} if kind == "react_apps" else _BASE
            if kind in {"external_views", "react_apps"} and (
                entry.get("destination", "nav") not in allowed
            ):
                yield f"an entry of its {kind} has the destination {entry['destination']!r}"


def _payload(told: Mapping[str, Any]) -> PluginResponse:
    views = [*told["external_views"], *told["appbuilder_menu_items"]]
    return PluginResponse(
        name=told["name"],
        macros=told["macros"],
        flask_blueprints=told["flask_blueprints"],
        fastapi_apps=told["fastapi_apps"],
        fastapi_root_middlewares=told["fastapi_root_middlewares"],
        external_views=[{**_VIEW, "destination": "nav", **view} for view in views],
        react_apps=[{**_VIEW, "destination": "nav", **app} for app in told["react_apps"]],
        appbuilder_views=[{**_APPBUILDER_VIEW, **view} for view in told["appbuilder_views"]],
        appbuilder_menu_items=[{"category": None, **i} for i in told["appbuilder_menu_items"]],
        global_operator_extra_links=told["global_operator_extra_links"],
        operator_extra_links=told["operator_extra_links"],
        source=told["source"],
        listeners=told["listeners"],
        timetables=told["timetables"],
    )


_VIEW: Final = {
    "icon": None,
    "icon_dark_mode": None,
    "url_route": None,
    "category": None,
    "nav_top_level": False,
}
_APPBUILDER_VIEW: Final = {"name": None, "category": None, "view": None, "label": None}
