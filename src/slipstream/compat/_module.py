"""A module whose names are imported when they are first asked for."""

from __future__ import annotations

import importlib
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from slipstream.compat.errors import NoSuccessorError
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
            value = resolve(target)
            if target.replacement is None:
                self.__dict__[name] = value
            else:
                warn_deprecated(f"{self.__name__}.{name}", f"Use {target.replacement}.")
            return value
        submodule = f"{self.__name__}.{name}"
        if not name.startswith("__") and surface.has_module(submodule):
            return importlib.import_module(submodule)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        surface: Surface = self.__dict__["_surface"]
        return sorted({*self.__dict__, *surface.names(self.__name__)})


class SurfaceLoader(Loader):
    """Makes a module of the surface: a `LazyModule` over its table."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module, its names not resolved yet."""
        return LazyModule(spec.name, self._surface)

    def exec_module(self, module: ModuleType) -> None:
        """There is no code to run."""


def resolve(target: Target) -> Any:
    """What a target stands for. Raises ImportError where nothing took its place."""
    if not target.module:
        raise NoSuccessorError(target.attribute or "", target.replacement or "")
    module = importlib.import_module(target.module)
    return module if target.attribute is None else getattr(module, target.attribute)
