"""An environment with real Airflow, copied, and Slipstream installed into the copy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_LIST = """
import json
from importlib.metadata import distributions
print(json.dumps({dist.metadata["Name"]: dist.version for dist in distributions()}))
"""


def environment_beside(airflow_python: str, folder: Path) -> tuple[str, list[str]]:
    """The interpreter of the new environment, and what of Airflow's packages had to change there.

    The environment that is copied stays as it is.
    """
    sys.path.insert(0, str(ROOT / "tools"))
    import set_up

    shutil.copytree(Path(airflow_python).parents[1], folder, symlinks=True)
    python = str(folder / "bin" / "python")
    before = _packages(python)
    uv = set_up.find_uv(str(Path(sys.executable).parents[1]))
    command = (
        [uv, "pip", "install", "--quiet", "--python", python, str(ROOT)]
        if uv
        else [python, "-m", "pip", "install", "--quiet", "--no-compile", str(ROOT)]
    )
    done = subprocess.run(
        command,
        env={**os.environ, **set_up.uv_settings(python)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"Slipstream could not be installed beside Airflow:\n{done.stderr}")
    after = _packages(python)
    changed = [
        f"{name} {version} -> {after.get(name, 'gone')}"
        for name, version in sorted(before.items())
        if after.get(name) != version
    ]
    return python, changed


def _packages(python: str) -> dict[str, str]:
    variables = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-I", "-c", _LIST], env=variables, capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found
