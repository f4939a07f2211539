"""Imports every module of installed provider packages over our `airflow.*` surface.

    python tools/compat_surface.py [--path FOLDER] [--only NAME ...] [--details] [PROVIDER ...]

Each provider has a process of its own. The table says how many of its modules were imported, how
many want a package that is not installed, and how many fail for want of something of ours; for
those the missing name follows. The exit code is 1 if there are any of the last kind.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[1] / "src"
PREFIX = "apache-airflow-providers-"

_CHILD = """
import json, logging, sys, warnings
warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
sys.path[:0] = json.loads(sys.argv[1])
import slipstream.compat
slipstream.compat.install()
import importlib

def missing(error):
    # The error itself, what it came from, and so on: the first that names a package decides.
    while error is not None:
        if isinstance(error, ImportError) and error.name:
            yield error
        error = error.__cause__ or error.__context__

def verdict(error):
    for found in missing(error):
        name = found.name
        if name.partition(".")[0] != "airflow":
            return "package", name.partition(".")[0]
        if name.startswith("airflow.providers."):
            if isinstance(found, ModuleNotFoundError):
                return "package", ".".join(name.split(".")[:4])
            continue
        return "surface", str(found)
    if type(error).__name__ == "AirflowOptionalProviderFeatureException":
        return "package", str(error)
    return "surface", f"{type(error).__name__}: {error}"

for module in sys.stdin.read().split():
    try:
        importlib.import_module(module)
        outcome = ["imported", ""]
    except BaseException as error:
        outcome = list(verdict(error))
    print("\\x1e" + json.dumps([module, *outcome]), flush=True)
"""


@dataclass(slots=True)
class Outcome:
    """What became of the modules of one provider."""

    provider: str
    version: str
    imported: int = 0
    package: dict[str, str] = field(default_factory=dict)
    """`{module: package that is not installed}`."""
    surface: dict[str, str] = field(default_factory=dict)
    """`{module: what is missing of ours}`."""

    @property
    def modules(self) -> int:
        """How many there are."""
        return self.imported + len(self.package) + len(self.surface)


def providers(paths: Sequence[str], wanted: Sequence[str]) -> Iterator[Distribution]:
    """The provider distributions of these folders, by name."""
    found = {dist.metadata["Name"]: dist for dist in distributions(path=list(paths))}
    for name in sorted(found):
        short = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and (not wanted or short in wanted):
            yield found[name]


def modules(provider: Distribution) -> list[str]:
    """Every module that the distribution brings, without its example DAGs and tests, and without
    the scripts that Alembic runs: they want to be run by it."""
    files = (file for file in provider.files or () if file.suffix == ".py")
    parts = (
        file.with_suffix("").parts
        for file in files
        if file.parts[:2] == _ROOT and file.parts[-2:] != ("migrations", "env.py")
    )
    names = (part[:-1] if part[-1] == "__init__" else part for part in parts)
    return sorted(".".join(name) for name in names if "example_dags" not in name)


_ROOT = ("airflow", "providers")


def examined(provider: Distribution, paths: Sequence[str], timeout_seconds: float) -> Outcome:
    """Import its modules in a child process."""
    name = provider.metadata["Name"].removeprefix(PREFIX)
    outcome = Outcome(name, provider.version)
    names = modules(provider)
    command = [sys.executable, "-c", _CHILD, json.dumps([str(SOURCES), *paths])]
    try:
        done = subprocess.run(
            command,
            input="\n".join(names),
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
        output, end = done.stdout, f"the process ended with {done.returncode}: {done.stderr[-300:]}"
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode()
        end = f"took more than {timeout_seconds:g} s"
    lines = (line.partition("\x1e")[2] for line in output.split("\n") if "\x1e" in line)
    seen = {module: (kind, what) for module, kind, what in map(json.loads, lines)}
    for module in names:
        kind, what = seen.get(module, ("surface", end))
        if kind == "imported":
            outcome.imported += 1
        else:
            getattr(outcome, kind)[module] = what
    return outcome


def show(outcomes: Sequence[Outcome], *, details: bool) -> None:
    """Print the table, and below it what is missing of ours."""
    columns = "{:<24} {:>9} {:>8} {:>9} {:>15} {:>14}"
    print(
        columns.format(
            "provider", "version", "modules", "imported", "package missing", "ours missing"
        )
    )
    for one in outcomes:
        counts = (one.modules, one.imported, len(one.package), len(one.surface))
        print(columns.format(one.provider, one.version, *counts))
    totals = [
        sum(counts)
        for counts in zip(
            *((o.modules, o.imported, len(o.package), len(o.surface)) for o in outcomes),
            strict=True,
        )
    ]
    print(columns.format(f"{len(outcomes)} providers", "", *totals))
    for one in outcomes:
        for module, what in one.surface.items():
            print(f"  {module}: {what}")
        for module, what in one.package.items() if details else ():
            print(f"  {module}: not installed: {what}")


def main() -> int:
    """Examine the providers of this environment, or of the folders that were given."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("providers", nargs="*", help="short names, such as amazon; default: all")
    parser.add_argument("--path", action="append", default=[], help="a folder with packages")
    parser.add_argument("--details", action="store_true", help="also name what is not installed")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for each provider")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    arguments = parser.parse_args()
    found = list(providers(arguments.path or sys.path, arguments.providers))
    if not found:
        print("There are no provider packages here; name a folder with --path.", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = list(
            pool.map(lambda one: examined(one, arguments.path, arguments.timeout), found)
        )
    show(outcomes, details=arguments.details)
    return 1 if any(one.surface for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
