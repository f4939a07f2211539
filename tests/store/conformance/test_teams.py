from __future__ import annotations

from dataclasses import replace

import pytest
from tests.store.making import parsed, spec

from slipstream.model.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
)
from slipstream.store.audit import watched
from slipstream.store.audit_entry import Changes
from slipstream.store.interface import Store
from slipstream.store.leases import Holder
from slipstream.store.records import ConnectionRecord, PoolRecord, VariableRecord
from slipstream.store.trigger_interface import TriggererRecord


def test_a_team_is_made_listed_and_removed(store: Store) -> None:
    store.create_team("team_b")
    store.create_team("team-A")
    assert store.list_teams() == ["team-A", "team_b"]
    with pytest.raises(AlreadyExistsError, match="'team_b'"):
        store.create_team("team_b")
    store.delete_team("team_b")
    assert store.list_teams() == ["team-A"]
    with pytest.raises(NotFoundError, match="'team_b'"):
        store.delete_team("team_b")


@pytest.mark.parametrize("name", ["ab", "a b c", "x" * 51, "täm", "team\n"])
def test_what_is_no_name_of_a_team_is_refused(store: Store, name: str) -> None:
    with pytest.raises(InvalidInputError, match="3 to 50"):
        store.create_team(name)
    with pytest.raises(InvalidInputError, match="3 to 50"):
        store.add_teams(["good", name])
    assert store.list_teams() == []


def test_teams_are_added_as_far_as_they_are_not_there(store: Store) -> None:
    store.create_team("alpha")
    assert store.add_teams(["beta", "alpha", "beta"]) == ["beta"]
    assert store.add_teams([]) == []
    assert store.list_teams() == ["alpha", "beta"]


def test_a_team_stays_while_something_belongs_to_it(store: Store) -> None:
    store.create_team("alpha")
    connection = ConnectionRecord(conn_id="db", conn_type="http", team_name="alpha")
    variable = VariableRecord(key="k", value="v", team_name="alpha")
    pool = PoolRecord(name="gpu", slots=1, team_name="alpha")
    store.set_connection(connection)
    store.set_variable(variable)
    store.set_pool(pool)
    assert store.get_connection("db") == connection
    assert store.get_variable("k") == variable
    assert store.get_pool("gpu") == pool
    with pytest.raises(ConflictError, match=r"1 connection\(s\), 1 variable\(s\), 1 pool\(s\)"):
        store.delete_team("alpha")
    store.delete_connection("db")
    store.set_variable(replace(variable, team_name=None))
    with pytest.raises(ConflictError, match=r"has 1 pool\(s\)"):
        store.delete_team("alpha")
    store.delete_pool("gpu")
    store.delete_team("alpha")


def test_nothing_belongs_to_a_team_that_is_not_there(store: Store) -> None:
    with pytest.raises(InvalidInputError, match="no team 'alpha'"):
        store.set_connection(ConnectionRecord(conn_id="c", conn_type="http", team_name="alpha"))
    with pytest.raises(InvalidInputError, match="no team 'alpha'"):
        store.set_variable(VariableRecord(key="k", value="v", team_name="alpha"))
    with pytest.raises(InvalidInputError, match="no team 'alpha'"):
        store.set_pool(PoolRecord(name="p", slots=1, team_name="alpha"))
    assert store.get_variable("k") is None


def test_what_is_done_to_teams_is_noted_and_what_fails_is_not(store: Store) -> None:
    changes: Changes = []
    noting = watched(store, changes)
    noting.create_team("alpha")
    noting.add_teams(["alpha", "beta"])
    noting.delete_team("beta")
    told = [(one["object"], one["key"], one["before"] is None) for one in changes]
    assert told == [("team", "alpha", True), ("team", "beta", True), ("team", "beta", False)]
    failed: Changes = []
    with pytest.raises(AlreadyExistsError):
        watched(store, failed).create_team("alpha")
    assert failed == []
    noting.set_variable(VariableRecord(key="k", value="v", team_name="alpha"))
    assert changes[-1]["after"] == {"value": "v", "description": None, "team_name": "alpha"}


def test_a_triggerer_says_whose_triggers_it_runs(store: Store) -> None:
    holder = Holder(hostname="h", pid=1, mark="m")
    store.add_triggerer(TriggererRecord(name="t", holder=holder, team_name="alpha"))
    assert [one.team_name for one in store.list_triggerers()] == ["alpha"]


def test_the_dags_of_bundles_are_told(store: Store) -> None:
    lie_in = {"a": "one", "b": "two", "c": "one", "d": "three"}
    files = [
        replace(parsed(spec(dag_id=dag_id), fileloc=f"/dags/{dag_id}.py"), bundle_name=bundle)
        for dag_id, bundle in lie_in.items()
    ]
    store.record_parsed(files)
    found = store.dags_in_bundles({"one", "two", "four"})
    assert found == {"one": {"a", "c"}, "two": {"b"}}
