"""`airflow.sdk.module_loading` and its kin: objects by their import paths."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from slipstream.compat.adapters.helpers import import_string, qualname

__all__ = [
    "DeprecatedImportWarning",
    "add_deprecated_classes",
    "entry_points_with_dist",
    "get_unique_dag_module_name",
    "import_string",
    "is_valid_dotpath",
    "iter_namespace",
    "qualname",
]


class DeprecatedImportWarning(FutureWarning):
    """Something was imported from where it is no longer."""


def iter_namespace(ns: ModuleType) -> Iterator[pkgutil.ModuleInfo]:
    """The modules right below a package, by their full names."""
    return pkgutil.iter_modules(ns.__path__, ns.__name__ + ".")


def is_valid_dotpath(path: object) -> bool:
    """Whether it is a text that has the form of an import path."""
    return isinstance(path, str) and all(part.isidentifier() for part in path.split("."))


def entry_points_with_dist(group: str) -> Iterator[tuple[Any, Any]]:
    """The entry points of a group, each with its distribution."""
    from importlib.metadata import entry_points

    for entry in entry_points(group=group):
        yield entry, entry.dist


def get_unique_dag_module_name(file_path: str) -> str:
    """The name of the module that a DAG file becomes, which its path decides."""
    import hashlib

    digest = hashlib.sha1(str(file_path).encode(), usedforsecurity=False).hexdigest()
    return f"unusual_prefix_{digest}_{re.sub('[^0-9A-Za-z_]', '_', Path(file_path).stem)}"


def add_deprecated_classes(
    module_imports: Mapping[str, Mapping[str, str]],
    package: str,
    override_deprecated_classes: Mapping[str, Mapping[str, str]] | None = None,
    extra_message: str | None = None,
    message: str | None = None,
) -> None:
    """Serve names that have moved from their old place, with a warning.

    `{module: {name: import path}}`; `__init__` is the package itself, `*` every name of a module
    whose new path is given.
    """
    overridden = override_deprecated_classes or {}
    for name, moved in module_imports.items():
        full = package if name == "__init__" else f"{package}.{name}"
        look_up = functools.partial(
            _moved, full, moved, overridden.get(name, {}), extra_message or "", message
        )
        if name == "__init__":
            module = sys.modules[package]
        else:
            module = ModuleType(full)
            sys.modules[full] = module
            setattr(sys.modules[package], name, module)
        module.__getattr__ = look_up  # type: ignore[method-assign]  # the hook of PEP 562


def _moved(
    module: str,
    moved: Mapping[str, str],
    overridden: Mapping[str, str],
    extra_message: str,
    message: str | None,
    name: str,
) -> Any:
    new = moved.get(name) or (f"{moved['*']}.{name}" if "*" in moved else None)
    if new is None:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    target = overridden.get(name, new)
    text = message or "The `{module}.{name}` attribute is deprecated. Please use `{target}`."
    warnings.warn(
        f"{text.format(module=module, name=name, target=target)} {extra_message}".strip(),
        DeprecatedImportWarning,
        stacklevel=3,
    )
    path, _, attribute = new.rpartition(".")
    try:
        return getattr(importlib.import_module(path), attribute)
    except AttributeError as error:
        raise ImportError(f"{new} is not there; {module}.{name} cannot be imported.") from error
