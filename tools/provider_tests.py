"""Runs the unit tests that providers ship in their source packages, over our `airflow.*` surface.

    python tools/provider_tests.py [--python FILE] [--airflow FILE] [--folder DIR] PROVIDER ...

The source package of each provider is fetched by pip, in the version that is installed, and is not
kept unless `--folder` says where. `--python` is an interpreter with the providers, what they need,
pytest, pytest-asyncio, pytest-mock, pytest-timeout, requests-mock, aioresponses, time-machine,
dnspython, pandas and uuid6;
`--airflow` one that has Airflow besides: the same tests run under it, and its rate stands beside
ours. Fixtures of Airflow's own repository have a small stand-in (`provider_fixtures`); tests that
want its database cannot run under either, and count as errors.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = Path(__file__).with_name("provider_fixtures")
TEST_LIMIT_SECONDS = 30
"""Some tests wait for addresses of the internet, which a machine may not reach."""
PREFIX = "apache-airflow-providers-"


@dataclass(frozen=True, slots=True)
class Rate:
    """How many tests there were, and how many passed."""

    tests: int
    passed: int
    skipped: int
    failing: Mapping[str, str]
    """`{test: first line of what is wrong}`."""

    def __str__(self) -> str:
        ran = self.tests - self.skipped
        percent = 100 * self.passed / ran if ran else 0
        return f"{self.passed} of {ran} ({percent:.1f} %)"


def fetched(provider: str, python: str, folder: Path) -> Path:
    """The unpacked source package, in the version that this interpreter has."""
    package = PREFIX + provider
    ask = f"from importlib.metadata import version; print(version({package!r}))"
    version = _said([python, "-c", ask]).strip()
    place = folder / f"{package.replace('-', '_')}-{version}"
    if not place.is_dir():
        source = ["--no-deps", "--no-binary", ":all:", f"{package}=={version}"]
        _said([sys.executable, "-m", "pip", "download", "-q", "--dest", str(folder), *source])
        with tarfile.open(folder / f"{place.name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return place


def tested(place: Path, python: str, *, ours: bool, timeout_seconds: float) -> Rate:
    """Run the unit tests of a source package."""
    report = place / f"{'slipstream' if ours else 'airflow'}.xml"
    report.unlink(missing_ok=True)
    paths = [str(FIXTURES), *([str(ROOT / "src")] if ours else []), str(place)]
    command = [python, "-m", "pytest", "-q", "--tb=line", "tests/unit"]
    command += ["-p", "surface_plugin"] if ours else []
    command += [f"--junitxml={report}", "-o", "asyncio_mode=strict", "-p", "no:cacheprovider"]
    command += ["-o", f"timeout={TEST_LIMIT_SECONDS}", "--continue-on-collection-errors"]
    with tempfile.TemporaryDirectory(prefix="provider-tests-") as home:
        # Certificates of this machine would show in what the tests compare.
        kept = {name: value for name, value in os.environ.items() if "CA_BUNDLE" not in name}
        given = {"PYTHONPATH": os.pathsep.join(paths), "AIRFLOW_HOME": home}
        with suppress(subprocess.TimeoutExpired):
            subprocess.run(
                [*command, "--import-mode=importlib"],
                cwd=place,
                env={**kept, **given, "SLIPSTREAM_HOME": home},
                capture_output=True,
                timeout=timeout_seconds,
                check=False,
            )
    return _rate(report)


def _rate(report: Path) -> Rate:
    if not report.is_file():
        return Rate(0, 0, 0, {"all": "pytest did not come to an end"})
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 - pytest has just written it
    failing = {}
    skipped = 0
    for case in cases:
        skipped += case.find("skipped") is not None
        for kind in ("failure", "error"):
            if (found := case.find(kind)) is not None:
                name = f"{case.get('classname')}.{case.get('name')}"
                failing[name] = (found.get("message") or "").partition("\n")[0]
    return Rate(len(cases), len(cases) - skipped - len(failing), skipped, failing)


def _said(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-800:]}")
    return done.stdout


def main() -> int:
    """Run what was asked for, and print a line for each provider."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("providers", nargs="+")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--airflow", help="an interpreter that has Airflow")
    parser.add_argument("--folder", type=Path, help="where the source packages stay")
    parser.add_argument("--timeout", type=float, default=600, help="seconds for each provider")
    parser.add_argument("--details", action="store_true", help="name the tests that fail")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="provider-sources-") as temporary:
        folder = (arguments.folder or Path(temporary)).resolve()
        for provider in arguments.providers:
            place = fetched(provider, arguments.python, folder)
            limit = arguments.timeout
            mine = tested(place, arguments.python, ours=True, timeout_seconds=limit)
            line = f"{provider:<18} slipstream {mine!s:<26}"
            if arguments.airflow:
                theirs = tested(place, arguments.airflow, ours=False, timeout_seconds=limit)
                line += f" airflow {theirs}"
            print(line, flush=True)
            for name, reason in mine.failing.items() if arguments.details else ():
                print(f"    {name}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
