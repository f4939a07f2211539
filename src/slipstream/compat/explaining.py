"""The last finder: where nobody has found a module of Airflow's, it says why and what to do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import TYPE_CHECKING

from slipstream.compat.errors import ModuleGoneError, ProviderNotInstalledError
from slipstream.compat.surface import refusal

if TYPE_CHECKING:
    from importlib.abc import MetaPathFinder
else:  # The real ones cost more to import than all that this package does.
    MetaPathFinder = object

_PROVIDERS = "airflow.providers."
_FAMILIES = frozenset({"apache", "atlassian", "cncf", "common", "dbt", "ibm", "microsoft"})
"""What several packages share: `airflow.providers.apache.hive` is of the package `apache-hive`."""


class ExplainingFinder(MetaPathFinder):
    """Raises ModuleNotFoundError with words, for what an `import` asked for."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None to whoever only asks whether a module is there.

        What several packages share is found, and is empty, so that the package can be named.
        """
        del path, target
        if not fullname.startswith("airflow.") or not _is_imported():
            return None
        if fullname.removeprefix(_PROVIDERS) in _FAMILIES:
            return ModuleSpec(fullname, None, is_package=True)
        instead = refusal(fullname)
        if instead is not None:
            raise ModuleGoneError(fullname, instead)
        provider = provider_of(fullname)
        if provider is not None and not is_provider_imported(fullname):
            package = f"apache-airflow-providers-{provider}"
            raise ProviderNotInstalledError(fullname, package, provider)
        return None


def provider_of(module: str) -> str | None:
    """The provider that has a module below `airflow.providers`, as in the name of its package; None
    for other modules, and for what several packages share."""
    if not module.startswith(_PROVIDERS):
        return None
    parts = module.removeprefix(_PROVIDERS).split(".")
    length = 2 if parts[0] in _FAMILIES else 1
    return "-".join(parts[:length]).replace("_", "-") if len(parts) >= length else None


def is_provider_imported(module: str) -> bool:
    """Whether the package that a module belongs to was found; what is missing is then in it."""
    parts = module.removeprefix(_PROVIDERS).split(".")
    length = 2 if parts[0] in _FAMILIES else 1
    top = _PROVIDERS + ".".join(parts[:length])
    return top in sys.modules and top != module


def _is_imported() -> bool:
    """Whether an `import` asks, and not `importlib.util.find_spec`."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_globals.get("__name__") == "importlib._bootstrap":
        if frame.f_code.co_name == "_find_and_load_unlocked":
            return True
        frame = frame.f_back
    return False
