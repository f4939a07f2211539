"""Whether a name of `airflow.*` is there, by the tables of the surface: nothing is imported."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from slipstream.cli.doctor.findings import Level
from slipstream.compat.explaining import provider_of
from slipstream.compat.surface import Target, dropped_names, load_surface, refusal

_TABLES = "slipstream.compat.adapters.database_models"
_NOT_HERE = "slipstream.compat.adapters.not_here"
_STANDARD = "airflow.providers.standard"
_SESSIONS = frozenset(
    {
        "airflow.settings.Session",
        *(
            f"airflow.utils.{module}.{name}"
            for module in ("db", "session")
            for name in ("create_session", "provide_session")
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said about an imported name."""

    level: Level
    rule: str
    found: str
    remedy: str


def judge(module: str, name: str | None) -> Verdict | None:
    """What is to be said about `import module` or `from module import name`; None for nothing."""
    whole = f"{module}.{name}" if name else module
    instead = refusal(module) or (refusal(whole) if name else None)
    if instead is not None:
        return Verdict(Level.ERROR, "removed-name", f"{whole} is gone since Airflow 3", instead)
    surface = load_surface()
    provider = provider_of(module)
    if provider not in (None, "standard") and not _is_installed(str(provider)):
        return _missing(str(provider), module)
    if name is not None:
        target = surface.target(module, name) or dropped_names().get(module, {}).get(name)
        if target is not None and not _is_replaced(module, target):
            return _of_target(whole, target)
    if surface.has_module(module) and (name is None or surface.has_module(whole)):
        return None
    if module.startswith("airflow.providers."):
        return _of_provider(module, name)
    if surface.has_module(module):
        return Verdict(
            Level.ERROR,
            "unknown-name",
            f"{module} has no {name}",
            "import it from the module that defines it: names of plugins are not put into airflow",
        )
    return Verdict(
        Level.ERROR,
        "unknown-name",
        f"there is no module {module}",
        "import it from the module that defines it; the folders of DAGs and of plugins are on the "
        "path",
    )


def _is_replaced(module: str, target: Target) -> bool:
    """Whether the name is still the package's own, and only takes older arguments as well."""
    return bool(target.replacement) and module == (target.replacement or "").rpartition(".")[0]


def _of_target(whole: str, target: Target) -> Verdict | None:
    if not target.module:
        return Verdict(
            Level.ERROR,
            "removed-name",
            f"{whole} is gone since Airflow 3",
            target.replacement or "",
        )
    if target.attribute == "SubDagOperator":
        return Verdict(
            Level.ERROR, "sub-dag", "SubDAGs do not exist", "put the tasks into a TaskGroup"
        )
    if target.module == _TABLES or whole in _SESSIONS:
        return Verdict(
            Level.WARNING,
            "database-access",
            f"{whole} reaches into Airflow's metadata database, which tasks cannot; it can be "
            "imported, and fails when it is used",
            "ask the REST API (/api/v2), or ti.get_dagrun(), ti.get_task_states() and the like",
        )
    if target.module == _NOT_HERE:
        return Verdict(
            Level.WARNING,
            "database-access",
            f"{whole} changes the metadata database; it fails when it is used",
            "run the commands slipstream db and slipstream connections",
        )
    provider = provider_of(target.module) or provider_of(target.replacement or "")
    if provider is not None and provider != "standard" and not _is_installed(provider):
        return _missing(provider, whole)
    if target.replacement is None:
        return None
    return Verdict(Level.NOTE, "former-name", f"{whole} works", f"today: {target.replacement}")


def _of_provider(module: str, name: str | None) -> Verdict | None:
    provider = provider_of(module)
    if provider is None:
        return None
    if provider == "standard" or _is_installed(provider):
        if module.startswith(_STANDARD) or _has_module(module):
            return None
        if name is not None and _has_module(f"{module}.{name}"):
            return None
        return Verdict(
            Level.ERROR,
            "unknown-name",
            f"the installed package apache-airflow-providers-{provider} has no module {module}",
            "look for its new place in the package's change log",
        )
    return _missing(provider, module)


def _missing(provider: str, module: str) -> Verdict:
    return Verdict(
        Level.ERROR,
        "provider-missing",
        f"{module} needs the package apache-airflow-providers-{provider}",
        f"slipstream providers install {provider}",
    )


def _is_installed(provider: str) -> bool:
    return _has_module("airflow.providers." + provider.replace("-", "."))


def _has_module(module: str) -> bool:
    """Whether a package or a module of that name lies on the path."""
    parts = module.split(".")
    for entry in sys.path:
        place = Path(entry or ".").joinpath(*parts)
        if place.is_dir() or place.with_suffix(".py").is_file():
            return True
    return False
