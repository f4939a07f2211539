from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slipstream.store.dialects.arrays import array_literal

pytestmark = pytest.mark.postgres

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
LISTS = st.one_of(
    st.tuples(st.just("text"), st.lists(st.none() | TEXTS)),
    st.tuples(st.just("bigint"), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1))),
    st.tuples(st.just("bytea"), st.lists(st.none() | st.binary())),
    st.tuples(st.just("boolean"), st.lists(st.none() | st.booleans())),
    st.tuples(st.just("double precision"), st.lists(st.none() | st.floats(allow_nan=False))),
)


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(case=LISTS)
def test_postgresql_reads_every_list_as_it_was(
    postgres_url: str, case: tuple[str, list[object]]
) -> None:
    type_, values = case
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute(
            f"SELECT %s::{type_}[]", [array_literal(values)], binary=True
        ).fetchone()
    assert found == (values,)
