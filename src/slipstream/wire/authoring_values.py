"""Objects of the authoring API, taken apart and put together: assets, and params.

An asset's watchers stay behind: they belong to the DAG file that declares it.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

NAMES = frozenset({"asset", "asset_alias", "asset_condition", "param", "params"})

_ASSETS = "slipstream.sdk._assets"
_PARAMS = "slipstream.sdk._params"


def dismantle(value: Any) -> tuple[str, Any] | None:
    """Name and parts, or None if the value is none of these."""
    if not type(value).__module__.startswith("slipstream.sdk."):
        return None
    assets: Any = sys.modules.get(_ASSETS)
    if assets is not None and isinstance(value, assets.BaseAsset):
        return _of_asset(assets, value)
    params: Any = sys.modules.get(_PARAMS)
    if params is not None and isinstance(value, params.Param):
        return "param", _of_param(value)
    if params is not None and isinstance(value, params.ParamsDict):
        return "params", {name: _of_param(param) for name, param in value.items()}
    return None


def rebuild(name: str, parts: Any) -> Any:
    """The value from its parts."""
    if name == "param":
        return _param(parts)
    if name == "params":
        params: Any = importlib.import_module(_PARAMS)
        return params.ParamsDict({key: _param(each) for key, each in parts.items()})
    assets: Any = importlib.import_module(_ASSETS)
    if name == "asset_condition":
        kinds = {"AssetAll": assets.AssetAll, "AssetAny": assets.AssetAny}
        return kinds[parts["kind"]](*parts["of"])
    if name == "asset_alias":
        return assets.AssetAlias(**parts)
    kinds = {"Asset": assets.Asset, "Dataset": assets.Dataset, "Model": assets.Model}
    kind = kinds[parts.pop("kind")]
    return kind(**parts)


def _of_asset(assets: Any, value: Any) -> tuple[str, Any] | None:
    kind = type(value).__name__
    if isinstance(value, assets.AssetAlias):
        return "asset_alias", {"name": value.name, "group": value.group}
    if isinstance(value, assets.AssetAll | assets.AssetAny):
        return "asset_condition", {"kind": kind, "of": list(value.objects)}
    if isinstance(value, assets.Asset):
        return "asset", {
            "kind": kind if kind in {"Dataset", "Model"} else "Asset",
            "name": value.name,
            "uri": value.uri,
            "group": value.group,
            "extra": dict(value.extra),
        }
    return None


def _of_param(value: Any) -> dict[str, Any]:
    parts = {"description": value.description, "source": value.source, "schema": value.schema}
    return {**parts, "default": value.value} if value.has_value else parts


def _param(parts: Any) -> Any:
    return importlib.import_module(_PARAMS).Param(**parts)
