"""Teams: who owns variables, connections and pools."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, insert, select

from slipstream.model.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from slipstream.store import tables
from slipstream.store.database import Transaction
from slipstream.store.parts import StoreParts

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{3,50}")
_OWNED: Final = (
    ("connection(s)", tables.connection),
    ("variable(s)", tables.variable),
    ("pool(s)", tables.pool),
)


class TeamVerbs(StoreParts):
    """Teams."""

    def list_teams(self) -> Sequence[str]:
        """The names, in alphabetical order."""
        with self._database.read() as transaction:
            return transaction.column(select(tables.team.c.name).order_by(tables.team.c.name))

    def create_team(self, name: str) -> None:
        """Raises `InvalidInputError` for what is no name, `AlreadyExistsError`."""
        _require_names([name])
        with self._database.write() as transaction:
            if not _add(transaction, [name]):
                raise AlreadyExistsError(f"There already is a team {name!r}.")

    def add_teams(self, names: Sequence[str]) -> Sequence[str]:
        """Create those that are not there; gives these. Raises `InvalidInputError`."""
        _require_names(names)
        with self._database.write() as transaction:
            return _add(transaction, sorted(set(names)))

    def delete_team(self, name: str) -> None:
        """Raises `NotFoundError`, and `ConflictError` while something belongs to it."""
        with self._database.write() as transaction:
            # Locked, so that nothing is given to it meanwhile.
            found = transaction.column(
                select(tables.team.c.name).where(tables.team.c.name == name).with_for_update()
            )
            if not found:
                raise NotFoundError(f"There is no team {name!r}.")
            owned = [
                f"{count} {noun}"
                for noun, table in _OWNED
                if (
                    count := transaction.value(
                        select(func.count()).select_from(table).where(table.c.team_name == name)
                    )
                )
            ]
            if owned:
                raise ConflictError(
                    f"The team {name!r} has {', '.join(owned)}: remove them first, or let them "
                    "belong to another team or to none."
                )
            transaction.execute(delete(tables.team).where(tables.team.c.name == name))


def _require_names(names: Sequence[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise InvalidInputError(
                f"{name!r} is no name of a team: expected 3 to 50 letters of the English alphabet, "
                "digits, hyphens and underscores."
            )


def _add(transaction: Transaction, names: Sequence[str]) -> Sequence[str]:
    """Those of them that were not there."""
    known = transaction.column(select(tables.team.c.name).where(tables.team.c.name.in_(names)))
    new = [name for name in names if name not in known]
    if new:
        transaction.execute(insert(tables.team), [{"name": name} for name in new])
    return new


def require_team(transaction: Transaction, name: str | None) -> None:
    """Raises `InvalidInputError` unless there is such a team; it stays until the transaction ends.
    None is no team."""
    if name is None:
        return
    query = select(tables.team.c.name).where(tables.team.c.name == name)
    if not transaction.column(query.with_for_update(read=True)):
        raise InvalidInputError(
            f"There is no team {name!r}: `slipstream teams create` makes one, "
            "`slipstream teams list` shows all."
        )
