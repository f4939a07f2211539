"""Executing a DAG file: one module, or those in the first level of an archive."""

from __future__ import annotations

import hashlib
import importlib.util
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING
from zipfile import ZipFile

from slipstream.runtime import archives
from slipstream.runtime.archives import Archive
from slipstream.runtime.discovery import configured_look, may_hold_dags
from slipstream.sdk import conf
from slipstream.sdk._collect import DagCollector
from slipstream.sdk.exceptions import AirflowDagDuplicatedIdException

if TYPE_CHECKING:
    from slipstream.sdk import DAG


DAG_MODULE = "slipstream_dag_"
"""What the names of the modules that DAG files are executed as begin with."""


def dags_of_file(path: Path, fileloc: Path) -> Mapping[str, DAG]:
    """The DAGs that executing the file at `path` makes, by id; `fileloc` is what people call it.

    Whatever is wrong with the file is raised as it is.
    """
    if archives.is_archive(path):
        return _dags_of_archive(path, fileloc)
    look = configured_look()
    if look is not None and not look(file_path=str(path), zip_file=None):
        return {}
    with DagCollector() as collector:
        module = _new_module(path)
        text = path.read_bytes()
        _keep_lines(path, text)
        code = compile(text, str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 - executing the file is what loading means
    return collector.dags(module.__dict__, str(fileloc))


def _keep_lines(path: Path, text: bytes) -> None:
    """Whoever shows a line of the file or runs a function's source means what was loaded, and not
    what has been written there since. An entry without a time is never read again.
    """
    lines = text.decode("utf-8", "replace").splitlines(keepends=True)
    linecache.cache[str(path)] = (len(text), None, lines, str(path))


def import_dag_file(name: str, path: Path) -> None:
    """Execute a DAG file for what it defines besides DAGs, if that is the module of this name.

    Raises `ModuleNotFoundError` where it is not.
    """
    if name != _module_name(path):
        raise ModuleNotFoundError(
            f"No module named {name!r}: it is the name of another version of {path}, or of "
            "another file",
            name=name,
        )
    try:
        with DagCollector():
            module = _new_module(path)
            code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
            exec(code, module.__dict__)  # noqa: S102 - executing the file is what is asked for
    except BaseException:
        sys.modules.pop(name, None)
        raise


def _module_name(path: Path) -> str:
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:12]
    return f"{DAG_MODULE}{digest}_{path.stem}"


def _new_module(path: Path) -> ModuleType:
    """An empty module of a name that no import statement can hit by accident."""
    name = _module_name(path)
    module_spec = importlib.util.spec_from_file_location(name, path)
    if module_spec is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(module_spec)
    sys.modules[name] = module
    return module


def _dags_of_archive(path: Path, fileloc: Path) -> Mapping[str, DAG]:
    """An earlier version of an archive is a folder of its members."""
    dags: dict[str, DAG] = {}
    for name in _of_folder(path) if path.is_dir() else _of_zip(path):
        with DagCollector() as collector:
            module = archives.import_member(name, path)
        for dag_id, dag in collector.dags(module.__dict__, f"{fileloc}/{name}.py").items():
            if dags.setdefault(dag_id, dag) is not dag:
                raise AirflowDagDuplicatedIdException(
                    f"Two DAGs of {fileloc} have the id {dag_id!r}; the second is in {name}.py. "
                    f"Give each DAG an id of its own."
                )
    return dags


def _of_folder(root: Path) -> Iterator[str]:
    sys.path.insert(0, str(root))
    may_hold = _look()
    for path in archives.modules_of_folder(root):
        if may_hold(path.read_bytes(), str(path), None):
            yield path.stem


def _of_zip(path: Path) -> Iterator[str]:
    archive = Archive(path)
    archives.import_from(archive)
    may_hold = _look()
    for name in archive.root_modules():
        if may_hold(archive.read(f"{name}.py"), f"{name}.py", archive.file):
            yield name


def _look() -> Callable[[bytes, str, ZipFile | None], bool]:
    """What decides about the modules of an archive: `(text, path, archive) -> bool`."""
    if not conf.getboolean("core", "dag_discovery_safe_mode"):
        return lambda _text, _path, _archive: True
    look = configured_look()
    if look is None:
        return lambda text, _path, _archive: may_hold_dags(text)
    return lambda _text, path, archive: look(file_path=path, zip_file=archive)
