"""Names that provider packages lost, renamed or changed, beside what the installed one has.

A module that the package does not have any more is made from the table. In one that it still has,
names that are missing are looked up in the table; one that is there is replaced, where its
successor takes the arguments of older releases as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

from slipstream.compat._module import SurfaceLoader, resolve, resolve_former
from slipstream.compat.explaining import is_provider_imported
from slipstream.compat.surface import Surface, Target, dropped_names

if TYPE_CHECKING:
    from importlib.abc import Loader, MetaPathFinder
else:  # The real ones cost more to import than all that this package does.
    Loader = MetaPathFinder = object


class DroppedNamesFinder(MetaPathFinder):
    """Finds what `dropped.csv` lists, where the provider that had it is installed."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The installed module with the names that it lacks, or one that has nothing but those."""
        del target
        if not fullname.startswith("airflow.providers."):
            return None
        dropped = _surface_of_dropped_names()
        if not dropped.has_module(fullname):
            return None
        installed = PathFinder.find_spec(fullname, path)
        if installed is not None and installed.loader is not None:
            names = dropped_names().get(fullname)
            if not names:
                return None
            installed.loader = AmendingLoader(installed.loader, names)
            return installed
        if installed is not None or not is_provider_imported(fullname):
            return None
        return ModuleSpec(fullname, SurfaceLoader(dropped), is_package=True)


class AmendingLoader(Loader):
    """Loads a module as its own loader does, and adds the names of a table."""

    def __init__(self, inner: Loader, names: Mapping[str, Target]) -> None:
        self._inner = inner
        self._names = names

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """What the module's own loader makes."""
        return self._inner.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module, then add the names."""
        self._inner.exec_module(module)
        _add_missing(module, self._names)
        for name, target in self._names.items():
            # The successors import what they adapt from this very module.
            if name not in module.__dict__:
                continue
            setattr(module, name, resolve(target))

    def __getattr__(self, name: str) -> Any:
        """Everything else of the module's own loader: its source, its resources."""
        return getattr(self._inner, name)


def _add_missing(module: ModuleType, names: Mapping[str, Target]) -> None:
    own = module.__dict__.get("__getattr__")

    def lookup(name: str) -> Any:
        target = names.get(name)
        if target is not None:
            return resolve_former(f"{module.__name__}.{name}", target)
        if own is not None:
            return own(name)
        raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")

    module.__dict__["__getattr__"] = lookup


@cache
def _surface_of_dropped_names() -> Surface:
    return Surface.of_targets(dropped_names())
