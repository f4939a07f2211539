"""Which files of a folder may hold DAGs: `.airflowignore` and the safe-mode look."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pathspec import GitIgnoreSpec

from slipstream.model.errors import InvalidInputError
from slipstream.runtime.archives import ARCHIVE_SUFFIX
from slipstream.runtime.discovery import looks_like_a_dag_file

IGNORE_FILE = ".airflowignore"
DAG_FILE_SUFFIXES = (".py", ARCHIVE_SUFFIX)


class IgnoreSyntax(StrEnum):
    """What a line of an ignore file is: `[core] dag_ignore_file_syntax`."""

    GLOB = "glob"
    REGEXP = "regexp"


class IgnoreFileError(InvalidInputError):
    """An ignore file holds a line that is no pattern."""


class _Rules(Protocol):
    def verdict(self, path: Path, *, is_folder: bool) -> bool | None:
        """True ignores, False takes back what an outer file ignored, None says nothing."""


@dataclass(frozen=True, slots=True)
class _GlobRules:
    folder: Path
    spec: GitIgnoreSpec

    def verdict(self, path: Path, *, is_folder: bool) -> bool | None:
        name = path.relative_to(self.folder).as_posix()
        return self.spec.check_file(f"{name}/" if is_folder else name).include


@dataclass(frozen=True, slots=True)
class _RegexpRules:
    root: Path
    patterns: tuple[re.Pattern[str], ...]

    def verdict(self, path: Path, *, is_folder: bool) -> bool | None:
        del is_folder
        name = path.relative_to(self.root).as_posix()
        return True if any(pattern.search(name) for pattern in self.patterns) else None


@dataclass(frozen=True, slots=True)
class DagFolder:
    """A folder of DAG files and how it is read."""

    path: Path
    ignore_syntax: IgnoreSyntax = IgnoreSyntax.GLOB
    safe_mode: bool = True
    """Read only files that mention what every DAG file mentions."""
    bundle_name: str = "dags-folder"

    @property
    def root(self) -> Path:
        """What paths of sources are relative to."""
        return self.path.parent if self.path.is_file() else self.path

    def find(self) -> Iterator[Path]:
        """The Python files and archives that may hold DAGs, sorted within each folder.

        Links are followed.
        """
        if self.path.is_file():
            yield self.path
        elif self.path.is_dir():
            yield from self._walk(self.path, (), frozenset())

    def holds(self, path: Path) -> bool:
        """Whether `find` would give this file."""
        if path == self.path:
            return path.is_file()
        if (
            path.suffix not in DAG_FILE_SUFFIXES
            or not path.is_relative_to(self.path)
            or not path.is_file()
        ):
            return False
        folder, rules = self.path, self._rules_of(self.path, ())
        for part in path.relative_to(self.path).parts[:-1]:
            folder = folder / part
            if _is_no_place(part) or _is_ignored(folder, rules, is_folder=True):
                return False
            rules = self._rules_of(folder, rules)
        return not _is_ignored(path, rules, is_folder=False) and self._looks_right(path)

    def _walk(
        self, folder: Path, outer: tuple[_Rules, ...], above: frozenset[Path]
    ) -> Iterator[Path]:
        real = folder.resolve()
        if real in above:  # A link to a folder that it lies in.
            return
        rules = self._rules_of(folder, outer)
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        folders = []
        for entry in entries:
            path = folder / entry.name
            if entry.is_dir():
                if not _is_no_place(entry.name) and not _is_ignored(path, rules, is_folder=True):
                    folders.append(path)
            elif (
                path.suffix in DAG_FILE_SUFFIXES
                and entry.is_file()
                and not _is_ignored(path, rules, is_folder=False)
                and self._looks_right(path)
            ):
                yield path
        for path in folders:
            yield from self._walk(path, rules, above | {real})

    def _rules_of(self, folder: Path, outer: tuple[_Rules, ...]) -> tuple[_Rules, ...]:
        file = folder / IGNORE_FILE
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return outer
        return (*outer, self._parse(file, lines))

    def _parse(self, file: Path, lines: list[str]) -> _Rules:
        if self.ignore_syntax is IgnoreSyntax.GLOB:
            try:
                return _GlobRules(file.parent, GitIgnoreSpec.from_lines(lines))
            except ValueError as error:
                raise IgnoreFileError(f"{file} holds a line that is no glob: {error}") from error
        patterns = []
        for number, line in enumerate(lines, start=1):
            text = re.sub(r"\s*#.*", "", line)
            if not text.strip():
                continue
            try:
                patterns.append(re.compile(text))
            except re.error as error:
                raise IgnoreFileError(
                    f"{file}, line {number}: {text!r} is no regular expression ({error}). "
                    "Correct it, or set [core] dag_ignore_file_syntax to glob."
                ) from error
        return _RegexpRules(self.path, tuple(patterns))

    def _looks_right(self, path: Path) -> bool:
        return not self.safe_mode or looks_like_a_dag_file(path)


def is_of(folders: Sequence[DagFolder], others: Sequence[DagFolder], path: Path) -> bool:
    """Whether the innermost folder that holds the path is one of `folders`, or there is none."""

    def depth(group: Sequence[DagFolder]) -> int:
        return max(
            (len(one.path.parts) for one in group if path.is_relative_to(one.path)), default=0
        )

    return not others or depth(folders) >= depth(others)


def _is_no_place(name: str) -> bool:
    """Whether a folder of that name holds no DAG files: compiled modules, and what Kubernetes keeps
    beside the links of a mounted volume."""
    return name == "__pycache__" or name.startswith("..")


def _is_ignored(path: Path, rules: tuple[_Rules, ...], *, is_folder: bool) -> bool:
    """The innermost file that says something about the path has the last word."""
    for rule in reversed(rules):
        verdict = rule.verdict(path, is_folder=is_folder)
        if verdict is not None:
            return verdict
    return False
