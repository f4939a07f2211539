"""What loading the files tells: each in a process of its own, as the server does it."""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream.cli.dags.parsing import loading_host, parse_files
from slipstream.cli.deployment import Deployment
from slipstream.cli.doctor.findings import Finding, Level
from slipstream.model.errors import SlipstreamError

if TYPE_CHECKING:
    from slipstream.model.version import ParsedFile
    from slipstream.store.interface import Store

_LINE = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')


def load(deployment: Deployment, files: Sequence[Path], folder: Path) -> list[Finding]:
    """The errors of files that do not load, and DAG ids that several files have."""
    if not files:
        return []
    with _store_to_read(deployment) as store, loading_host(deployment, store) as host:
        parsed = parse_files(host, [(path, folder) for path in files])
    return [*_errors(parsed), *_same_ids(parsed)]


@contextmanager
def _store_to_read(deployment: Deployment) -> Iterator[Store]:
    """What the files find variables and connections in.

    That is the deployment's database, or an empty one where this release cannot read that: files
    are examined before anything is migrated.
    """
    if deployment.has_store:
        try:
            problem = deployment.schema_problem()
        except SlipstreamError as error:
            problem = str(error)
        if problem is None:
            yield deployment.store
            return
        print(
            f"slipstream: {problem}\n"
            "slipstream: The files are loaded without its variables and connections.",
            file=sys.stderr,
        )
    from slipstream.store import open_store

    with tempfile.TemporaryDirectory(prefix="slipstream-doctor-") as folder:
        store = open_store("sqlite://", xcom_url=folder)
        try:
            store.migrate()
            yield store
        finally:
            store.close()


def _errors(parsed: Sequence[ParsedFile]) -> list[Finding]:
    return [
        Finding(
            file=file.fileloc,
            line=_line(file.error, file.fileloc),
            level=Level.ERROR,
            rule="does-not-load",
            found=_what_failed(file.error),
            remedy="run `slipstream dags test FILE` to see the whole traceback",
        )
        for file in parsed
        if file.error is not None
    ]


def _same_ids(parsed: Sequence[ParsedFile]) -> list[Finding]:
    first: dict[str, str] = {}
    found = []
    for file in parsed:
        for spec in file.dags:
            other = first.setdefault(spec.dag_id, file.fileloc)
            if other != file.fileloc:
                found.append(
                    Finding(
                        file=file.fileloc,
                        line=1,
                        level=Level.WARNING,
                        rule="same-dag-id",
                        found=f"the DAG {spec.dag_id!r} is in {other} too; one of them is not seen",
                        remedy="give one of them another dag_id",
                    )
                )
    return found


def _line(error: str, fileloc: str) -> int:
    """The innermost line of the file itself in a traceback."""
    lines = [int(one["line"]) for one in _LINE.finditer(error) if one["file"] == fileloc]
    return lines[-1] if lines else 1


def _what_failed(error: str) -> str:
    """The line below the innermost frame, which names the exception; notes may follow it."""
    lines = [line for line in error.strip().splitlines() if line.strip()]
    frames = [number for number, line in enumerate(lines) if line.startswith('  File "')]
    below = lines[frames[-1] + 1 :] if frames else lines
    return next((line.strip() for line in below if not line.startswith(" ")), "it does not load")
