"""Questions to the person at the terminal."""

from __future__ import annotations

import sys

from slipstream.cli.errors import NotConfirmedError


def confirm(question: str, *, yes: bool) -> None:
    """Go on only after a yes. Raises `NotConfirmedError`."""
    if yes:
        return
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip().lower()
    if answer not in {"y", "yes"}:
        raise NotConfirmedError("Nothing was done. Answer y, or add --yes.")
