"""Read off real Airflow what the modules of our surface have there.

    AIRFLOW/bin/python tests/compat/names_of_airflow.py SRC > tests/compat/names_of_airflow.csv

SRC is the folder `src` of this repository: its tables are read, nothing of it is installed. Each
row is a module that Airflow has, and those names that the tables list for it and Airflow has too.
"""

from __future__ import annotations

import csv
import importlib
import sys
import warnings


def names_there(module: str, names: frozenset[str]) -> list[str] | None:
    """Those of the names that the module has; None where there is no such module."""
    try:
        found = importlib.import_module(module)
    except ImportError:
        return None
    return sorted(name for name in names if _has(found, module, name))


def _has(found: object, module: str, name: str) -> bool:
    if hasattr(found, name):
        return True
    try:
        importlib.import_module(f"{module}.{name}")
    except ImportError:
        return False
    return True


def main(source: str) -> None:
    """Write the table to the standard output."""
    warnings.simplefilter("ignore")
    sys.path.insert(0, source)
    from slipstream.compat.surface import load_surface

    surface = load_surface()
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(["module", "names"])
    for module in sorted(surface.modules()):
        there = names_there(module, surface.names(module))
        if there is not None:
            rows.writerow([module, " ".join(there)])


if __name__ == "__main__":
    main(sys.argv[1])
