"""`slipstream plugins`: what the plugins of this deployment add."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping

from slipstream.cli.deployment import Deployment
from slipstream.cli.grammar import Group
from slipstream.cli.output import show_rows
from slipstream.model.json import JsonValue

COLUMNS = (
    "name",
    "source",
    "admin_views",
    "react_apps",
    "appbuilder_menu_items",
    "operator_extra_links",
    "listeners",
    "timetables",
    "macros",
    "fastapi_root_middlewares",
    "fastapi_apps",
    "menu_links",
    "priority_weight_strategies",
    "external_views",
    "appbuilder_views",
    "flask_blueprints",
    "global_operator_extra_links",
)


def add_commands(group: Group) -> None:
    """A command without verbs."""
    group.command(show_plugins).add_output()


def show_plugins(_deployment: Deployment, arguments: Namespace) -> int:
    """Load the plugins here, print what they add, and say what is wrong with the others."""
    from slipstream import compat
    from slipstream.sdk._plugins.description import plugin_info
    from slipstream.sdk._plugins.loading import plugins

    compat.install()
    rows: list[Mapping[str, JsonValue]] = list(plugin_info())
    if rows:
        shows_all = arguments.output in {"json", "yaml"}
        columns = [name for name in COLUMNS if shows_all or any(row[name] for row in rows)]
        show_rows(rows, arguments.output, columns=columns)
    else:
        print("No plugins loaded")
    errors = plugins().import_errors
    for where, error in errors.items():
        print(f"slipstream: the plugin of {where} is not used: {error}", file=sys.stderr)
    return 1 if errors else 0
