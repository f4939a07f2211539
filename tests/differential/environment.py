"""The environment with real Airflow in it: the one that is named, or one of our own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from bench.systems.airflow import RELEASE, Airflow

VERSION = "import importlib.metadata as m; print(m.version('apache-airflow'))"


def airflow_python(folder: str | None) -> str:
    """The interpreter of the environment in `folder`; made below `bench/.peers` where None."""
    if folder is None:
        peer = Airflow()
        peer.prepare()
        python = peer.python
    else:
        python = Path(folder) / "bin" / "python"
    found = subprocess.run(
        [str(python), "-c", VERSION], capture_output=True, text=True, check=False
    )
    if found.stdout.strip() != RELEASE:
        said = found.stdout.strip() or found.stderr.strip()[-300:]
        raise SystemExit(
            f"{python} has Airflow {said!r}; the comparison is with {RELEASE}. Install "
            f"apache-airflow=={RELEASE} there, or leave AIRFLOW away to have one made."
        )
    return str(python)
