"""`slipstream teams`, and what belongs to one on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream

from slipstream.cli.deployment import Deployment
from slipstream.cli.server.bundles import bundles, team_of
from slipstream.cli.server.wiring import provided_executor
from slipstream.config import ConfigError, load_config
from slipstream.store.interface import Store
from slipstream.store.records import ConnectionRecord, PoolRecord, VariableRecord

LOCAL = "airflow.dag_processing.bundles.local.LocalDagBundle"


def bundle(name: str, path: str, team: str | None = None) -> dict[str, object]:
    named = {} if team is None else {"team_name": team}
    return {"name": name, "classpath": LOCAL, "kwargs": {"path": path}, **named}


def configured(home: Path, *found: dict[str, object], multi_team: bool = True) -> Deployment:
    """A home with these bundles."""
    variables = {
        "SLIPSTREAM__CORE__MULTI_TEAM": str(multi_team),
        "SLIPSTREAM__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(found),
    }
    return Deployment(load_config(home=home, environ=variables))


@pytest.fixture
def teams(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    """Teams are turned on; a bundle is `alpha`'s."""
    monkeypatch.setenv("SLIPSTREAM__CORE__MULTI_TEAM", "True")
    monkeypatch.setenv(
        "SLIPSTREAM__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST",
        json.dumps([bundle("of_a", "/dags/a", "alpha"), bundle("rest", "/dags/rest")]),
    )


def names(slipstream: Slipstream) -> list[str]:
    return [row["name"] for row in slipstream("teams", "list", "-o", "json").json]  # type: ignore[union-attr,index,call-overload,misc]  # rows


def test_a_team_is_made_listed_and_removed(slipstream: Slipstream, store: Store) -> None:
    assert slipstream("teams", "create", "alpha").code == 0
    again = slipstream("teams", "create", "alpha")
    assert (again.code, "already is a team 'alpha'" in again.err) == (1, True)
    refused = slipstream("teams", "create", "a b")
    assert (refused.code, "3 to 50" in refused.err) == (1, True)
    assert names(slipstream) == ["alpha"]
    assert slipstream("teams", "delete", "alpha", "--yes").code == 0
    assert names(slipstream) == []
    missing = slipstream("teams", "delete", "alpha", "--yes")
    assert (missing.code, "no team 'alpha'" in missing.err) == (1, True)


def test_a_team_is_removed_only_by_who_means_it(
    slipstream: Slipstream, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create_team("alpha")
    monkeypatch.setattr("builtins.input", lambda _question: "n")
    assert slipstream("teams", "delete", "alpha").code == 1
    assert store.list_teams() == ["alpha"]
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    assert slipstream("teams", "delete", "alpha").code == 0
    assert store.list_teams() == []


@pytest.mark.usefixtures("teams")
def test_sync_makes_the_teams_of_bundles_and_they_stay_as_long_as_bundles_name_them(
    slipstream: Slipstream, store: Store
) -> None:
    first, second = slipstream("teams", "sync"), slipstream("teams", "sync")
    assert (first.code, first.out) == (0, "1 teams added: alpha.\n")
    assert (second.code, second.out) == (0, "0 teams added.\n")
    refused = slipstream("teams", "delete", "alpha", "-y")
    assert (refused.code, "the bundles of_a" in refused.err) == (1, True)
    assert store.list_teams() == ["alpha"]


def test_a_team_with_a_pool_stays(slipstream: Slipstream, store: Store) -> None:
    store.create_team("alpha")
    store.set_pool(PoolRecord(name="gpu", slots=1, team_name="alpha"))
    refused = slipstream("teams", "delete", "alpha", "-y")
    assert (refused.code, "1 pool(s)" in refused.err) == (1, True)


def test_no_server_elsewhere_is_asked_about_teams(slipstream: Slipstream) -> None:
    refused = slipstream("teams", "list", "--server", "http://127.0.0.1:1")
    assert (refused.code, "REST API has no operation about teams" in refused.err) == (2, True)


@pytest.mark.usefixtures("teams")
def test_a_pool_is_given_to_a_team_and_keeps_it(
    slipstream: Slipstream, store: Store, tmp_path: Path
) -> None:
    store.create_team("alpha")
    assert slipstream("pools", "set", "gpu", "2", "cards", "--team-name", "alpha").code == 0
    (shown,) = slipstream("pools", "set", "gpu", "3", "cards", "-o", "json").json  # type: ignore[misc,union-attr]  # a row
    assert shown["team_name"] == "alpha"  # type: ignore[index,call-overload]  # a row
    unknown = slipstream("pools", "set", "gpu", "2", "cards", "--team-name", "beta")
    assert (unknown.code, "no team 'beta'" in unknown.err) == (1, True)
    file = tmp_path / "pools.json"
    slipstream("pools", "export", str(file))
    assert json.loads(file.read_text())["gpu"]["team_name"] == "alpha"
    assert "team_name" not in json.loads(file.read_text())["default_pool"]
    slipstream("pools", "delete", "gpu")
    assert slipstream("pools", "import", str(file)).code == 0
    found = store.get_pool("gpu")
    assert found is not None
    assert found.team_name == "alpha"


@pytest.mark.parametrize(
    ("words", "entries"),
    [
        (("pools", "set", "gpu", "1", "d", "--team-name", "alpha"), None),
        (("pools", "import"), {"gpu": {"slots": 1, "team_name": "alpha"}}),
        (("variables", "import"), {"k": {"value": 1, "description": "", "team_name": "alpha"}}),
        (("connections", "import"), {"c": {"conn_type": "http", "team_name": "alpha"}}),
        (("triggerer", "--team-name", "alpha"), None),
    ],
)
def test_where_teams_are_turned_off_none_may_be_named(
    slipstream: Slipstream, store: Store, words: tuple[str, ...], entries: object, tmp_path: Path
) -> None:
    store.create_team("alpha")
    if entries is not None:
        (tmp_path / "f.json").write_text(json.dumps(entries))
        words = (*words, str(tmp_path / "f.json"))
    refused = slipstream(*words)
    assert refused.code in (1, 2)
    assert "[core] multi_team is off" in refused.err
    assert store.get_pool("gpu") is None
    assert store.get_variable("k") is None
    assert store.get_connection("c") is None


@pytest.mark.usefixtures("teams")
def test_variables_and_connections_keep_their_team_through_files(
    slipstream: Slipstream, store: Store, tmp_path: Path
) -> None:
    store.create_team("alpha")
    variable = VariableRecord(key="k", value="v", team_name="alpha")
    connection = ConnectionRecord(conn_id="c", conn_type="http", host="h", team_name="alpha")
    store.set_variable(variable)
    store.set_connection(connection)
    variables = tmp_path / "v.json"
    slipstream("variables", "export", str(variables))
    store.delete_variable("k")
    assert slipstream("variables", "import", str(variables)).code == 0
    assert store.get_variable("k") == variable
    for name in ("c.json", "c.yaml"):
        slipstream("connections", "export", str(tmp_path / name))
        store.delete_connection("c")
        assert slipstream("connections", "import", str(tmp_path / name)).code == 0
        assert store.get_connection("c") == connection
    in_lines = slipstream("connections", "export", str(tmp_path / "c.env"))
    assert (in_lines.code, "does not say whose" in in_lines.err) == (0, True)
    # What says nothing of a team leaves it as it is.
    assert slipstream("connections", "import", str(tmp_path / "c.env"), "--overwrite").code == 0
    assert slipstream("variables", "set", "k", "w").code == 0
    kept, changed = store.get_connection("c"), store.get_variable("k")
    assert kept is not None
    assert changed is not None
    assert (kept.team_name, changed.value, changed.team_name) == ("alpha", "w", "alpha")


@pytest.mark.usefixtures("teams")
def test_a_triggerer_of_a_team_that_is_not_there_does_not_start(
    slipstream: Slipstream, store: Store
) -> None:
    refused = slipstream("triggerer", "--team-name", "gamma")
    assert (refused.code, "no team 'gamma'" in refused.err) == (1, True)


@pytest.mark.usefixtures("teams")
def test_a_server_does_not_start_before_the_teams_of_its_bundles_are_there(
    slipstream: Slipstream, store: Store
) -> None:
    refused = slipstream("standalone")
    assert refused.code == 1
    assert "teams that there are not: alpha" in refused.err
    assert "slipstream teams sync" in refused.err


def test_a_file_is_its_bundles_teams(home: Path) -> None:
    deployment = configured(
        home, bundle("of_a", "/dags/a", "alpha"), bundle("of_b", "b", "beta"), bundle("c", "/c")
    )
    whose = team_of(deployment)
    assert whose is not None
    files = ["/dags/a/x/d.py", str(home / "b/d.py"), "/c/d.py", "/dags/ab/d.py"]
    assert [whose(file) for file in files] == ["alpha", "beta", None, None]
    assert [one.name for one in bundles(deployment)] == ["of_a", "of_b", "c"]


def test_where_teams_are_turned_off_nothing_has_one(home: Path) -> None:
    assert team_of(configured(home, bundle("a", "/a"), multi_team=False)) is None
    with pytest.raises(ConfigError, match=r"team 'alpha', and .* multi_team is off"):
        bundles(configured(home, bundle("a", "/a", "alpha"), multi_team=False))


def test_no_file_belongs_to_two_teams(home: Path) -> None:
    inside = [bundle("a", "/dags", "alpha"), bundle("b", "/dags/b", "beta")]
    for found in (inside, inside[::-1], [bundle("a", "/d"), bundle("b", "/d", "beta")]):
        with pytest.raises(ConfigError, match="lies in that of"):
            bundles(configured(home, *found))
    same = [bundle("a", "/dags", "alpha"), bundle("b", "/dags/b", "alpha")]
    assert len(bundles(configured(home, *same))) == 2


def test_an_executor_for_each_team_is_refused(home: Path) -> None:
    setting = {"SLIPSTREAM__CORE__EXECUTOR": "LocalExecutor;alpha=CeleryExecutor"}
    with pytest.raises(ConfigError, match="an executor for each team is not supported"):
        provided_executor(load_config(home=home, environ=setting))
