"""The tables as they are defined and the migrations that lead to them are the same schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import make_url, text
from tests.store import processes

from slipstream import __version__
from slipstream.model.errors import InvalidInputError
from slipstream.store import open_store, schema
from slipstream.store.access_records import AccountRecord
from slipstream.store.connect import open_database
from slipstream.store.database import Database, Transaction
from slipstream.store.errors import SchemaMismatchError
from slipstream.store.migrations.run import as_sql, configuration, revisions, upgrade

_POSTGRES_SCHEMA = """
    SELECT 'column', table_name, column_name,
        concat_ws(' ', data_type, is_nullable, column_default, character_maximum_length)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'sequence', '', sequencename, data_type::text FROM pg_sequences
"""


@contextmanager
def database(url: str) -> Iterator[Database]:
    """The database at a URL, closed at the end."""
    with closing(open_database(make_url(url), connections=2)) as opened:
        yield opened


_OUTER_COMMA = re.compile(r", (?![^(]*\))")


def description(transaction: Transaction) -> set[tuple[str, ...]]:
    """Everything that a database says of its schema, column orders aside."""
    if transaction.connection.dialect.name == "postgresql":
        return {tuple(map(str, row)) for row in transaction.rows(text(_POSTGRES_SCHEMA))}
    found = set()
    for kind, name, sql in transaction.rows(text("SELECT type, name, sql FROM sqlite_master")):
        for line in (sql or "").splitlines():
            # A column that was added later stands in the line of the one before it.
            for part in _OUTER_COMMA.split(line):
                found.add((kind, name, part.strip().rstrip(",").strip()))
    return found


def test_the_migrations_give_the_schema_that_is_defined(
    empty_url: str, other_empty_url: str
) -> None:
    with database(empty_url) as migrated, database(other_empty_url) as defined:
        with migrated.write() as transaction:
            upgrade(transaction)
        schema.migrate(defined)
        with migrated.read() as one, defined.read() as other:
            assert description(one) == description(other)
            for table in ("alembic_version", "pool"):
                query = text(f"SELECT * FROM {table}")
                assert one.rows(query) == other.rows(query)


def test_the_newest_migration_is_the_one_that_a_fresh_database_is_stamped_with() -> None:
    assert ScriptDirectory.from_config(configuration()).get_current_head() == schema.HEAD


def at_revision(url: str, revision: str) -> set[tuple[str, ...]]:
    """The schema that the migrations up to that one lead to."""
    with database(url) as made:
        with made.write() as transaction:
            upgrade(transaction, revision)
        with made.read() as transaction:
            return description(transaction)


def test_every_migration_is_undone_and_done_again(empty_url: str) -> None:
    schemas = []
    for revision in revisions():
        schemas.append((revision, at_revision(empty_url, revision)))
    with database(empty_url) as changed:
        for revision, expected in reversed(schemas[:-1]):
            schema.downgrade(changed, revision)
            with changed.read() as transaction:
                assert description(transaction) == expected, revision
                assert transaction.value(text("SELECT * FROM alembic_version")) == revision
        schema.migrate(changed)
        with changed.read() as transaction:
            assert description(transaction) == schemas[-1][1]


def test_people_keep_their_passwords_on_the_way_back(empty_url: str) -> None:
    opened = open_store(empty_url, xcom_url="unused")
    opened.migrate()
    opened.create_account(
        AccountRecord(username="ada", password_hash="hash of ada", roles=("Op", "Viewer"))
    )
    opened.downgrade("0016")
    with database(empty_url) as changed, changed.read() as transaction:
        found = transaction.rows(text("SELECT username, password_hash, role FROM user_account"))
    assert [tuple(row) for row in found] == [("ada", "hash of ada", "op")]
    opened.migrate()
    ada = opened.get_account("ada")
    assert ada is not None
    assert ada.roles == ("Op",)
    opened.close()


def test_the_sql_of_the_migrations_leads_where_they_do(
    empty_url: str, other_empty_url: str
) -> None:
    with database(empty_url) as by_sql, database(other_empty_url) as migrated:
        schema.migrate(migrated)
        for since, to in ((None, "0012"), ("0012", schema.HEAD)):
            run_script(by_sql, as_sql(by_sql.dialect, since, to))
        with by_sql.read() as one, migrated.read() as other:
            assert description(one) == description(other)
            assert one.rows(text("SELECT * FROM alembic_version")) == [(schema.HEAD,)]
        run_script(by_sql, as_sql(by_sql.dialect, schema.HEAD, "0012"))
        schema.downgrade(migrated, "0012")
        with by_sql.read() as one, migrated.read() as other:
            assert description(one) == description(other)


def run_script(database: Database, script: str) -> None:
    """Run SQL as psql and sqlite3 do."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    with database.write() as transaction:
        for statement in "\n".join(lines).split(";"):
            if statement.strip() not in ("", "BEGIN", "COMMIT"):
                transaction.connection.exec_driver_sql(statement)


def test_a_way_that_there_is_not_is_refused(empty_url: str) -> None:
    opened = open_store(empty_url, xcom_url="unused")
    with pytest.raises(InvalidInputError, match="has no tables; schema 0003 is not before it"):
        opened.downgrade("0003")
    opened.migrate("0005")
    with pytest.raises(InvalidInputError, match="db downgrade --to-revision 0004"):
        opened.migrate("0004")
    with pytest.raises(InvalidInputError, match="There is no schema '77'; expected one of 0001"):
        opened.migrate("77")
    assert opened.schema_revision() == "0005"
    opened.close()


def test_this_release_has_the_newest_schema() -> None:
    assert schema.RELEASES[__version__] == schema.HEAD


def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    opened = open_store(empty_url, xcom_url="unused")
    assert opened.schema_revision() is None
    opened.migrate()
    opened.migrate()
    assert opened.schema_revision() == schema.HEAD
    opened.close()


def test_a_database_of_an_unknown_later_version_is_refused(empty_url: str) -> None:
    opened = open_store(empty_url, xcom_url="unused")
    opened.migrate()
    with database(empty_url) as changed, changed.write() as transaction:
        transaction.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaMismatchError, match="'9999'"):
        opened.migrate()
    opened.close()


def test_a_verb_on_an_empty_database_says_what_to_do(empty_url: str) -> None:
    opened = open_store(empty_url, xcom_url="unused")
    with pytest.raises(SchemaMismatchError, match="slipstream db migrate"):
        opened.active_run_pks()
    opened.close()


def test_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    program = """
import sys
from slipstream.store import open_store
store = open_store(sys.argv[1], xcom_url="unused")
print("ready", flush=True)
sys.stdin.read()
store.migrate()
assert store.get_pool("default_pool").slots == 128
store.close()
"""
    with processes.at_a_line(program, *[[empty_url]] * 4) as started:
        processes.succeed(started)


def test_opening_a_store_imports_no_alembic(empty_url: str) -> None:
    program = """
import sys
from slipstream.store import open_store
assert "sqlalchemy" not in sys.modules
store = open_store(sys.argv[1], xcom_url="unused")
store.migrate()
store.close()
assert not {"alembic", "sqlalchemy.orm", "cryptography"} & set(sys.modules)
"""
    processes.run(program, empty_url)
