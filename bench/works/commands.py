"""Works without a server: the command line, and what an installation weighs."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
import venv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.checks import require
from bench.processes import MEGABYTE
from bench.works.server import FILES_AT_START, wait_for_count, write_files
from bench.works.work import Figures, Setting

CALLS = 10
LIMIT_SECONDS = 120
NOT_COUNTED = ("pip", "setuptools", "wheel")


def cli(setting: Setting) -> Iterator[Figures]:
    """How long two commands take, with the database of a server that knows ten DAGs."""
    with setting.server(write_files) as server:
        wait_for_count(server.client.dag_count, FILES_AT_START, setting.limit_seconds)
        variables = {**os.environ, **setting.system.environment(server.place, 0)}
        version = setting.system.command(*setting.system.version_words)
        listing = setting.system.command("dags", "list")
        for _ in range(CALLS if setting.rounds > 1 else 3):
            yield {
                "version_seconds": call(version, variables),
                "dags_list_seconds": call(listing, variables),
            }


def call(command: Sequence[str], variables: Mapping[str, str]) -> float:
    """Seconds from the command to its end; it must succeed."""
    begun = time.perf_counter()
    done = subprocess.run(
        command, env=variables, capture_output=True, check=False, timeout=LIMIT_SECONDS
    )
    took = time.perf_counter() - begun
    require(done.returncode == 0, f"{command} failed: {done.stderr.decode()[-500:]}")
    return took


def install(setting: Setting) -> Iterator[Figures]:
    """Packages and megabytes that a fresh virtual environment gains, without compiled files."""
    with tempfile.TemporaryDirectory(prefix="slipstream-bench-") as folder:
        environment = Path(folder)
        venv.create(environment, with_pip=True)
        empty = megabytes(environment)
        begun = time.perf_counter()
        setting.system.install(environment)
        took = time.perf_counter() - begun
        found = environment.glob("lib/python*/site-packages/*.dist-info")
        names = {path.name.split("-")[0].lower() for path in found}
        yield {
            "packages": len(names.difference(NOT_COUNTED)),
            "size_mb": megabytes(environment) - empty,
            "install_seconds": took,
        }


def megabytes(folder: Path) -> float:
    """Bytes of all files, without Python's own cache."""
    files = (path for path in folder.rglob("*") if "__pycache__" not in path.parts)
    return sum(path.lstat().st_size for path in files if path.is_file()) / MEGABYTE
