"""What the code of a DAG finds of variables and connections where teams share a deployment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.services.test_execution import attempt_of, with_attempt
from tests.store.making import NOON, recorded, started

from slipstream.model.attempt import Asker, Attempt, LoadingFile
from slipstream.services.execution import ExecutionService
from slipstream.store import generate_key, open_store
from slipstream.store.interface import Store
from slipstream.store.records import ConnectionRecord, VariableRecord
from slipstream.wire import execution as wire

TEAMS = {"/a/d.py": "alpha", "/b/d.py": "beta"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("sqlite://", fernet_keys=[generate_key()], xcom_url=str(tmp_path / "xcom"))
    opened.migrate()
    opened.add_teams(["alpha", "beta"])
    for team in ("alpha", "beta", None):
        name = team or "all"
        opened.set_variable(VariableRecord(key=name, value=f"of {name}", team_name=team))
        opened.set_connection(
            ConnectionRecord(conn_id=name, conn_type="http", host=name, team_name=team)
        )
    yield opened
    opened.close()


@pytest.fixture
def service(store: Store) -> ExecutionService:
    return ExecutionService(store, clock=lambda: NOON, team_of=TEAMS.get)


@pytest.fixture
def attempt(store: Store) -> Attempt:
    """Of a DAG of `alpha`."""
    found = attempt_of(with_attempt(store, started(store, recorded(store), logical_date=NOON)))
    return replace(found, fileloc="/a/d.py")


def found_by(service: ExecutionService, asker: Asker) -> set[str]:
    """What it gets of variables and connections; both are of the same names."""
    variables = {
        key
        for key in ("alpha", "beta", "all")
        if service.answer(asker, wire.GetVariable(key=key)) != wire.Text(value=None)
    }
    connections = {
        conn_id
        for conn_id in ("alpha", "beta", "all")
        if service.answer(asker, wire.GetConnection(conn_id=conn_id)) != wire.Missing()
    }
    assert variables == connections
    return variables


def test_a_task_finds_what_is_its_teams_and_what_is_for_all(
    service: ExecutionService, attempt: Attempt
) -> None:
    assert found_by(service, attempt) == {"alpha", "all"}
    assert found_by(service, replace(attempt, fileloc="/b/d.py")) == {"beta", "all"}
    assert found_by(service, replace(attempt, fileloc="/shared/d.py")) == {"all"}
    assert found_by(service, replace(attempt, is_over=True)) == {"alpha", "all"}


def test_a_file_that_is_loaded_finds_its_teams_and_the_deployment_itself_what_is_for_all(
    service: ExecutionService,
) -> None:
    assert found_by(service, LoadingFile("/b/d.py")) == {"beta", "all"}
    assert found_by(service, LoadingFile("/shared/d.py")) == {"all"}
    assert found_by(service, None) == {"all"}


def test_where_teams_are_turned_off_nobody_finds_what_belongs_to_one(
    store: Store, attempt: Attempt
) -> None:
    assert found_by(ExecutionService(store), attempt) == {"all"}


def test_the_team_of_who_asks_is_told(service: ExecutionService, attempt: Attempt) -> None:
    assert service.answer(attempt, wire.GetTeam()) == wire.Text(value="alpha")
    assert service.answer(LoadingFile("/b/d.py"), wire.GetTeam()) == wire.Text(value="beta")
    assert service.answer(None, wire.GetTeam()) == wire.Text(value=None)


def test_a_variable_that_a_task_makes_is_its_teams_and_one_that_is_there_stays_whose_it_is(
    service: ExecutionService, store: Store, attempt: Attempt
) -> None:
    for key in ("new", "all", "alpha"):
        done = service.answer(attempt, wire.SetVariable(key=key, value="x"))
        assert done == wire.Done()
    found = {key: store.get_variable(key) for key in ("new", "all", "alpha")}
    teams = {key: one and (one.value, one.team_name) for key, one in found.items()}
    assert teams == {"new": ("x", "alpha"), "all": ("x", None), "alpha": ("x", "alpha")}


def test_another_teams_variable_can_be_neither_replaced_nor_removed(
    service: ExecutionService, store: Store, attempt: Attempt
) -> None:
    refused = service.answer(attempt, wire.SetVariable(key="beta", value="x"))
    assert isinstance(refused, wire.Refused)
    assert refused.code == "not_yours"
    assert "'beta' belongs to another team" in refused.message
    removed = service.answer(attempt, wire.DeleteVariable(key="beta"))
    assert removed == wire.Done(found=False)
    kept = store.get_variable("beta")
    assert kept is not None
    assert kept.value == "of beta"
    assert service.answer(attempt, wire.DeleteVariable(key="alpha")) == wire.Done(found=True)
