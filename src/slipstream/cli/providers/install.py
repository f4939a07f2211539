"""`slipstream providers install`: stock packages and what they need, without Airflow itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path
from typing import TYPE_CHECKING

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.providers.listing import full_name, short_name
from slipstream.cli.providers.requirements import (
    declared,
    is_of_airflow,
    is_provider,
    undeclared,
)

if TYPE_CHECKING:
    from packaging.requirements import Requirement


@dataclass(slots=True)
class _Plan:
    """What will be installed: providers by their package, and requirements of everything else."""

    providers: dict[str, str] = field(default_factory=dict)
    """`{package: version}`."""
    others: set[str] = field(default_factory=set)
    """Requirements as text."""


class _Installer:
    """pip or uv, with the options that were given."""

    def __init__(self, arguments: Namespace) -> None:
        self._command = _program(arguments.installer)
        self._options: list[str] = []
        if arguments.find_links:
            self._options += ["--find-links", arguments.find_links]
        if arguments.no_index:
            self._options.append("--no-index")
        if arguments.index_url:
            self._options += ["--index-url", arguments.index_url]
        self._constraint = ["--constraint", arguments.constraint] if arguments.constraint else []
        self._target = ["--target", arguments.target] if arguments.target else []

    def fetch(self, wanted: Sequence[str], folder: Path) -> None:
        """Unpack these packages, and nothing that they need, into a folder."""
        self._run(["--no-deps", "--target", str(folder), *self._constraint, *wanted], wanted)

    def install(self, wanted: Sequence[str], *, alone: bool) -> None:
        """Install them where the command was told to; `alone`, without what they need."""
        needs = ["--no-deps"] if alone else []
        self._run([*needs, *self._target, *self._constraint, *wanted], wanted)

    def _run(self, arguments: Sequence[str], wanted: Sequence[str]) -> None:
        done = subprocess.run(
            [*self._command, *self._options, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-12:])
            raise CommandFailedError(
                f"{', '.join(wanted)} cannot be installed; {self._command[0]} says:\n{said}"
            )


def install_providers(_deployment: Deployment, arguments: Namespace) -> None:
    """Work out what is needed, install it, and say what was installed."""
    requirements = [_requirement(name) for name in arguments.names]
    installer = _Installer(arguments)
    with tempfile.TemporaryDirectory(prefix="slipstream-providers-") as folder:
        plan = _plan(requirements, installer, Path(folder))
        exact = [f"{name}=={version}" for name, version in sorted(plan.providers.items())]
        others = sorted(plan.others)
        if arguments.dry_run:
            print("\n".join(["Would install:", *(f"  {one}" for one in [*exact, *others])]))
            return
        # Providers come last: where something that they need is not to be had, nothing has changed.
        if others:
            installer.install(others, alone=False)
        installer.install(exact, alone=True)
    for name, version in sorted(plan.providers.items()):
        print(f"{short_name(name)} {version}")


def _plan(wanted: Sequence[Requirement], installer: _Installer, folder: Path) -> _Plan:
    """Read what the packages need, and what the providers among that need, until nothing is new."""
    plan = _Plan()
    extras: dict[str, set[str]] = {}
    also: set[str] = set()
    while wanted:
        installer.fetch([_as_text(one) for one in wanted], folder)
        found = {full_name(one.metadata["Name"]): one for one in distributions(path=[str(folder)])}
        later: dict[str, Requirement] = {}
        for one in wanted:
            name = full_name(one.name)
            package = found[name]
            plan.providers[name] = package.version
            _check_extras(one, package)
            extras.setdefault(name, set()).update(one.extras)
            for needed in declared(package, extras[name]):
                _sort_in(needed, plan, later)
            also.update(undeclared(package, folder))
        wanted = [one for name, one in later.items() if name not in plan.providers]
    named = {_requirement_name(text) for text in plan.others}
    plan.others.update({one for one in also - named if not _is_installed(one)})
    return plan


def _check_extras(wanted: Requirement, package: Distribution) -> None:
    known = package.metadata.get_all("Provides-Extra") or []
    if unknown := wanted.extras - set(known):
        raise UsageError(
            f"{wanted.name} {package.version} has no extra {', '.join(sorted(unknown))}; "
            f"it has {', '.join(sorted(known)) or 'none'}."
        )


def _sort_in(needed: Requirement, plan: _Plan, providers: dict[str, Requirement]) -> None:
    name = needed.name.lower().replace("_", "-")
    if is_of_airflow(name):
        return
    if is_provider(name):
        if not _satisfies(needed):
            providers.setdefault(name, needed)
    elif not _satisfies(needed):
        needed.marker = None
        plan.others.add(str(needed))


def _requirement_name(text: str) -> str:
    from packaging.requirements import Requirement

    return Requirement(text).name.lower().replace("_", "-")


def _requirement(text: str) -> Requirement:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(
            f"{text!r} is no name of a provider: expected something like amazon, "
            f"cncf-kubernetes, docker==4.6.1 or amazon[pandas]."
        ) from error
    requirement.name = full_name(requirement.name)
    if not is_provider(requirement.name):
        raise UsageError(
            f"{requirement.name} is no provider package. Slipstream takes Airflow's place; "
            f"it must not be installed beside it by this command."
        )
    return requirement


def _satisfies(needed: Requirement) -> bool:
    """Whether this environment has it already, in a version that will do."""
    if needed.extras:
        return False
    try:
        version = distribution(needed.name).version
    except PackageNotFoundError:
        return False
    return needed.specifier.contains(version, prereleases=True)


def _is_installed(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True


def _as_text(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _program(asked: str | None) -> list[str]:
    """The command that installs into this interpreter's environment."""
    from importlib.util import find_spec

    beside = Path(sys.executable).with_name("uv")
    uv = shutil.which("uv") or (str(beside) if os.access(beside, os.X_OK) else None)
    if uv and asked != "pip":
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    if asked == "uv":
        raise CommandFailedError("uv is not there. Install it, or use --installer pip.")
    if find_spec("pip") is None:
        raise CommandFailedError(
            f"There is neither uv nor pip for {sys.executable}. Install uv, "
            f"or run `{sys.executable} -m ensurepip`."
        )
    quiet = ["--quiet", "--disable-pip-version-check"]
    return [sys.executable, "-m", "pip", "install", *quiet]
