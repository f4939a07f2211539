"""What each plugin adds, as data to show: names of code, and the fields of views and menus."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

from slipstream.sdk._plugins.loading import plugins
from slipstream.sdk._plugins.parts import qualified
from slipstream.sdk._plugins.plugin import AirflowPlugin
from slipstream.sdk._types import UserValue

_log = logging.getLogger(__name__)

_NAMED = ("macros", "timetables", "priority_weight_strategies", "listeners")
_LINKS = ("global_operator_extra_links", "operator_extra_links")
_PLAIN = ("admin_views", "menu_links", "appbuilder_menu_items")
_SHOWN = ("external_views", "react_apps")


def plugin_info(attributes: Iterable[str] | None = None) -> list[dict[str, UserValue]]:
    """`{attribute: what people may see of it}` of each plugin, in the order of loading."""
    routes: dict[str, str] = {}
    told = [_told(plugin, routes) for plugin in plugins().loaded]
    if attributes is None:
        return told
    wanted = {"name", *attributes}
    return [{key: value for key, value in one.items() if key in wanted} for one in told]


def _told(plugin: AirflowPlugin, routes: dict[str, str]) -> dict[str, UserValue]:
    return {
        "name": plugin.name,
        "source": str(plugin.source or ""),
        **{kind: [qualified(entry) for entry in getattr(plugin, kind)] for kind in _NAMED},
        **{
            kind: [f"<{qualified(type(x))} object>" for x in getattr(plugin, kind)]
            for kind in _LINKS
        },
        **{kind: list(getattr(plugin, kind)) for kind in _PLAIN},
        **{kind: list(_views(plugin, kind, routes)) for kind in _SHOWN},
        "appbuilder_views": list(_with_class(plugin.appbuilder_views, "view")),
        "fastapi_apps": list(_with_class(plugin.fastapi_apps, "app")),
        # Arguments of middlewares may be secrets.
        "fastapi_root_middlewares": [
            {
                key: qualified(value) if key == "middleware" else value
                for key, value in entry.items()
                if key not in {"args", "kwargs"}
            }
            for entry in plugin.fastapi_root_middlewares
        ],
        "flask_blueprints": [
            f"<{qualified(type(blueprint))}: name={blueprint.name!r} "
            f"import_name={blueprint.import_name!r}>"
            for blueprint in plugin.flask_blueprints
        ],
    }


def _with_class(
    entries: Sequence[Mapping[str, UserValue]], key: str
) -> Iterator[dict[str, UserValue]]:
    for entry in entries:
        yield {**entry, key: qualified(type(entry[key])) if key in entry else None}


def _views(plugin: AirflowPlugin, kind: str, routes: dict[str, str]) -> Iterator[UserValue]:
    """Those that can be shown: two views cannot have the same route."""
    for view in getattr(plugin, kind):
        if not isinstance(view, Mapping):
            _log.warning("Plugin %r has a view in %s that is no dictionary", plugin.name, kind)
            continue
        route = view.get("url_route")
        if route is not None and route in routes:
            _log.warning(
                "Plugin %r has a view with the route %r, which plugin %r has already",
                plugin.name,
                route,
                routes[route],
            )
            continue
        if route is not None:
            routes[route] = str(plugin.name)
        yield dict(view)
