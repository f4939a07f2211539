"""The texts that a DAG file was loaded from: what a version of it is made of."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from itertools import takewhile
from pathlib import Path

from slipstream.runtime.archives import imported_from
from slipstream.runtime.fresh_imports import is_within
from slipstream.wire import messages


def sources_of(path: Path, spec: messages.LoadSpec, newest_module: str) -> Mapping[str, str]:
    """`{path below the DAGs folder: text}`: the file and what it imported from that folder.

    Of an archive it is all that lies in it, for it is replaced as a whole.
    """
    folders = [Path(folder) for folder in (spec.overlay, spec.dags_folder) if folder]
    own = relative_name(Path(spec.fileloc), Path(spec.dags_folder))
    sources: dict[str, str] = {}
    archive = imported_from(path)
    if archive is not None:
        sources.update(archive.texts(own))
    else:
        _add_source(sources, own, path)
    for file in files_imported_since(newest_module):
        for folder in folders:
            if file.startswith(f"{folder}/") and not is_within(file, str(path)):
                _add_source(sources, relative_name(Path(file), folder), Path(file))
                break
    return sources


def files_imported_since(module: str) -> Sequence[str]:
    """The source files of all modules that were imported after that one, oldest first.

    Older modules are not even looked at: that would write to their reference counts, and each
    zygote would hold a copy of the pages that they lie in.
    """
    names = list(takewhile(lambda name: name != module, reversed(sys.modules)))
    files = (getattr(sys.modules[name], "__file__", None) for name in reversed(names))
    return [file for file in files if isinstance(file, str) and file.endswith(".py")]


def _add_source(sources: dict[str, str], name: str, path: Path) -> None:
    try:
        sources[name] = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return


def relative_name(path: Path, folder: Path) -> str:
    """The file's name below the DAGs folder; its bare name where it lies elsewhere."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
