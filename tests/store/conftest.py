"""Stores to test: the same suite runs on each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipstream.store import generate_key, open_store
from slipstream.store.interface import Store


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is there for one test."""
    return f"sqlite:///{tmp_path}/slipstream.db"


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[Store]:
    """An empty store with its schema."""
    opened = open_store(database_url, fernet_keys=[generate_key()], xcom_url=str(tmp_path / "xcom"))
    opened.migrate()
    yield opened
    opened.close()
