"""The import finder that serves `airflow.*` from tables instead of files.

A module of the surface is a table `{name: "module:attribute"}`; a name is imported when it is
first asked for, so that `import airflow` costs next to nothing. What the tables do not list does
not exist: an import of it fails as it would where the name was never there. Only below
`airflow.providers` the search goes on to the installed provider packages.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from slipstream.compat._amending import DroppedNamesFinder
from slipstream.compat._module import SurfaceLoader
from slipstream.compat.errors import AirflowAlreadyImportedError
from slipstream.compat.explaining import ExplainingFinder
from slipstream.compat.surface import Surface, load_surface

if TYPE_CHECKING:
    from importlib.abc import MetaPathFinder
else:  # The real ones cost more to import than all that this package does.
    MetaPathFinder = object

_ROOT = "airflow"
_PROVIDERS = "airflow.providers"
_STANDARD = "airflow.providers.standard"


class SurfaceFinder(MetaPathFinder):
    """Finds `airflow` and what the surface lists below it; leaves providers to the others."""

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._loader = SurfaceLoader(surface)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module of the surface, or None to let the next finder look."""
        del path, target
        if fullname != _ROOT and not fullname.startswith("airflow."):
            return None
        if not self._surface.has_module(fullname):
            return None
        if _is_installed_provider(fullname):
            return None
        spec = ModuleSpec(fullname, self._loader, is_package=True)
        spec.submodule_search_locations = _search_locations(fullname)
        if fullname == _ROOT:
            # Who asks where the package lies (Flask does, for its files) expects a place.
            spec.origin = __file__
        return spec


def install() -> None:
    """Make `airflow.*` resolve to Slipstream in this process; a second call does nothing.

    Raises `AirflowAlreadyImportedError` where another `airflow` was imported before.
    """
    if is_installed():
        return
    present = sys.modules.get(_ROOT)
    if present is not None:
        raise AirflowAlreadyImportedError(getattr(present, "__file__", None))
    sys.meta_path[:0] = [SurfaceFinder(load_surface()), DroppedNamesFinder()]
    sys.meta_path.append(ExplainingFinder())


def is_installed() -> bool:
    """Whether `install()` is in force."""
    return any(isinstance(finder, SurfaceFinder) for finder in sys.meta_path)


def uninstall() -> None:
    """Take the finder away again and forget every `airflow` module that it made."""
    ours = (SurfaceFinder, DroppedNamesFinder, ExplainingFinder)
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, ours)]
    modules: Mapping[str, ModuleType] = dict(sys.modules)
    for name in modules:
        if name == _ROOT or name.startswith("airflow."):
            del sys.modules[name]


def _search_locations(fullname: str) -> list[str]:
    """Folders where installed provider packages may lie; none outside of `airflow.providers`."""
    if fullname != _PROVIDERS and not fullname.startswith(_PROVIDERS + "."):
        return []
    parts = fullname.split(".")
    candidates = (Path(entry or ".").joinpath(*parts) for entry in sys.path)
    return [str(folder) for folder in candidates if folder.is_dir()]


def _is_installed_provider(fullname: str) -> bool:
    """Whether a provider distribution on the path brings this package itself.

    The surface has stand-ins for some provider modules; an installed package wins as a whole. Only
    the standard provider is ours: what the surface has of it wins, and an installed package gives
    what the surface lacks.
    """
    if not fullname.startswith(_PROVIDERS + ".") or f"{fullname}.".startswith(_STANDARD + "."):
        return False
    # Some providers share a namespace: `airflow.providers.common.io` is one of those.
    parts = fullname.split(".")
    return any(
        Path(folder, "__init__.py").is_file()
        for length in (3, 4)
        for folder in _search_locations(".".join(parts[:length]))
    )
