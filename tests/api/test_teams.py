"""Connections, variables and pools that belong to teams."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store

BODIES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "/variables": ("k", {"key": "k", "value": "v"}),
    "/connections": ("k", {"connection_id": "k", "conn_type": "http"}),
    "/pools": ("k", {"name": "k", "slots": 3}),
}


@pytest.fixture
def settings(tmp_path: Path) -> ApiSettings:
    """Everybody may do everything, and there are teams."""
    return ApiSettings(
        log_dir=tmp_path / "logs",
        simple_auth_manager_all_admins=True,
        team_of=lambda _fileloc: None,
    )


@pytest.fixture
def teams(store: Store) -> None:
    store.add_teams(["alpha", "beta"])


@pytest.mark.usefixtures("teams")
@pytest.mark.parametrize("path", BODIES)
def test_the_team_is_set_shown_changed_and_taken_away(api: Client, path: str) -> None:
    name, body = BODIES[path]
    made = api.post(path, {**body, "team_name": "alpha"})
    assert (made.status_code, made.json()["team_name"]) == (201, "alpha")
    one = f"{path}/{name}"
    assert api.get(one).json()["team_name"] == "alpha"
    noun = path.removeprefix("/")
    listed = {entry["team_name"] for entry in api.get(path).json()[noun]}
    assert "alpha" in listed
    rest = {key: value for key, value in body.items() if key != "name"}
    assert api.patch(one, rest).json()["team_name"] == "alpha"
    assert api.patch(one, {**rest, "team_name": "beta"}).json()["team_name"] == "beta"
    masked = api.patch(one, {**rest, "team_name": None}, params={"update_mask": "description"})
    assert masked.json()["team_name"] == "beta"
    assert api.patch(one, {**rest, "team_name": None}).json()["team_name"] is None
    assert api.get(one).json()["team_name"] is None


@pytest.mark.parametrize("path", BODIES)
def test_a_team_that_is_not_there_is_refused(api: Client, path: str) -> None:
    name, body = BODIES[path]
    refused = api.post(path, {**body, "team_name": "gamma"})
    assert refused.status_code == 400
    assert "no team 'gamma'" in refused.json()["detail"]
    assert api.get(f"{path}/{name}").status_code == 404


@pytest.mark.usefixtures("teams")
@pytest.mark.parametrize("path", BODIES)
def test_bulk_sets_and_changes_the_team(api: Client, path: str) -> None:
    name, body = BODIES[path]

    def bulk(action: str, team: str | None) -> None:
        entity = {**body, "team_name": team}
        change = {"action": action, "entities": [entity]}
        if action == "update":
            change["update_mask"] = ["team_name"]
        answer = api.patch(path, {"actions": [change]})
        assert answer.status_code == 200, answer.text

    bulk("create", "alpha")
    assert api.get(f"{path}/{name}").json()["team_name"] == "alpha"
    bulk("update", "beta")
    assert api.get(f"{path}/{name}").json()["team_name"] == "beta"


@pytest.mark.parametrize("path", BODIES)
def test_where_teams_are_turned_off_a_team_is_refused(
    portal: BlockingPortal, store: Store, path: str, tmp_path: Path
) -> None:
    store.add_teams(["alpha"])
    off = ApiSettings(log_dir=tmp_path / "logs", simple_auth_manager_all_admins=True)
    api = Client(portal, create_app(store, settings=off))
    name, body = BODIES[path]
    refused = api.post(path, {**body, "team_name": "alpha"})
    assert refused.status_code == 400
    assert "[core] multi_team is off" in refused.json()["detail"]
    assert api.post(path, {**body, "team_name": None}).status_code == 201
    rest = {key: value for key, value in body.items() if key != "name"}
    assert api.patch(f"{path}/{name}", {**rest, "team_name": "alpha"}).status_code == 400


def test_whose_an_event_of_an_asset_is_for_cannot_be_said_where_there_are_teams(
    api: Client,
) -> None:
    body = {"asset_id": 1, "access_control": {"consumer_teams": ["alpha"]}}
    refused = api.post("/assets/events", body)
    assert refused.status_code == 400
    assert "for all teams" in refused.json()["detail"]
