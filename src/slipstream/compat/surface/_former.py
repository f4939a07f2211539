"""Names of Airflow 1.10 and 2.x that provider packages have today, or nobody.

`former.csv` lists modules that no package has any more; `dropped.csv` those of installed packages
that lost, renamed or changed a name. Both are read when a DAG file first asks for such a name.

Columns: `module`; `target`, the module that has the names today (`.amazon…` stands for
`airflow.providers.amazon…`), empty where nobody has; `names`, as in the tables, `*` for all that
the module and those below it had; `instead`, what to use, where that is not the name in `target`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from slipstream.compat.surface._target import Target, parse_names

_PROVIDERS = "airflow.providers"


@cache
def former_modules() -> dict[str, dict[str, Target]]:
    """`{module: {name: target}}` of modules that no package has any more."""
    return _read("former.csv")


@cache
def dropped_names() -> dict[str, dict[str, Target]]:
    """`{provider module: {name: target}}` of names that packages had, or had otherwise."""
    return _read("dropped.csv")


def refusal(module: str) -> str | None:
    """What to use instead of a module that is gone as a whole, or of one above it."""
    parts = module.split(".")
    for length in range(len(parts), 1, -1):
        target = former_modules().get(".".join(parts[:length]), {}).get("*")
        if target is not None:
            return target.replacement
    return None


def _read(name: str) -> dict[str, dict[str, Target]]:
    found: dict[str, dict[str, Target]] = {}
    for module, target, names, instead in _rows(name):
        found.setdefault(module, {}).update(_targets(target, names, instead))
    return found


def _rows(name: str) -> Iterator[list[str]]:
    import csv

    text = Path(__file__).with_name(name).read_text(encoding="utf-8")
    rows = csv.reader(text.splitlines())
    next(rows)
    return rows


def _targets(target: str, names: str, instead: str) -> Iterator[tuple[str, Target]]:
    source = _PROVIDERS + target if target.startswith(".") else target
    for name, attribute in parse_names(names):
        replacement = instead or ".".join(part for part in (source, attribute) if part)
        yield name, Target(source, attribute, replacement)
