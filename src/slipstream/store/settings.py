"""Variables and connections: what people configure, encrypted at rest."""

from __future__ import annotations

from sqlalchemy import delete, select

from slipstream.store import tables
from slipstream.store.crypto import is_sealed
from slipstream.store.database import Row
from slipstream.store.listing import put, read_page
from slipstream.store.parts import StoreParts
from slipstream.store.records import ConnectionRecord, Page, VariableRecord, Window
from slipstream.store.teams import require_team

_VARIABLE_ORDERS = {
    "key": tables.variable.c.key,
    "id": tables.variable.c.key,
    "value": tables.variable.c.value,
    "team_name": tables.variable.c.team_name,
    "description": tables.variable.c.description,
}
_CONNECTION_ORDERS = {
    "id": tables.connection.c.conn_id,
    "connection_id": tables.connection.c.conn_id,
    **{
        column.name: column
        for column in tables.connection.c
        if column.name not in ("password", "extra")
    },
}


class SettingsVerbs(StoreParts):
    """Variables and connections."""

    def get_variable(self, key: str) -> VariableRecord | None:
        """The variable, or None."""
        with self._database.read() as transaction:
            rows = transaction.rows(select(*tables.variable.c).where(tables.variable.c.key == key))
        return self._variable(rows[0]) if rows else None

    def set_variable(self, variable: VariableRecord) -> bool:
        """Create or replace; True when it was new. Raises `InvalidInputError` for a team that there
        is not."""
        row = {
            "key": variable.key,
            "value": self._box.seal(variable.value),
            "description": variable.description,
            "team_name": variable.team_name,
        }
        with self._database.write() as transaction:
            require_team(transaction, variable.team_name)
            return put(transaction, self._database.dialect, tables.variable, row)

    def delete_variable(self, key: str) -> bool:
        """Remove one; False where there was none."""
        with self._database.write() as transaction:
            done = transaction.execute(delete(tables.variable).where(tables.variable.c.key == key))
            return done.rowcount > 0

    def list_variables(self, pattern: str | None, window: Window) -> Page[VariableRecord]:
        """A page of variables, by default ordered by key."""
        rows, total = read_page(
            self._database,
            tables.variable,
            tables.variable.c.key,
            pattern=pattern,
            window=window,
            orders=_VARIABLE_ORDERS,
        )
        return Page([self._variable(row) for row in rows], total)

    def get_connection(self, conn_id: str) -> ConnectionRecord | None:
        """The connection, or None."""
        query = select(*tables.connection.c).where(tables.connection.c.conn_id == conn_id)
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        return self._connection(rows[0]) if rows else None

    def set_connection(self, connection: ConnectionRecord) -> bool:
        """Create or replace; True when it was new. Raises `InvalidInputError` for a team that there
        is not."""
        row = {
            "conn_id": connection.conn_id,
            "conn_type": connection.conn_type,
            "description": connection.description,
            "host": connection.host,
            "login": connection.login,
            "password": self._sealed(connection.password),
            "schema": connection.schema,
            "port": connection.port,
            "extra": self._sealed(connection.extra),
            "team_name": connection.team_name,
        }
        with self._database.write() as transaction:
            require_team(transaction, connection.team_name)
            return put(transaction, self._database.dialect, tables.connection, row)

    def delete_connection(self, conn_id: str) -> bool:
        """Remove one; False where there was none."""
        with self._database.write() as transaction:
            done = transaction.execute(
                delete(tables.connection).where(tables.connection.c.conn_id == conn_id)
            )
            return done.rowcount > 0

    def list_connections(self, pattern: str | None, window: Window) -> Page[ConnectionRecord]:
        """A page of connections, by default ordered by id."""
        rows, total = read_page(
            self._database,
            tables.connection,
            tables.connection.c.conn_id,
            pattern=pattern,
            window=window,
            orders=_CONNECTION_ORDERS,
        )
        return Page([self._connection(row) for row in rows], total)

    def _sealed(self, text: str | None) -> str | None:
        return None if text is None else self._box.seal(text)

    def _opened(self, stored: str | None) -> str | None:
        return None if stored is None else self._box.open(stored)

    def _variable(self, row: Row) -> VariableRecord:
        key, value, description, team_name = row
        return VariableRecord(
            key=key,
            value=self._box.open(value),
            description=description,
            is_encrypted=is_sealed(value),
            team_name=team_name,
        )

    def _connection(self, row: Row) -> ConnectionRecord:
        conn_id, conn_type, description, host, login, password, schema, port, extra, team = row
        return ConnectionRecord(
            conn_id=conn_id,
            conn_type=conn_type,
            description=description,
            host=host,
            login=login,
            password=self._opened(password),
            schema=schema,
            port=port,
            extra=self._opened(extra),
            team_name=team,
        )
