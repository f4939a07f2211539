"""Makes an environment with stock provider packages: `python3 tools/set_up_providers.py FOLDER`.

The packages are those of `tests/integrations/requirements.txt`, without Airflow itself. An
environment that was made from the same files is left as it is.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import set_up

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "tests" / "integrations"
INPUTS = (
    FOLDER / "requirements.txt",
    FOLDER / "overrides.txt",
    ROOT / "pyproject.toml",
    Path(__file__),
)


def main() -> None:
    """Make the environment where it is not there."""
    if len(sys.argv) != 2:
        sys.exit("usage: python3 tools/set_up_providers.py FOLDER")
    folder = Path(sys.argv[1]).resolve()
    stamp = folder / ".slipstream-stamp"
    wanted = hashlib.sha256(b"".join(path.read_bytes() for path in INPUTS)).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    started = time.monotonic()
    print(f"Setting up {folder.name} (once; needs the network) ...", flush=True)
    set_up.make_environment(str(folder))
    uv = set_up.find_uv(str(folder))
    if uv is None:
        sys.exit("uv is needed to leave Airflow itself out: pip install uv, and try again.")
    python = set_up.python_of(str(folder))
    overrides, packages = FOLDER / "overrides.txt", FOLDER / "requirements.txt"
    command = [uv, "pip", "install", "--quiet", "--python", python, "--override", str(overrides)]
    settings = {**os.environ, **set_up.uv_settings(python)}
    extras = "postgres,objects,serializers"
    done = subprocess.run(
        [*command, "-r", str(packages), "-e", f"{ROOT}[{extras}]"], env=settings, check=False
    )
    if done.returncode:
        sys.exit("The provider packages could not be installed; see above.")
    stamp.write_text(wanted)
    print(f"Set up in {time.monotonic() - started:.0f} s.", flush=True)


if __name__ == "__main__":
    main()
