"""A module whose names are imported when they are first asked for."""

from __future__ import annotations

import importlib
import os
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from slipstream.compat.errors import NoSuccessorError
from slipstream.compat.surface import Surface, Target
from slipstream.sdk._deprecation import warn_deprecated

if TYPE_CHECKING:
    from importlib.abc import Loader
else:  # The real ones cost more to import than all that this package does.
    Loader = object


class LazyModule(ModuleType):
    """One module of the `airflow.*` surface."""

    def __init__(self, name: str, surface: Surface) -> None:
        super().__init__(name)
        self.__dict__["_surface"] = surface
        if name == "airflow":
            # DAG files look for the folder that it lies in.
            self.__file__ = os.path.join(os.path.dirname(__file__), "__init__.py")
        names = surface.names(name)
        if names:
            self.__all__ = sorted(n for n in names if not n.startswith("_"))

    def __getattr__(self, name: str) -> Any:
        surface: Surface = self.__dict__["_surface"]
        target = surface.target(self.__name__, name)
        if target is not None:
            if target.replacement is not None:
                return resolve_former(f"{self.__name__}.{name}", target)
            value = resolve(target)
            self.__dict__[name] = value
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


_resolving: list[str] = []
"""Former names that are being looked up: one may stand for another, and one warning is enough."""


def resolve_former(name: str, target: Target) -> Any:
    """What a former name stands for, with one warning that says the new one."""
    _resolving.append(name)
    try:
        value = resolve(target)
    finally:
        _resolving.pop()
    if not _resolving:
        warn_deprecated(name, f"Use {target.replacement}.")
    return value


def resolve(target: Target) -> Any:
    """What a target stands for. Raises ImportError where nothing took its place."""
    if not target.module:
        raise NoSuccessorError(target.attribute or "", target.replacement or "")
    module = importlib.import_module(target.module)
    return module if target.attribute is None else getattr(module, target.attribute)
