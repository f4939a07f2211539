"""Imports from the DAGs folder: always from the source, never from compiled files."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from types import CodeType


class _FreshLoader(SourceFileLoader):
    """Compiles the source each time, and leaves no compiled file behind."""

    def get_code(self, fullname: str) -> CodeType:
        """The module's code, from its source as it is now."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def import_afresh_from(folder: str) -> None:
    """From now on compile what is imported from that folder or below it.

    Compiled files are found stale by the source's time in seconds and its size: a module that is
    edited twice within a second would be taken from its first state. Packages that are installed
    elsewhere keep the benefit of theirs.
    """
    sys.path_hooks.insert(0, _hook_for(folder.rstrip(os.sep)))
    for path in list(sys.path_importer_cache):
        if is_within(path, folder):
            del sys.path_importer_cache[path]


def _hook_for(folder: str) -> Callable[[str], FileFinder]:
    def find(path: str) -> FileFinder:
        if not (is_within(path, folder) and os.path.isdir(path)):
            raise ImportError(f"{path} is no folder in {folder}", path=path)
        return FileFinder(
            path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (_FreshLoader, SOURCE_SUFFIXES)
        )

    return find


def is_within(path: str, folder: str) -> bool:
    """Whether it is that folder, or lies below it."""
    return path == folder or path.startswith(folder + os.sep)
