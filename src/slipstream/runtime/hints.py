"""What to do about errors of Python's own that people meet when a DAG file is loaded."""

from __future__ import annotations

import re
import sys

_LISTS_IN_ORDER = re.compile(r"for (>>|<<): 'list' and 'list'")


def hint_for(error: BaseException) -> str | None:
    """What to do, in a sentence or two; None where the error says enough."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _about_module(error.name)
    if isinstance(error, TypeError) and _LISTS_IN_ORDER.search(str(error)):
        return (
            "Two lists of tasks cannot be put in order with >> or <<. Use chain() to join them "
            "item by item, or cross_downstream() to join each with each (from airflow.sdk)."
        )
    return None


def _about_module(name: str) -> str:
    parts = name.split(".")
    if parts[:2] == ["airflow", "providers"] and len(parts) > 2:
        package = "-".join(["apache-airflow-providers", *parts[2 : 2 + _depth(parts)]])
        return f"Install the provider package {package} for {sys.executable}."
    if parts[0] == "airflow":
        return (
            f"{name} is no module of Airflow's that is known here. Is it misspelt, or of a "
            f"release that had it elsewhere?"
        )
    return (
        f"Install what brings {parts[0]!r} for {sys.executable}. A module of your own belongs "
        f"into the DAGs folder or the plugins folder."
    )


def _depth(parts: list[str]) -> int:
    """How many folders name the package: those of Apache, Microsoft and the like have two."""
    return 2 if parts[2] in {"apache", "atlassian", "cncf", "common", "dbt", "microsoft"} else 1
