"""Where plugins may come from. Nothing of them is imported here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream.sdk._conf import conf
from slipstream.sdk._entry_points import entry_points_of, is_offered

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "airflow.plugins"
_IGNORE_FILE = ".airflowignore"


def plugins_folder() -> Path:
    """`[core] plugins_folder`; it need not exist."""
    return Path(str(conf.get("core", "plugins_folder")))


def plugin_files() -> Sequence[Path]:
    """The Python files of the plugins folder and of those below it, sorted; without what an
    `.airflowignore` there excludes."""
    folder = plugins_folder()
    return sorted(_files(folder)) if folder.is_dir() else ()


def plugin_entry_points() -> Sequence[EntryPoint]:
    """The plugins that installed packages name."""
    return entry_points_of(GROUP)


def may_be_plugins() -> bool:
    """Whether there is anything to load: in most deployments there is not."""
    return not _held_back and _is_anything_there()


@contextmanager
def without_plugins() -> Iterator[None]:
    """Inside, there are no plugins: nothing of people's is imported."""
    _held_back.append(True)
    try:
        yield
    finally:
        _held_back.pop()


_held_back: list[bool] = []


def forget() -> None:
    """Forget whether there was anything: files or installed packages have changed."""
    _is_anything_there.cache_clear()


@cache
def _is_anything_there() -> bool:
    return is_offered(GROUP) or bool(plugin_files()) or loads_providers_plugins()


def loads_providers_plugins() -> bool:
    """Whether plugins that providers name in what they say about themselves are loaded, too."""
    return not conf.getboolean("core", "lazy_discover_providers")


def _files(folder: Path) -> Iterator[Path]:
    rules: list[tuple[Path, _Rules]] = []
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place)
        if _IGNORE_FILE in names:
            rules.append((here, _rules(here / _IGNORE_FILE)))
        folders[:] = sorted(
            name
            for name in folders
            if name != "__pycache__" and not _is_ignored(here / name, rules, suffix="/")
        )
        for name in names:
            if name.endswith(".py") and not _is_ignored(here / name, rules):
                yield here / name


class _Rules:
    """The lines of one ignore file."""

    def __init__(self, lines: Sequence[str], syntax: str) -> None:
        self._is_glob = syntax == "glob"
        if self._is_glob:
            from pathspec import GitIgnoreSpec

            self._spec = GitIgnoreSpec.from_lines(lines)
        else:
            import re

            texts = [line.partition("#")[0].strip() for line in lines]
            self._patterns = [re.compile(text) for text in texts if text]

    def match(self, name: str) -> bool:
        """Whether the path, relative to the file's folder, is to be left out."""
        if self._is_glob:
            return self._spec.match_file(name)
        return any(pattern.search(name) for pattern in self._patterns)


def _rules(file: Path) -> _Rules:
    syntax = str(conf.get("core", "dag_ignore_file_syntax", fallback="glob")).lower()
    return _Rules(file.read_text(encoding="utf-8").splitlines(), syntax)


def _is_ignored(path: Path, rules: list[tuple[Path, _Rules]], suffix: str = "") -> bool:
    return any(
        path.is_relative_to(folder) and own.match(path.relative_to(folder).as_posix() + suffix)
        for folder, own in rules
    )
