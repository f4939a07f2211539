"""Values that a database has no room for are refused as the caller's."""

from __future__ import annotations

import pytest
from tests.store.making import recorded

from slipstream.store.errors import UnstorableValueError
from slipstream.store.interface import Store
from slipstream.store.records import DagFilter, Window


def test_a_number_beyond_64_bits_is_refused_and_the_store_goes_on(store: Store) -> None:
    recorded(store)
    with pytest.raises(UnstorableValueError):
        store.list_dags(DagFilter(), Window(limit=1, offset=2**70))
    assert store.list_dags(DagFilter(), Window(limit=1)).total == 1
