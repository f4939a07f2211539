"""What the store offers of teams; see `interface`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class TeamStore(Protocol):
    """Teams: who owns variables, connections, pools and bundles of DAG files."""

    def list_teams(self) -> Sequence[str]:
        """The names, in alphabetical order."""

    def create_team(self, name: str) -> None:
        """Raises `InvalidInputError` for what is no name, `AlreadyExistsError`."""

    def add_teams(self, names: Sequence[str]) -> Sequence[str]:
        """Create those that are not there; gives these. Raises `InvalidInputError`."""

    def delete_team(self, name: str) -> None:
        """Raises `NotFoundError`, and `ConflictError` while something belongs to it."""
