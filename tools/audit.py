"""Looks for weaknesses in our code and in what it depends on: `python tools/audit.py`.

bandit reads the code, pip-audit asks a service of advisories about the packages of the lock file.
Both are installed where they are missing. What could not be asked is said, and is no failure: a
machine without the network can still check everything else.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
JUDGED = "B102,B104,B108,B301,B310,B608"
"""Code that is run because running it is the product, and what ruff's rules of the same names judge
place by place (`noqa` with the reason)."""

MOST_SECONDS = 90
"""How long the service of advisories may take in all."""


def main() -> int:
    """How many of the two have found something."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*command, "bandit", "pip-audit"], check=False, capture_output=True, text=True
    )
    if done.returncode:
        print("bandit and pip-audit cannot be installed here: nothing was audited.")
        return 0
    return _code() + _packages()


def _code() -> bool:
    words = ["-q", "-r", str(ROOT / "src"), "-ll", "--skip", JUDGED]
    return bool(subprocess.run([sys.executable, "-m", "bandit", *words], check=False).returncode)


def _packages() -> bool:
    words = ["-r", str(ROOT / "requirements.lock"), "--no-deps", "--disable-pip", "--timeout", "10"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pip_audit", *words],
            check=False,
            capture_output=True,
            text=True,
            timeout=MOST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        print(f"pip-audit was not answered within {MOST_SECONDS} s: no package was audited.")
        return False
    said = done.stdout + done.stderr
    skipped = said.count("could not be audited")
    if skipped:
        print(f"pip-audit: there are no advisories to be had about {skipped} packages here.")
    if done.returncode == 0:
        return False
    if "vulnerabilit" in done.stderr and "Found" in done.stderr:
        print(said)
        return True
    print(f"pip-audit could not ask: {done.stderr.strip().splitlines()[-1:]}")
    return False


if __name__ == "__main__":
    sys.exit(main())
