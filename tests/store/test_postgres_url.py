"""URLs that were written for other drivers of PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from slipstream.store.dialects.postgres_url import postgres_url


@pytest.mark.parametrize(
    "scheme", ["postgresql", "postgres", "postgresql+psycopg2", "postgresql+asyncpg"]
)
def test_any_driver_stands_for_ours(scheme: str) -> None:
    found = postgres_url(make_url(f"{scheme}://me:pw@db:5433/airflow?application_name=x"))
    shown = found.render_as_string(hide_password=False)
    assert shown == "postgresql+psycopg://me:pw@db:5433/airflow?application_name=x"


def test_what_only_asyncpg_knows_is_translated_or_left_out() -> None:
    url = "postgresql+asyncpg://db/airflow?ssl=require&prepared_statement_cache_size=0&timeout=3"
    assert dict(postgres_url(make_url(url)).query) == {"sslmode": "require", "connect_timeout": "3"}


def test_a_misspelt_option_of_another_driver_stays_for_the_server_to_refuse() -> None:
    found = postgres_url(make_url("postgresql+psycopg2://db/airflow?ssl=require"))
    assert dict(found.query) == {"ssl": "require"}


def test_a_schema_joins_the_options_that_are_there() -> None:
    found = postgres_url(make_url("postgresql://db/airflow?options=-cjit%3Doff"), 'my "own"')
    assert found.query["options"] == '-cjit=off -csearch_path="my\\ ""own"""'
