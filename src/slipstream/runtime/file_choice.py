"""What `airflow.utils.file` has: which files may hold DAGs, and files in archives."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from slipstream.runtime.archives import is_archive
from slipstream.runtime.discovery import configured_look, may_hold_dags


def might_contain_dag(
    file_path: str, safe_mode: bool, zip_file: zipfile.ZipFile | None = None
) -> bool:
    """Whether the file is worth executing; every one is, without the safe mode."""
    if not safe_mode:
        return True
    look = configured_look() or might_contain_dag_via_default_heuristic
    return look(file_path=file_path, zip_file=zip_file)


def might_contain_dag_via_default_heuristic(
    file_path: str, zip_file: zipfile.ZipFile | None = None
) -> bool:
    """Whether the text mentions DAGs or assets, and the library; archives always count."""
    if zip_file is not None:
        return may_hold_dags(zip_file.read(file_path))
    path = Path(file_path)
    return zipfile.is_zipfile(path) or may_hold_dags(path.read_bytes())


def correct_maybe_zipped(fileloc: str | Path | None) -> str | Path | None:
    """The path of the archive where the path leads into one; otherwise the path itself."""
    if fileloc is None:
        return None
    for folder in Path(fileloc).parents:
        if is_archive(folder) and folder.is_file():
            return type(fileloc)(folder)
    return fileloc


def open_maybe_zipped(fileloc: str | Path, mode: str = "r") -> IO[str] | IO[bytes]:
    """The file opened, also where it lies in an archive."""
    archive = correct_maybe_zipped(str(fileloc))
    if archive is None or archive == str(fileloc):
        return open(fileloc, mode)
    with zipfile.ZipFile(archive) as opened:
        data = opened.read(os.path.relpath(fileloc, archive))
    return io.BytesIO(data) if "b" in mode else io.StringIO(data.decode())


def list_py_file_paths(
    directory: str | Path | None, safe_mode: bool = True, include_examples: bool = False
) -> list[str]:
    """The DAG files of a folder, as `.airflowignore` and the safe mode choose them."""
    from importlib import import_module

    # The walk over folders stands above this layer.
    folders: Iterable[Path] = [Path(directory)] if directory else []
    if include_examples:
        folders = [*folders, import_module("slipstream.testing.examples").example_folder()]
    make = import_module("slipstream.services.dag_files").DagFolder
    return [str(path) for folder in folders for path in make(folder, safe_mode=safe_mode).find()]
