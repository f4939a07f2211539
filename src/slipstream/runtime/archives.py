"""Zipped DAG files: what is in them, and how their modules are imported.

An archive is read once, into memory. What was loaded from it stays of one piece when the file on
the disk is replaced: modules that a task imports later come from the same bytes.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.abc import InspectLoader, MetaPathFinder, TraversableResources
from importlib.machinery import ModuleSpec
from io import BytesIO
from pathlib import Path
from types import CodeType, ModuleType

ARCHIVE_SUFFIX = ".zip"

_LARGEST_KEPT = 1 << 20
"""Bytes of a member beyond which it is no part of the archive's versions …"""

_MOST_KEPT = 16 << 20
"""… and bytes of all members that are."""


class Archive:
    """The members of a zipped DAG file, as they were when it was read.

    Raises `zipfile.BadZipFile` where the file is no zip archive, `OSError` where it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.file = zipfile.ZipFile(BytesIO(path.read_bytes()))
        except zipfile.BadZipFile as error:
            raise zipfile.BadZipFile(
                f"{path} is no zip archive ({error}). Is it still being copied? Copy it under "
                f"another name and rename it, or list it in .airflowignore."
            ) from None
        self._names = {name for name in self.file.namelist() if not name.endswith("/")}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def read(self, name: str) -> bytes:
        """A member's bytes. Raises `KeyError`."""
        return self.file.read(name)

    def root_modules(self) -> Sequence[str]:
        """The names of the Python files in the archive's first level, without suffix."""
        return sorted(
            name.removesuffix(".py")
            for name in self._names
            if name.endswith(".py") and "/" not in name and name != "__init__.py"
        )

    def texts(self, prefix: str) -> Mapping[str, str]:
        """`{prefix/member: text}`: Python files first, those of the first level before the others;
        without what is very large."""
        kept: dict[str, str] = {}
        size = 0
        for name in sorted(self._names, key=_rank):
            length = self.file.getinfo(name).file_size
            if length <= _LARGEST_KEPT and size + length <= _MOST_KEPT:
                kept[f"{prefix}/{name}"] = self.read(name).decode("utf-8", "surrogateescape")
                size += length
        return kept

    def unpack_data_into(self, folder: Path) -> None:
        """Write the members that are no Python files and are not there yet."""
        inside = folder.resolve()
        for name in self._names:
            target = folder / name
            if name.endswith(".py") or not target.resolve().is_relative_to(inside):
                continue
            if target.exists():
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.read(name))

    def folder(self, name: str) -> zipfile.Path:
        """A folder of the archive, for `importlib.resources`."""
        return zipfile.Path(self.file, f"{name}/")


class ArchiveFinder(MetaPathFinder):
    """Imports the modules of one archive; it stands before everything else on the path."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module or package of the archive; None lets the next finder look."""
        del target
        name = fullname.replace(".", "/")
        if path is not None and not any(self._is_ours(entry) for entry in path):
            return None
        for member, is_package in ((f"{name}/__init__.py", True), (f"{name}.py", False)):
            if member in self.archive:
                loader = ArchiveLoader(self.archive, member)
                origin = str(self.archive.path / member)
                spec = ModuleSpec(fullname, loader, origin=origin, is_package=is_package)
                spec.has_location = True
                if is_package:
                    spec.submodule_search_locations = [str(Path(origin).parent)]
                return spec
        return None

    def _is_ours(self, entry: str) -> bool:
        return Path(entry).is_relative_to(self.archive.path)


class ArchiveLoader(InspectLoader):
    """Loads one module of an archive."""

    def __init__(self, archive: Archive, member: str) -> None:
        self.archive = archive
        self._member = member

    def get_source(self, fullname: str) -> str:
        """The module's text; tracebacks show its lines."""
        del fullname
        return importlib.util.decode_source(self.archive.read(self._member))

    def get_code(self, fullname: str) -> CodeType:
        """The module's code."""
        del fullname
        where = str(self.archive.path / self._member)
        return compile(self.archive.read(self._member), where, "exec", dont_inherit=True)

    def is_package(self, fullname: str) -> bool:
        """Whether it has modules below it."""
        del fullname
        return self._member.endswith("/__init__.py")

    def get_data(self, path: str) -> bytes:
        """A file of the archive, for `pkgutil.get_data`. Raises `OSError`."""
        try:
            return self.archive.read(Path(path).relative_to(self.archive.path).as_posix())
        except (KeyError, ValueError) as error:
            raise FileNotFoundError(f"{path} is not in {self.archive.path}") from error

    def get_resource_reader(self, fullname: str) -> TraversableResources:
        """The package's files, for `importlib.resources`."""
        del fullname
        return _Resources(self.archive.folder(self._member.rpartition("/")[0]))


class _Resources(TraversableResources):
    def __init__(self, folder: zipfile.Path) -> None:
        self._folder = folder

    def files(self) -> zipfile.Path:
        return self._folder


def _rank(name: str) -> tuple[bool, int, str]:
    return not name.endswith(".py"), name.count("/"), name


def is_archive(path: Path) -> bool:
    """Whether that is a zipped DAG file, by its name."""
    return path.suffix == ARCHIVE_SUFFIX


def import_from(archive: Archive) -> None:
    """From now on look for modules in the archive first."""
    sys.meta_path.insert(0, ArchiveFinder(archive))


def imported_from(path: Path) -> Archive | None:
    """The archive of that path, where modules are looked for in it."""
    for finder in sys.meta_path:
        if isinstance(finder, ArchiveFinder) and finder.archive.path == path:
            return finder.archive
    return None


def forget(path: Path) -> None:
    """Look into that archive no more, and forget what was imported from it."""
    sys.meta_path[:] = [
        finder
        for finder in sys.meta_path
        if not (isinstance(finder, ArchiveFinder) and finder.archive.path == path)
    ]
    for name in [name for name, _ in _modules_below(path)]:
        del sys.modules[name]


def import_member(name: str, root: Path) -> ModuleType:
    """The module of that name in the archive, or in the folder that stands for it.

    One of the same name that came from elsewhere makes room for it.
    """
    known = sys.modules.get(name)
    if known is not None and not _lies_below(known, root):
        del sys.modules[name]
    return importlib.import_module(name)


def modules_of_folder(root: Path) -> Sequence[Path]:
    """The Python files right in a folder that stands for an archive."""
    return sorted(path for path in root.glob("*.py") if path.name != "__init__.py")


def _modules_below(root: Path) -> Iterator[tuple[str, ModuleType]]:
    for name, module in list(sys.modules.items()):
        if _lies_below(module, root):
            yield name, module


def _lies_below(module: ModuleType, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and file.startswith(f"{root}/")
