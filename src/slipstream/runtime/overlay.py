"""An earlier version's files on the disk, laid out as the DAGs folder is."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.version import hash_sources
from slipstream.runtime.archives import Archive, is_archive
from slipstream.runtime.jobs import Source


def materialise(source: Source, folder: Path, run_dir: Path) -> Path:
    """The folder that holds the version's files; made where it is not there yet.

    Beside each of the files stand links to what stands beside it in the DAGs folder and is not a
    Python file, so that a DAG file finds its templates and data. Raises `NotFoundError` where the
    version's files are not what its hash says.
    """
    target = run_dir / "versions" / source.source_hash
    if target.is_dir():
        return target
    files = source.read()
    if hash_sources(files) != source.source_hash:
        raise NotFoundError(
            f"the stored files of {source.fileloc} are not those of version {source.source_hash}"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=".making-", dir=target.parent))
    try:
        _write(files, made)
        _complete_archives(files, folder, made)
        _link_neighbours(files, folder, made)
        made.rename(target)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not target.is_dir():
            raise
    return target


def _write(files: Mapping[str, str], target: Path) -> None:
    for name, text in files.items():
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts:
            raise InvalidInputError(f"{name!r} is no path below the DAGs folder")
        path = target / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")


def _complete_archives(files: Mapping[str, str], folder: Path, target: Path) -> None:
    """What was too large in an archive to be kept is taken from it as it is now."""
    for relative in {parent for name in files for parent in PurePosixPath(name).parents}:
        if is_archive(folder / relative) and (folder / relative).is_file():
            try:
                Archive(folder / relative).unpack_data_into(target / relative)
            except (OSError, zipfile.BadZipFile):
                continue


def _link_neighbours(files: Mapping[str, str], folder: Path, target: Path) -> None:
    for relative in {parent for name in files for parent in PurePosixPath(name).parents}:
        try:
            entries = list(os.scandir(folder / relative))
        except OSError:
            continue
        for entry in entries:
            link = target / relative / entry.name
            if not (entry.name.endswith((".py", ".pyc")) or link.exists() or link.is_symlink()):
                link.symlink_to(entry.path)
