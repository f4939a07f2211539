r"""Patterns of texts, as `slipstream.store.filters.like` takes them.

`%` and `_` are wildcards, `|` stands between patterns of which one is enough, and a `\` before one
makes it stand for itself.
"""

from __future__ import annotations

import re
from typing import Final

_ONE_PATTERN: Final = re.compile(r"(?:\\.|[^|])+", re.DOTALL)


def alternatives(pattern: str) -> list[str]:
    """What stands between the bars, where there is anything."""
    return _ONE_PATTERN.findall(pattern)


def escaped(text: str) -> str:
    """The pattern that matches nothing but the text itself."""
    for special in ("\\", "%", "_", "|"):
        text = text.replace(special, f"\\{special}")
    return text


def containing(text: str | None) -> str | None:
    """The pattern of what has that text somewhere in it."""
    return None if text is None else f"%{escaped(text)}%"
