"""What loading the files tells: each in a process of its own, as the server does it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream.cli.dags.parsing import loading_host, parse_files
from slipstream.cli.deployment import Deployment
from slipstream.cli.doctor.findings import Finding, Level

if TYPE_CHECKING:
    from slipstream.model.version import ParsedFile

_LINE = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+)')


def load(deployment: Deployment, files: Sequence[Path], folder: Path) -> list[Finding]:
    """The errors of files that do not load, and DAG ids that several files have."""
    if not files:
        return []
    with loading_host(deployment) as host:
        parsed = parse_files(host, [(path, folder) for path in files])
    return [*_errors(parsed), *_same_ids(parsed)]


def _errors(parsed: Sequence[ParsedFile]) -> list[Finding]:
    return [
        Finding(
            file=file.fileloc,
            line=_line(file.error, file.fileloc),
            level=Level.ERROR,
            rule="does-not-load",
            found=_last_line(file.error),
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


def _last_line(error: str) -> str:
    lines = [line for line in error.strip().splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it does not load"
