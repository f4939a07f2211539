"""A module whose names are imported when they are first asked for."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from slipstream.compat.surface import Surface, Target
from slipstream.sdk._deprecation import warn_deprecated


class LazyModule(ModuleType):
    """One module of the `airflow.*` surface."""

    def __init__(self, name: str, surface: Surface) -> None:
        super().__init__(name)
        self.__dict__["_surface"] = surface
        names = surface.names(name)
        if names:
            self.__all__ = sorted(n for n in names if not n.startswith("_"))

    def __getattr__(self, name: str) -> Any:
        surface: Surface = self.__dict__["_surface"]
        target = surface.target(self.__name__, name)
        if target is not None:
            value = _resolve(target)
            if target.replacement is None:
                self.__dict__[name] = value
            else:
                warn_deprecated(f"{self.__name__}.{name}", f"Use {target.replacement}.")
            return value
        submodule = f"{self.__name__}.{name}"
        if surface.has_module(submodule) and not name.startswith("__"):
            return importlib.import_module(submodule)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        surface: Surface = self.__dict__["_surface"]
        return sorted({*self.__dict__, *surface.names(self.__name__)})


def _resolve(target: Target) -> Any:
    module = importlib.import_module(target.module)
    return module if target.attribute is None else getattr(module, target.attribute)
