"""Makes an environment with the official clients: `python3 tools/set_up_clients.py FOLDER`.

An environment that was made from the same list is left as it is.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import set_up

PACKAGES = ("apache-airflow-client==3.3.2", "apache-airflow-ctl==0.1.5", "schemathesis==4.32.5")


def main() -> None:
    """Make the environment where it is not there."""
    if len(sys.argv) != 2:
        sys.exit("usage: python3 tools/set_up_clients.py FOLDER")
    folder = Path(sys.argv[1]).resolve()
    stamp, wanted = folder / ".slipstream-stamp", "\n".join(PACKAGES)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    print(f"Setting up {folder.name} (once; needs the network) ...", flush=True)
    set_up.make_environment(str(folder))
    python = set_up.python_of(str(folder))
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
        check=False,
    )
    if done.returncode:
        sys.exit("The clients could not be installed; see above.")
    stamp.write_text(wanted)


if __name__ == "__main__":
    main()
