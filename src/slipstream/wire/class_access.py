"""Which classes a value that is read may be made an instance of.

Allowed is what `[core] allowed_deserialization_classes` (shell patterns, separated by blanks) and
`allowed_deserialization_classes_regexp` name, and Slipstream's own classes. Beyond Airflow, so are
classes of one's own files that are imported already: the DAG file and the modules that it imports
from beside it. Classes of installed packages and of Python itself have to be named. Data alone
never imports a module that is not named.
"""

from __future__ import annotations

import fnmatch
import importlib
import re
import site
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from slipstream.model.errors import SlipstreamError

_OURS = "slipstream.sdk.*"


class ClassNotAllowedError(SlipstreamError, ImportError):
    """A value names a class that it must not be made an instance of."""


@dataclass(frozen=True, slots=True)
class _Rules:
    globs: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]

    def allow(self, name: str) -> bool:
        """Whether the class of that full name is named."""
        return any(fnmatch.fnmatchcase(name, glob) for glob in (_OURS, *self.globs)) or any(
            pattern.match(name) for pattern in self.patterns
        )


def find_class(path: str, *, only_look_up: bool = False) -> Any:
    """The class at `module:qualname`. Raises `ClassNotAllowedError`.

    `only_look_up` is for what runs no code of the class: then it may lie in any module that is
    imported already.
    """
    name = path.replace(":", ".")
    module_name, _, qualname = path.partition(":")
    module = sys.modules.get(module_name)
    known = module is not None and (only_look_up or _is_ones_own(module))
    if not known and not _rules().allow(name):
        raise ClassNotAllowedError(
            f"the value is an instance of {name}, which must not be loaded to read a value. Name "
            "it in [core] allowed_deserialization_classes, or import it in the DAG file from a "
            "module that lies beside it"
        )
    found: Any = module if module is not None else importlib.import_module(module_name)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type):
        raise ClassNotAllowedError(f"there is no class {name} (any more)")
    return found


def forget_rules() -> None:
    """Read the settings anew when they are next needed."""
    _rules.cache_clear()


@cache
def _rules() -> _Rules:
    from slipstream.sdk._conf import conf

    globs = str(conf.get("core", "allowed_deserialization_classes", fallback="") or "")
    patterns = str(conf.get("core", "allowed_deserialization_classes_regexp", fallback="") or "")
    return _Rules(tuple(globs.split()), tuple(re.compile(pattern) for pattern in patterns.split()))


def _is_ones_own(module: ModuleType) -> bool:
    """Whether it is a file that is neither part of Python nor of an installed package."""
    file = getattr(module, "__file__", None)
    return file is not None and not _is_installed(str(Path(file).resolve()))


def _is_installed(file: str) -> bool:
    if "/site-packages/" in file or "/dist-packages/" in file:
        return True
    return any(file.startswith(f"{folder}/") for folder in _installed_folders())


@cache
def _installed_folders() -> frozenset[str]:
    paths = sysconfig.get_paths()
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = [paths[name] for name in names] + [site.getusersitepackages()]
    ours = str(Path(__file__).resolve().parents[1])
    return frozenset({ours, *(str(Path(folder).resolve()) for folder in folders)})
