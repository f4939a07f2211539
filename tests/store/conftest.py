"""Stores to test: the same suite runs on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import psycopg
import pytest
from tests.postgres.server import PostgresServer
from tests.store.memory import ConformingStore

from slipstream.store import generate_key, open_store
from slipstream.store.interface import Store
from slipstream.store.tables import metadata, schema_revision

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database that is there for one test."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/slipstream.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture
def other_empty_url(request: pytest.FixtureRequest, empty_url: str, tmp_path: Path) -> str:
    """The URL of a second one of the same kind."""
    if empty_url.startswith("sqlite"):
        return f"sqlite:///{tmp_path}/other.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of the database that all tests share that need one with the schema."""
    url = postgres_server.new_database()
    _migrate(url)
    return url


IN_MEMORY = "memory"
"""Stands for the simulation's store where a URL is expected."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test on both databases, and on the simulation's store what that one can do."""
    if "database_url" in metafunc.fixturenames:
        is_simulated = metafunc.definition.get_closest_marker("simulated") is not None
        kinds = [*BOTH, IN_MEMORY] if is_simulated else BOTH
        metafunc.parametrize("database_url", kinds, indirect=True)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database with the schema and nothing in it."""
    if request.param == IN_MEMORY:
        return IN_MEMORY
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/slipstream.db"
        _migrate(url)
        return url
    url = request.getfixturevalue("postgres_url")
    empty_database(url)
    return url


def _migrate(url: str) -> None:
    opened = open_store(url, xcom_url="unused")
    opened.migrate()
    opened.close()


def empty_database(url: str) -> None:
    """Remove what a test has left in the database that all share."""
    # Deleting what little a test leaves takes a hundredth of the time of a new database.
    with psycopg.connect(url, autocommit=True) as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not schema_revision:
                connection.execute(f'DELETE FROM "{table.name}"')
        connection.execute("INSERT INTO pool VALUES ('default_pool', 128, '', false)")
        for (sequence,) in connection.execute("SELECT sequencename FROM pg_sequences").fetchall():
            connection.execute(f"ALTER SEQUENCE {sequence} RESTART")


@pytest.fixture
def keys() -> list[str]:
    """The keys that the stores of one test seal with."""
    return [generate_key()]


@pytest.fixture
def store(database_url: str, keys: list[str], tmp_path: Path) -> Iterator[Store]:
    """A store with its schema and nothing in it."""
    if database_url == IN_MEMORY:
        # Tests that it runs in use no verb that it does not have.
        yield cast("Store", ConformingStore())
        return
    opened = open_store(database_url, fernet_keys=keys, xcom_url=str(tmp_path / "xcom"))
    yield opened
    opened.close()


@pytest.fixture
def other_store(
    store: Store, database_url: str, keys: list[str], tmp_path: Path
) -> Iterator[Store]:
    """A second store on the same database, as another process would have it."""
    opened = open_store(database_url, fernet_keys=keys, xcom_url=str(tmp_path / "xcom"))
    yield opened
    opened.close()
