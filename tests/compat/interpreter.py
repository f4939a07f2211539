"""Code run by an interpreter of its own, with the surface installed."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "src"


def run(
    code: str, *, path: Path | None = None, environment: Mapping[str, str] | None = None
) -> str:
    """What the code prints. `path` is a folder with more packages."""
    places = [str(SOURCES), *([str(path)] if path else [])]
    begin = f"import sys; sys.path[:0] = {places!r}\nimport slipstream.compat as c; c.install()\n"
    done = subprocess.run(
        [sys.executable, "-c", begin + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
