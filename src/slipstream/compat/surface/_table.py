"""How the tables are read.

A table maps a module to `{source: names}`. A source is a module of ours; each name is an attribute
of it, `name=attribute` where the two differ, or `name=` for the module itself. Tables of removed
modules say what to use instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from slipstream.compat.surface._former import former_modules
from slipstream.compat.surface._target import Target, parse_names

_PROVIDERS = "airflow.providers"
"""What their packages lost is in a table of its own."""

Table: TypeAlias = Mapping[str, Mapping[str, str]]
"""`{airflow module: {source module: "name name=attribute …"}}`."""


@dataclass(frozen=True, slots=True)
class Removed:
    """A module that Airflow 3 does not have: its names, and the module whose names they are."""

    names: str
    source: str
    advice: str = ""
    """What to use instead, where that is not the name in `source`."""

    def targets(self) -> Mapping[str, Target]:
        """Where each of the names comes from."""
        found = _targets({self.source: self.names})
        return {
            name: replace(target, replacement=self.advice or f"{target.module}.{target.attribute}")
            for name, target in found.items()
        }


class Surface:
    """All modules and names of the surface."""

    def __init__(
        self, tables: Iterable[Table], removed: Mapping[str, Removed | Sequence[Removed]]
    ) -> None:
        self._modules: dict[str, dict[str, Target]] = {}
        self._has_former = False
        for table in tables:
            for module, sources in table.items():
                self._add_module(module).update(_targets(sources))
        for module, entries in removed.items():
            for entry in [entries] if isinstance(entries, Removed) else entries:
                self._add_module(module).update(entry.targets())

    @classmethod
    def of_targets(cls, modules: Mapping[str, Mapping[str, Target]]) -> Surface:
        """The surface of exactly these modules and names."""
        surface = cls((), {})
        surface._has_former = True
        for module, targets in modules.items():
            surface._add_module(module).update(targets)
        return surface

    def has_module(self, module: str) -> bool:
        """Whether the surface has this module or one below it."""
        return module in self._modules or (self._add_former(module) and module in self._modules)

    def names(self, module: str) -> frozenset[str]:
        """The names that the module lists."""
        return frozenset(self._modules.get(module, ()))

    def target(self, module: str, name: str) -> Target | None:
        """Where the name of that module comes from, or None where it does not have it."""
        found = self._modules.get(module, {}).get(name)
        if found is None and not name.startswith("__") and self._add_former(module):
            found = self._modules.get(module, {}).get(name)
        return found

    def modules(self) -> frozenset[str]:
        """Every module of the surface."""
        return frozenset(self._modules)

    def _add_former(self, module: str) -> bool:
        """Add what Airflow 1.10 and 2.x had, once, when something is missing. Whether it did."""
        if self._has_former or module.startswith(_PROVIDERS):
            return False
        self._has_former = True
        for name, targets in former_modules().items():
            if "*" not in targets:
                listed = self._add_module(name)
                listed.update({k: v for k, v in targets.items() if k not in listed})
        return True

    def _add_module(self, module: str) -> dict[str, Target]:
        parent, _, _ = module.rpartition(".")
        if parent and parent not in self._modules:
            self._add_module(parent)
        return self._modules.setdefault(module, {})


def _targets(sources: Mapping[str, str]) -> dict[str, Target]:
    return {
        name: Target(source, attribute)
        for source, names in sources.items()
        for name, attribute in parse_names(names)
    }


@cache
def load_surface() -> Surface:
    """The whole surface, read once."""
    from slipstream.compat.surface import (
        assets,
        auth,
        authoring,
        commands,
        database,
        executors,
        legacy,
        logs,
        metrics,
        models,
        plugins,
        providers,
        secrets,
        standard,
        values,
    )

    return Surface(
        (
            database.TABLE,
            assets.TABLE,
            auth.TABLE,
            authoring.TABLE,
            commands.TABLE,
            executors.TABLE,
            logs.TABLE,
            metrics.TABLE,
            models.TABLE,
            plugins.TABLE,
            providers.TABLE,
            secrets.TABLE,
            standard.TABLE,
            values.TABLE,
        ),
        legacy.REMOVED_NAMES,
    )
