"""What an Airflow deployment has, as values of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.engine import Connection

from slipstream.store.airflow.connect import ReadOnlyDatabase, SourceError, rows
from slipstream.store.airflow.history import HistoryReader
from slipstream.store.airflow.specs import serialized_tasks, spec_of
from slipstream.store.imported import ImportedDag, ImportedRun
from slipstream.store.records import ConnectionRecord, PoolRecord, VariableRecord

__all__ = ["AirflowSource", "Skipped", "SourceError", "open_source"]

_NO_KEY = "it is encrypted, and no Fernet key was given"
_WRONG_KEY = "none of the Fernet keys opens it"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be brought over."""

    what: str
    why: str


class AirflowSource:
    """One state of an Airflow database, from 2.2 on. Closed by whoever opened it."""

    def __init__(self, database: ReadOnlyDatabase, keys: Sequence[str]) -> None:
        """`keys` are the Fernet keys that may have sealed its secrets."""
        self._database = database
        self._open = _opener(keys)
        with database.reading() as connection:
            self.revision = self._checked_revision(connection)

    @property
    def generation(self) -> int:
        """2 or 3: Airflow's major version, by what its tables are like."""
        with self._database.reading() as connection:
            return 3 if "logical_date" in self._columns(connection, "dag_run") else 2

    def connections(self) -> tuple[list[ConnectionRecord], list[Skipped]]:
        """All connections, secrets in the clear, and those that cannot be opened."""
        found: list[ConnectionRecord] = []
        skipped: list[Skipped] = []
        with self._database.reading() as connection:
            listed = rows(
                connection,
                "SELECT conn_id, conn_type, description, host, login, password, "
                "schema, port, extra, is_encrypted, is_extra_encrypted, "
                f"{self._team(connection, 'connection')} FROM connection ORDER BY conn_id",
            )
        for row in listed:
            try:
                password = self._open(row.password) if row.is_encrypted else row.password
                extra = self._open(row.extra) if row.is_extra_encrypted else row.extra
            except _ClosedError as error:
                skipped.append(Skipped(f"connection {row.conn_id}", str(error)))
                continue
            found.append(
                ConnectionRecord(
                    conn_id=row.conn_id,
                    conn_type=row.conn_type or "",
                    description=row.description,
                    host=row.host,
                    login=row.login,
                    password=password,
                    schema=row.schema,
                    port=row.port,
                    extra=extra,
                    team_name=row.team_name,
                )
            )
        return found, skipped

    def variables(self) -> tuple[list[VariableRecord], list[Skipped]]:
        """All variables in the clear, and those that cannot be opened."""
        found: list[VariableRecord] = []
        skipped: list[Skipped] = []
        with self._database.reading() as connection:
            listed = rows(
                connection,
                "SELECT key, val, description, is_encrypted, "
                f"{self._team(connection, 'variable')} FROM variable ORDER BY key",
            )
        for row in listed:
            try:
                value = self._open(row.val) if row.is_encrypted else row.val
            except _ClosedError as error:
                skipped.append(Skipped(f"variable {row.key}", str(error)))
                continue
            found.append(
                VariableRecord(
                    key=row.key,
                    value=value or "",
                    description=row.description,
                    team_name=row.team_name,
                )
            )
        return found, skipped

    def pools(self) -> list[PoolRecord]:
        """All pools."""
        with self._database.reading() as connection:
            deferred = "include_deferred" in self._columns(connection, "slot_pool")
            listed = rows(
                connection,
                "SELECT pool, slots, description, "
                f"{'include_deferred' if deferred else 'NULL AS include_deferred'}, "
                f"{self._team(connection, 'slot_pool')} FROM slot_pool ORDER BY pool",
            )
        return [
            PoolRecord(
                name=row.pool,
                slots=max(-1, row.slots),
                description=row.description,
                include_deferred=bool(row.include_deferred),
                team_name=row.team_name,
            )
            for row in listed
        ]

    def _team(self, connection: Connection, table: str) -> str:
        """The column that says whose a row is, in a database that knows teams."""
        there = "team_name" in self._columns(connection, table)
        return "team_name" if there else "NULL AS team_name"

    def dags(self) -> list[ImportedDag]:
        """All DAGs that are in use, or have a history."""
        with self._database.reading() as connection:
            columns = self._columns(connection, "dag")
            stale = "is_stale" if "is_stale" in columns else "NOT is_active"
            listed = rows(
                connection,
                "SELECT dag_id, is_paused, fileloc, description, "
                f"{stale} AS is_stale FROM dag ORDER BY dag_id",
            )
            seen = self._seen_tasks(connection)
            shapes = self._shapes(connection)
            sources = self._sources(connection)
        return [
            ImportedDag(
                spec=spec_of(
                    row.dag_id,
                    shapes.get(row.dag_id, {}),
                    seen.get(row.dag_id, {}),
                    fileloc=row.fileloc or "",
                    description=row.description,
                ),
                is_paused=bool(row.is_paused),
                fileloc=row.fileloc or "",
                sources=sources.get(row.fileloc or "", {}),
            )
            for row in listed
            if not row.is_stale or row.dag_id in seen
        ]

    def history(self, *, batch_size: int, since: str | None = None) -> Iterator[list[ImportedRun]]:
        """Runs that have ended, the oldest first, in batches.

        `since` is a day or a moment in ISO 8601: runs that began before it are left out.
        """
        with self._database.reading() as connection:
            reader = HistoryReader(connection, lambda table: self._columns(connection, table))
            yield from reader.batches(batch_size, since)

    def unfinished_runs(self) -> int:
        """Runs that are still queued or running, and are not brought over."""
        with self._database.reading() as connection:
            found = rows(
                connection,
                "SELECT count(*) FROM dag_run WHERE state IN ('queued', 'running')",
            )
        return int(found[0][0])

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _checked_revision(self, connection: Connection) -> str:
        if "run_id" not in self._columns(connection, "task_instance"):
            what = (
                "is older than Airflow 2.2: run `airflow db upgrade` of a newer Airflow first"
                if self._columns(connection, "task_instance")
                else "has no Airflow tables that this user may see: name the database of "
                "[database] sql_alchemy_conn"
            )
            raise SourceError(f"The database {what}.")
        found = rows(connection, "SELECT version_num FROM alembic_version")
        return str(found[0][0]) if found else "unknown"

    def _columns(self, connection: Connection, table: str) -> frozenset[str]:
        return self._database.columns(connection, table)

    def _seen_tasks(self, connection: Connection) -> Mapping[str, Mapping[str, str]]:
        """`{dag_id: {task_id: operator}}` of all instances of runs that have ended."""
        found: dict[str, dict[str, str]] = {}
        for row in rows(
            connection,
            "SELECT t.dag_id, t.task_id, max(t.operator) AS operator FROM task_instance t "
            "JOIN dag_run r ON r.dag_id = t.dag_id AND r.run_id = t.run_id "
            "WHERE r.state IN ('success', 'failed') GROUP BY t.dag_id, t.task_id",
        ):
            found.setdefault(row.dag_id, {})[row.task_id] = row.operator or ""
        for row in rows(
            connection,
            "SELECT DISTINCT dag_id FROM dag_run WHERE state IN ('success', 'failed')",
        ):
            found.setdefault(row.dag_id, {})
        return found

    def _shapes(self, connection: Connection) -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
        """`{dag_id: {task_id: fields}}` of the latest serialized DAG of each."""
        columns = self._columns(connection, "serialized_dag")
        if not columns:
            return {}
        compressed = "data_compressed" if "data_compressed" in columns else "NULL"
        listed = rows(
            connection,
            f"SELECT dag_id, data, {compressed} AS compressed FROM serialized_dag "
            "ORDER BY last_updated",
        )
        return {row.dag_id: serialized_tasks(row.data, row.compressed) for row in listed}

    def _sources(self, connection: Connection) -> Mapping[str, Mapping[str, str]]:
        """`{file: {file: text}}` of the latest text of each file."""
        if "source_code" not in self._columns(connection, "dag_code"):
            return {}
        listed = rows(connection, "SELECT fileloc, source_code FROM dag_code ORDER BY last_updated")
        return {row.fileloc: {row.fileloc: row.source_code or ""} for row in listed}


def open_source(url: str, keys: Sequence[str]) -> AirflowSource:
    """The deployment behind a database URL. Raises `SourceError`."""
    return AirflowSource(ReadOnlyDatabase(url), keys)


class _ClosedError(Exception):
    """A secret that no key opens."""


def _opener(keys: Sequence[str]) -> Any:
    """What opens a secret; raises `_ClosedError`. Raises `SourceError` for a key that is none."""
    from cryptography.fernet import Fernet, InvalidToken, MultiFernet

    try:
        box = MultiFernet([Fernet(key) for key in keys]) if keys else None
    except (ValueError, TypeError):
        raise SourceError(
            "A Fernet key cannot be read: expected 32 bytes in URL-safe base64, several with "
            "commas between them."
        ) from None

    def open_secret(sealed: str | None) -> str | None:
        if sealed is None:
            return None
        if box is None:
            raise _ClosedError(_NO_KEY)
        try:
            return box.decrypt(sealed.encode()).decode()
        except InvalidToken:
            raise _ClosedError(_WRONG_KEY) from None

    return open_secret
