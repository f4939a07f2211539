"""How what a template gave is printed."""

from __future__ import annotations

from typing import Final

_RULE: Final = "# " + "-" * 58


def print_property(field: str, value: object) -> None:
    """The value below the field's name."""
    print(f"{_RULE}\n# property: {field}\n{_RULE}\n{value}\n")
