"""`slipstream db-manager`: tables of others in the database."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from tests.cli.conftest import Slipstream
from tests.cli.servers import PATIENCE_SECONDS, environment
from tests.postgres.server import PostgresServer

MANAGER = "orders_tables.manager.OrdersDBManager"
MODULE = """
from pathlib import Path
from airflow.utils.db_manager import BaseDBManager
from sqlalchemy import Column, Integer, MetaData, String, Table

FOLDER = Path(__file__).parent
metadata = MetaData()
Table("orders_order", metadata, Column("id", Integer, primary_key=True), Column("note", String(9)))


class OrdersDBManager(BaseDBManager):
    metadata = metadata
    version_table_name = "orders_alembic_version"
    migration_dir = str(FOLDER / "migrations")
    alembic_file = str(FOLDER / "alembic.ini")
    supports_table_dropping = True
    revision_heads_map = {"1.0": "aaa", "2.0": "bbb"}


class Greedy(OrdersDBManager):
    metadata = MetaData()
    Table("dag_run", metadata, Column("id", Integer, primary_key=True))


class Mistaken(OrdersDBManager):
    def create_db_from_orm(self):
        return 1 / 0


class Unfinished(BaseDBManager):
    metadata = metadata


other = 5
"""
ENV = """
from alembic import context
from orders_tables.manager import OrdersDBManager, metadata

options = dict(target_metadata=metadata, version_table=OrdersDBManager.version_table_name)


def go_on(**more):
    context.configure(**options, **more)
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    go_on(url=context.config.get_main_option("sqlalchemy.url"), literal_binds=True)
elif {uses_settings}:
    from airflow import settings

    with settings.engine.connect() as connection:
        go_on(connection=connection)
else:
    go_on(connection=context.config.attributes["connection"])
"""
FIRST = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "aaa", None


def upgrade():
    op.create_table("orders_order", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("orders_order")
"""
SECOND = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "bbb", "aaa"


def upgrade():
    op.add_column("orders_order", sa.Column("note", sa.String(9)))


def downgrade():
    op.drop_column("orders_order", "note")
"""


def install(home: Path, *, uses_settings: bool = False) -> None:
    """Put the package into the home's folder of modules."""
    package = home / "config" / "orders_tables"
    versions = package / "migrations" / "versions"
    versions.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "manager.py").write_text(MODULE)
    (package / "alembic.ini").write_text("[alembic]\n")
    (package / "migrations" / "env.py").write_text(ENV.format(uses_settings=uses_settings))
    (versions / "aaa_first.py").write_text(FIRST)
    (versions / "bbb_second.py").write_text(SECOND)


class Deployment:
    """A home whose settings name the managers."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.settings = {
            "SLIPSTREAM__DATABASE__EXTERNAL_DB_MANAGERS": ", ".join(
                f"orders_tables.manager.{name}"
                for name in (
                    "OrdersDBManager",
                    "Greedy",
                    "Mistaken",
                    "Unfinished",
                    "other",
                    "missing",
                )
            )
        }

    def ran(self, verb: str, *words: str, path: str = MANAGER) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "slipstream", "db-manager", verb, path, *words],
            env={**environment(self.home), **self.settings},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def said(self, verb: str, *words: str) -> str:
        done = self.ran(verb, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def deployment(home: Path, slipstream: Slipstream) -> Deployment:
    assert slipstream("db", "migrate").code == 0
    return Deployment(home)


def columns(home: Path) -> list[str]:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(home / "slipstream.db")) as database:
        return [row[1] for row in database.execute("PRAGMA table_info(orders_order)")]


@pytest.mark.parametrize("uses_settings", [False, True])
def test_tables_are_made_taken_back_and_made_anew(
    deployment: Deployment, slipstream: Slipstream, uses_settings: bool
) -> None:
    home = deployment.home
    install(home, uses_settings=uses_settings)
    assert "is at revision bbb." in deployment.said("migrate")
    assert columns(home) == ["id", "note"]
    assert "is at revision aaa." in deployment.said("downgrade", "--to-version", "1.0", "-y")
    assert columns(home) == ["id"]
    assert "is at revision bbb." in deployment.said("migrate", "-r", "bbb")
    assert columns(home) == ["id", "note"]
    assert "were dropped" in deployment.said("reset", "--skip-init", "-y")
    assert columns(home) == []
    assert "were reset" in deployment.said("reset", "--use-migration-files", "--yes")
    assert columns(home) == ["id", "note"]
    assert slipstream("db", "check-migrations").code == 0  # Slipstream's own tables are as before.
    audit = slipstream("audit", "list", "-o", "json").json
    assert isinstance(audit, list)
    assert len([one for one in audit if "cli_db_manager" in str(one)]) == 5


def test_sql_is_printed_and_nothing_is_done(deployment: Deployment, slipstream: Slipstream) -> None:
    install(deployment.home)
    up = deployment.said("migrate", "--show-sql-only")
    assert "CREATE TABLE orders_order" in up
    assert "ADD COLUMN note" in up
    assert "CREATE TABLE orders_order" not in deployment.said(
        "migrate", "-s", "--from-version", "1.0"
    )
    assert columns(deployment.home) == []
    down = deployment.said("downgrade", "-s", "--from-revision", "bbb", "-r", "aaa")
    assert "DROP COLUMN note" in down
    audit = slipstream("audit", "list", "-o", "json").json
    assert "db_manager" not in str(audit)


@pytest.mark.parametrize(
    ("verb", "words", "name", "code", "said"),
    [
        ("migrate", (), "Nobody", 1, "[database] external_db_managers names orders_tables"),
        ("migrate", (), "missing", 1, "cannot be imported"),
        ("migrate", (), "other", 1, "expected a class derived from airflow.utils.db_manager"),
        ("migrate", (), "Unfinished", 1, "has no migration_dir, alembic_file, version_table_name"),
        ("reset", ("-y",), "Greedy", 1, "has tables that Slipstream has, too: dag_run"),
        ("downgrade", ("-y",), "OrdersDBManager", 2, "Say where to go back to"),
        (
            "migrate",
            ("-n", "9"),
            "OrdersDBManager",
            2,
            "knows no release 9; expected one of 1.0, 2",
        ),
        ("migrate", ("-r", "zzz"), "OrdersDBManager", 1, "Can't locate revision"),
        ("migrate", ("--from-revision", "aaa"), "OrdersDBManager", 2, "are for --show-sql-only"),
    ],
)
def test_what_is_wrong_is_said(
    deployment: Deployment, verb: str, words: tuple[str, ...], name: str, code: int, said: str
) -> None:
    install(deployment.home)
    done = deployment.ran(verb, *words, path=f"orders_tables.manager.{name}")
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_in_a_managers_code_is_shown_with_its_place(deployment: Deployment) -> None:
    install(deployment.home)
    done = deployment.ran("migrate", path="orders_tables.manager.Mistaken")
    assert done.returncode == 1
    assert done.stderr.startswith("slipstream: orders_tables.manager.Mistaken failed:\nTraceback")
    assert "return 1 / 0" in done.stderr


@pytest.mark.postgres
@pytest.mark.parametrize("uses_settings", [False, True])
def test_tables_are_managed_on_postgresql(
    home: Path, postgres_server: PostgresServer, uses_settings: bool
) -> None:
    install(home, uses_settings=uses_settings)
    deployment = Deployment(home)
    url = postgres_server.new_database()
    deployment.settings["SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN"] = url
    early = deployment.ran("migrate")
    assert early.returncode == 1
    assert "run `slipstream db migrate`" in early.stderr
    made = subprocess.run(
        [sys.executable, "-m", "slipstream", "db", "migrate"],
        env={**environment(home), **deployment.settings},
        timeout=PATIENCE_SECONDS,
        capture_output=True,
        check=False,
    )
    assert made.returncode == 0
    assert "is at revision bbb." in deployment.said("migrate")
    assert "is at revision aaa." in deployment.said("downgrade", "-r", "aaa", "-y")
    assert "were reset" in deployment.said("reset", "-y")
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT id, note FROM orders_order").fetchall() == []
