"""Teams share a deployment: a DAG belongs to the team of the bundle that its file lies in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

TeamOf: TypeAlias = Callable[[str], str | None]
"""Gives the team of a DAG file, by its absolute path; None where it belongs to none."""


def no_team(_fileloc: str) -> str | None:
    """The team of every file where there are no teams."""
    return None
