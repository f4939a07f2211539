"""The sixteen biggest provider packages import, as far as what they need is installed here.

Their wheels are fetched by pip, without what they need and without Airflow. Where no index can be
reached, the test is skipped.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "compat_surface.py"
BIGGEST = {
    "amazon": "9.39.0",
    "apache-hive": "9.7.1",
    "apache-kafka": "2.1.0",
    "cncf-kubernetes": "10.25.0",
    "common-ai": "1.0.0",
    "common-compat": "1.23.0",
    "common-sql": "2.4.0",
    "databricks": "7.23.0",
    "edge3": "5.1.0",
    "fab": "3.10.2",
    "google": "22.8.0",
    "microsoft-azure": "15.2.1",
    "openlineage": "2.20.3",
    "snowflake": "6.20.0",
    "standard": "1.21.0",
    "teradata": "3.7.1",
}
FETCH_LIMIT_SECONDS = 60
CHECK_LIMIT_SECONDS = 300


def fetch(wanted: Sequence[str], folder: Path) -> None:
    """Unpack the wheels into the folder; skips the test where there is nowhere to get them."""
    options = ["--no-deps", "--no-compile", "--only-binary", ":all:", "--retries", "1"]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--timeout", "10", *options]
    try:
        done = subprocess.run(
            [*command, "--target", str(folder), *wanted],
            capture_output=True,
            text=True,
            timeout=FETCH_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"the package index did not answer within {FETCH_LIMIT_SECONDS} s")
    if "(from versions: none)" in done.stderr:
        pytest.skip("no package index can be reached, or it has no provider packages")
    assert done.returncode == 0, done.stderr


def test_every_module_of_the_biggest_providers_finds_what_it_wants_of_airflow(
    tmp_path: Path,
) -> None:
    fetch(
        [f"apache-airflow-providers-{name}=={version}" for name, version in BIGGEST.items()],
        tmp_path,
    )
    done = subprocess.run(
        [sys.executable, str(TOOL), "--path", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=CHECK_LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_, total = (line.split() for line in done.stdout.splitlines() if line)
    count, _word, modules, imported, _package, ours = total
    assert (int(count), int(ours)) == (len(BIGGEST), 0)
    assert int(modules) > 1000
    assert int(imported) > 300
