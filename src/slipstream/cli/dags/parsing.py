"""Loading DAG files here and now, without a server."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream.cli.deployment import Deployment

if TYPE_CHECKING:
    from slipstream.model.version import ParsedFile
    from slipstream.runtime.host import ProcessHost
    from slipstream.store.interface import Store


def parse_everything(deployment: Deployment) -> Sequence[ParsedFile]:
    """Every DAG file of the deployment, loaded in child processes that are gone afterwards."""
    with loading_host(deployment) as host:
        return parse_folders(deployment, host)


def parse_folders(
    deployment: Deployment, host: ProcessHost, bundles: Sequence[str] | None = None
) -> Sequence[ParsedFile]:
    """Every DAG file of the bundles of these names (None: of all), loaded by that host."""
    from slipstream.cli.server.wiring import chosen_folders
    from slipstream.services.dag_files import is_of

    folders, others = chosen_folders(deployment, bundles)
    found = [
        (path, folder)
        for folder in folders
        for path in folder.find()
        if is_of(folders, others, path)
    ]
    parsed = parse_files(host, [(path, folder.root) for path, folder in found])
    return [
        replace(file, bundle_name=folder.bundle_name)
        for file, (_, folder) in zip(parsed, found, strict=True)
    ]


def parse_files(host: ProcessHost, files: Sequence[tuple[Path, Path]]) -> Sequence[ParsedFile]:
    """These files, given with the folder that each belongs to."""
    futures = [host.parse(path, folder) for path, folder in files]
    return [future.result() for future in futures]


@contextmanager
def loading_host(deployment: Deployment, store: Store | None = None) -> Iterator[ProcessHost]:
    """A process host that serves this command alone.

    Files that are loaded find variables and connections in `store`; None is the deployment's.
    """
    from slipstream.cli.server.bundles import team_of
    from slipstream.cli.server.wiring import host_settings
    from slipstream.model.team import no_team
    from slipstream.runtime.host import ProcessHost
    from slipstream.services.execution import ExecutionService

    service = ExecutionService(store or deployment.store, team_of=team_of(deployment) or no_team)
    host = ProcessHost(host_settings(deployment), service.answer)
    host.start()
    try:
        yield host
    finally:
        host.stop(0)


def reserialize(deployment: Deployment, arguments: Namespace) -> int:
    """Load every file, or those of some bundles, and store what is in it; the exit code is 1 where
    one failed."""
    from slipstream.cli.server.wiring import chosen_folders
    from slipstream.services.dag_files import is_of

    folders, others = chosen_folders(deployment, arguments.bundle_name)
    store = deployment.store
    with loading_host(deployment) as host:
        parsed = parse_folders(deployment, host, arguments.bundle_name)
    versions = store.record_parsed(parsed)
    present = {file.fileloc for file in parsed}
    gone = [
        fileloc
        for fileloc in store.known_files()
        if fileloc not in present and is_of(folders, others, Path(fileloc))
    ]
    store.mark_files_gone(gone)
    broken = sum(file.error is not None for file in parsed)
    dags = sum(len(file.dags) for file in parsed)
    print(f"Loaded {dags} DAGs of {len(parsed)} files; {len(versions)} have a new version.")
    if broken:
        print(f"{broken} files failed: see `slipstream dags list-import-errors`.")
    return 1 if broken else 0
