"""Which DAG of which file is to be tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from slipstream.cli.dags.parsing import parse_files, parse_folders
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError
from slipstream.cli.finding import require_bundle
from slipstream.cli.server.bundles import bundles, dags_folders
from slipstream.model.dag import DagSpec
from slipstream.model.errors import NotFoundError
from slipstream.model.version import ParsedFile
from slipstream.runtime.host import ProcessHost


@dataclass(frozen=True, slots=True)
class FoundDag:
    """A DAG, with what loading its file gave."""

    spec: DagSpec
    parsed: ParsedFile
    folder: Path
    """What the file's sources are relative to."""


def find_dag_to_try(
    deployment: Deployment,
    host: ProcessHost,
    dag_id_or_file: str,
    dag_file: str | None = None,
    bundle_names: Sequence[str] | None = None,
) -> FoundDag:
    """The DAG that a command line names by its id, by its file, or by both; `host` loads it.

    Raises `NotFoundError`, also where its file lies in none of these bundles (None: in any), or
    `CommandFailedError` for a file that does not load.
    """
    found = _find(deployment, host, dag_id_or_file, dag_file)
    path = Path(found.parsed.fileloc)
    mine = (one.name for one in bundles(deployment) if path.is_relative_to(one.folder))
    require_bundle(found.spec.dag_id, next(mine, None), bundle_names)
    return found


def _find(
    deployment: Deployment, host: ProcessHost, dag_id_or_file: str, dag_file: str | None
) -> FoundDag:
    named = Path(dag_id_or_file)
    is_file = dag_id_or_file.endswith(".py") or named.is_file()
    if not is_file and dag_file is None:
        return _found(deployment, _file_of(deployment, host, dag_id_or_file), dag_id_or_file)
    path = (Path(dag_file) if dag_file else named).resolve()
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}; expected a DAG's id, or its file.")
    (parsed,) = parse_files(host, [(path, folder_of(deployment, path))])
    return _found(deployment, parsed, None if is_file else dag_id_or_file)


def folder_of(deployment: Deployment, path: Path) -> Path:
    """The DAGs folder that a file lies in, or the folder it lies in where that is none."""
    folders = [folder for folder in dags_folders(deployment) if path.is_relative_to(folder)]
    return max(folders, key=lambda folder: len(folder.parts), default=path.parent)


def _file_of(deployment: Deployment, host: ProcessHost, dag_id: str) -> ParsedFile:
    """The file of that DAG: as the store knows it, otherwise found by loading all of them."""
    known = _known_file(deployment, dag_id)
    if known is not None:
        (parsed,) = parse_files(host, [(known, folder_of(deployment, known))])
        return parsed
    files = parse_folders(deployment, host)
    for parsed in files:
        if any(spec.dag_id == dag_id for spec in parsed.dags):
            return parsed
    broken = [parsed.fileloc for parsed in files if parsed.error is not None]
    hint = f" {len(broken)} files did not load: {', '.join(broken)}." if broken else ""
    places = ", ".join(str(folder) for folder in dags_folders(deployment))
    raise NotFoundError(f"There is no DAG {dag_id!r} in {places}.{hint}")


def _known_file(deployment: Deployment, dag_id: str) -> Path | None:
    if not deployment.has_store:
        return None
    try:
        path = Path(deployment.store.get_dag(dag_id).fileloc)
    except NotFoundError:
        return None
    return path if path.is_file() else None


def _found(deployment: Deployment, parsed: ParsedFile, dag_id: str | None) -> FoundDag:
    is_there = any(dag_id in {None, spec.dag_id} for spec in parsed.dags)
    if parsed.error is not None and not is_there:
        raise CommandFailedError(f"{parsed.fileloc} does not load:\n{parsed.error.rstrip()}")
    spec = _chosen(parsed.dags, dag_id, parsed.fileloc)
    return FoundDag(spec, parsed, folder_of(deployment, Path(parsed.fileloc)))


def _chosen(specs: Sequence[DagSpec], dag_id: str | None, fileloc: str) -> DagSpec:
    ids = ", ".join(spec.dag_id for spec in specs) or "none"
    if dag_id is None:
        if len(specs) == 1:
            return specs[0]
        raise CommandFailedError(
            f"{fileloc} has {len(specs)} DAGs ({ids}), expected one. Name the DAG, and the file "
            f"with --dagfile-path."
        )
    for spec in specs:
        if spec.dag_id == dag_id:
            return spec
    raise NotFoundError(f"{fileloc} has no DAG {dag_id!r}; it has {ids}.")
