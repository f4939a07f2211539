"""Which variables and connections the code of a DAG finds: those of its team, and those of all."""

from __future__ import annotations

from slipstream.model.attempt import Asker
from slipstream.model.errors import NotYoursError
from slipstream.model.team import TeamOf
from slipstream.store.interface import SettingsStore
from slipstream.store.records import VariableRecord
from slipstream.wire import execution as wire


class OwnedSettings:
    """Variables and connections, judged by who asks. Another team's are as if they were not there.

    What belongs to a team stays out of everybody else's reach where teams are turned off, too.
    """

    def __init__(self, store: SettingsStore, team_of: TeamOf) -> None:
        self._store = store
        self._team_of = team_of

    def team(self, asker: Asker) -> str | None:
        """The team of the DAG that asks; None where it has none."""
        return None if asker is None else self._team_of(asker.fileloc)

    def get_variable(self, asker: Asker, key: str) -> str | None:
        """The variable's text, or None."""
        found = self._store.get_variable(key)
        return found.value if found is not None and self._sees(asker, found.team_name) else None

    def set_variable(self, asker: Asker, ask: wire.SetVariable) -> None:
        """Store it. One that is there stays whose it is; a new one is the asker's team's. Raises
        `NotYoursError` for another team's."""
        found = self._store.get_variable(ask.key)
        if found is not None and not self._sees(asker, found.team_name):
            raise _not_yours(ask.key)
        self._store.set_variable(
            VariableRecord(
                key=ask.key,
                value=ask.value,
                description=ask.description,
                team_name=self.team(asker) if found is None else found.team_name,
            )
        )

    def delete_variable(self, asker: Asker, key: str) -> bool:
        """Remove it; False where there is none for the asker."""
        found = self._store.get_variable(key)
        if found is None or not self._sees(asker, found.team_name):
            return False
        return self._store.delete_variable(key)

    def get_connection(self, asker: Asker, conn_id: str) -> wire.ConnectionFound | wire.Missing:
        """The connection, if it is there for the asker."""
        found = self._store.get_connection(conn_id)
        if found is None or not self._sees(asker, found.team_name):
            return wire.Missing()
        return wire.ConnectionFound(
            conn_id=found.conn_id,
            conn_type=found.conn_type,
            description=found.description,
            host=found.host,
            login=found.login,
            password=found.password,
            schema=found.schema,
            port=found.port,
            extra=found.extra,
        )

    def _sees(self, asker: Asker, team_name: str | None) -> bool:
        return team_name is None or team_name == self.team(asker)


def _not_yours(key: str) -> NotYoursError:
    return NotYoursError(f"The variable {key!r} belongs to another team; choose another key.")
