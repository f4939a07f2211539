"""Which hook belongs to which connection type, as the installed providers say."""

from __future__ import annotations

import importlib
from functools import cache

from slipstream.sdk._provider_info import provided
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException


def hook_class(conn_type: str) -> tuple[type[UserValue], str]:
    """The hook class of a connection type, and the name of its parameter for the connection id.

    Raises `AirflowException` where no installed provider knows the type.
    """
    path = _hook_paths().get(conn_type)
    if path is None:
        raise AirflowException(
            f"No installed provider has a hook for connections of type {conn_type!r}. "
            f"Install the provider package of that service; known types: "
            f"{', '.join(sorted(_hook_paths())) or 'none'}."
        )
    module, _, name = path.rpartition(".")
    hook: type[UserValue] = getattr(importlib.import_module(module), name)
    return hook, getattr(hook, "conn_name_attr", "conn_id")


_OWN = {
    "fs": "slipstream.sdk.hooks.filesystem.FSHook",
    "package_index": "slipstream.sdk.hooks.package_index.PackageIndexHook",
}
"""Of the standard provider, which is no package here."""


@cache
def _hook_paths() -> dict[str, str]:
    installed = {
        kind["connection-type"]: kind["hook-class-name"] for kind in provided("connection-types")
    }
    return {**installed, **_OWN}
