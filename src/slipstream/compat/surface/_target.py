"""Where one name of the surface comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A name's module and attribute; None is the module itself.

    `replacement`, for a name that Airflow 3 has removed, says what to use today. A target without a
    module is one that nothing took the place of: importing it fails with that advice.
    """

    module: str
    attribute: str | None
    replacement: str | None = None


def parse_names(names: str) -> Iterator[tuple[str, str | None]]:
    """Names and attributes of a table's entry: `name`, `name=attribute`, or `name=` for the module
    itself."""
    for entry in names.split():
        name, equals, attribute = entry.partition("=")
        yield name, attribute or None if equals else name
