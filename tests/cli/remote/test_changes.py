"""Commands that change something on a server."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream
from tests.cli.remote.conftest import PASSWORD

from slipstream.model.states import RunState, TaskState
from slipstream.store.event_records import Door, EventFilter
from slipstream.store.interface import Store, Window
from slipstream.store.records import NextRun


def _states(store: Store) -> dict[str, TaskState]:
    snapshot = store.load_run(store.get_run("sales", "mine").pk)
    return {instance.task_id: instance.state for instance in snapshot.instances}


@pytest.mark.usefixtures("sales")
def test_a_run_is_triggered_as_who_is_signed_in(remote: Slipstream, store: Store) -> None:
    remote("dags", "unpause", "sales")
    done = remote("dags", "trigger", "sales", "-r", "x", "-c", '{"day": 2}', "-o", "json")
    assert done.code == 0
    run = store.get_run("sales", "x")
    assert run.conf == {"day": 2}
    assert run.triggering_user == "ada"
    wrong = remote("dags", "trigger", "sales", "-c", '{"day": "two"}')
    assert wrong.code == 1
    assert "day" in wrong.err
    assert remote("dags", "trigger", "sales", "-r", "x").code == 1
    assert remote("dags", "trigger", "nothing").code == 1
    events = store.list_events(EventFilter(), Window()).items
    assert {one.what.owner for one in events if one.what.event == "trigger_dag_run"} == {"ada"}
    assert {one.what.door for one in events if one.what.event == "trigger_dag_run"} == {
        Door.REST_API
    }


@pytest.mark.usefixtures("sales")
def test_dags_are_paused_by_a_pattern_after_a_question(
    remote: Slipstream, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remote("dags", "unpause", "sal.*", "--treat-dag-id-as-regex").code == 0
    assert not store.get_dag("sales").is_paused
    assert remote("dags", "pause", "nothing.*", "--treat-dag-id-as-regex").code == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    assert remote("dags", "delete", "sales").code == 1
    assert store.get_dag("sales").dag_id == "sales"
    assert remote("dags", "delete", "sales", "--yes").code == 0


@pytest.mark.usefixtures("sales")
@pytest.mark.parametrize("date", [None, datetime(2026, 1, 1, tzinfo=UTC)])
def test_the_next_run_is_told_by_its_date_or_its_moment(
    remote: Slipstream, store: Store, date: datetime | None
) -> None:
    ask = ("dags", "next-execution", "sales")
    assert remote(*ask).out == "None\n"
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    store.set_next_runs([NextRun(dag_id="sales", run_after=moment, logical_date=date)])
    done = remote(*ask)
    assert datetime.fromisoformat(done.out.strip()) == (date or moment)
    assert ("about partitions" in done.err) is (date is None)
    assert remote(*ask, "--field", "partition_key").code == 2
    assert remote(*ask, "--field", "run_after", "--table").code == 2


@pytest.mark.usefixtures("failed_run")
def test_what_runs_again_is_shown_before_it_does(remote: Slipstream, store: Store) -> None:
    before = _states(store)
    done = remote("tasks", "clear", "sales", "-t", "clean", "-d", "--dry-run")
    assert "sales mine clean  failed" in done.out
    assert "2 task instances of 1 runs would run again." in done.out
    assert _states(store) == before
    assert remote("tasks", "clear", "sales", "-t", "clean", "-d", "-y").code == 0
    assert _states(store) == {
        "load": TaskState.SUCCESS,
        "clean": TaskState.NONE,
        "report": TaskState.NONE,
    }
    nowhere = remote("tasks", "clear", "sales", "-t", "nothing", "-y")
    assert (nowhere.code, "No task of sales matches 'nothing'" in nowhere.err) == (2, True)
    assert "Cleared 3" in remote("dags", "clear", "sales", "--run-id", "mine", "-y").out
    assert store.get_run("sales", "mine").state is RunState.QUEUED


def test_pools_and_variables_go_in_and_out(
    remote: Slipstream, store: Store, tmp_path: Path
) -> None:
    assert remote("pools", "set", "p", "3", "For three").code == 0
    assert remote("pools", "set", "p", "4", "For four", "--include-deferred").code == 0
    pool = store.get_pool("p")
    assert pool is not None
    assert (pool.slots, pool.include_deferred) == (4, True)
    file = tmp_path / "pools.json"
    remote("pools", "export", str(file))
    assert remote("pools", "delete", "p").code == 0
    assert store.get_pool("p") is None
    assert "Uploaded 2" in remote("pools", "import", str(file)).out
    assert store.get_pool("p") == pool
    remote("variables", "set", "a/b c", "1", "--description", "odd")
    remote("variables", "set", "db_password", "hidden")
    kept = store.get_variable("a/b c")
    assert kept is not None
    assert (kept.value, kept.description) == ("1", "odd")
    variables = tmp_path / "variables.json"
    done = remote("variables", "export", str(variables))
    assert done.code == 1
    assert "db_password" in done.err
    assert "hidden" not in done.out + done.err + variables.read_text()
    assert remote("variables", "import", str(variables), "-a", "fail").code == 1
    assert "0 of 1" in remote("variables", "import", str(variables), "-a", "skip").out
    assert remote("variables", "delete", "a/b c").code == 0
    assert store.get_variable("a/b c") is None


def test_connections_go_in_and_their_secrets_do_not_come_out(
    remote: Slipstream, store: Store, tmp_path: Path
) -> None:
    uri = "postgres://ada:pw@db:5/sales?sslmode=require"
    assert remote("connections", "add", "warehouse", "--conn-uri", uri).code == 0
    kept = store.get_connection("warehouse")
    assert kept is not None
    assert (kept.password, kept.schema, kept.port) == ("pw", "sales", 5)
    assert remote("connections", "add", "warehouse", "--conn-uri", uri).code == 1
    shown = remote("connections", "get", "warehouse", "-o", "json")
    assert "pw" not in shown.out
    assert remote("connections", "get", "warehouse", "--show-secrets").code == 2
    file = tmp_path / "connections.json"
    file.write_text(json.dumps({"warehouse": "mysql://x", "other": "http://y"}))
    done = remote("connections", "import", str(file))
    assert "Could not import connection warehouse" in done.out
    assert "Imported connection other" in done.out
    assert remote("connections", "import", str(file), "--overwrite").code == 0
    changed = store.get_connection("warehouse")
    assert changed is not None
    assert changed.conn_type == "mysql"
    assert remote("connections", "delete", "other").code == 0


def test_users_and_roles_are_changed(remote: Slipstream, store: Store, tmp_path: Path) -> None:
    assert remote("roles", "create", "Team").code == 0
    assert remote("roles", "create", "Team").code == 1
    give = ("roles", "add-perms", "Team", "-r", "DAGs", "DAG:sales", "-a", "can_read", "can_edit")
    assert "added 4" in remote(*give).out
    taken = remote("roles", "del-perms", "Team", "-r", "DAGs", "-a", "can_edit")
    assert "removed 1" in taken.out
    made = remote("users", "create", "-u", "bob", "-r", "Team", "-p", "long enough to be one")
    assert made.code == 0
    assert remote("users", "add-role", "-u", "bob", "-r", "Viewer").code == 0
    assert remote("users", "remove-role", "-u", "bob", "-r", "Team").code == 0
    bob = store.get_account("bob")
    assert bob is not None
    assert bob.roles == ("Viewer",)
    assert remote("users", "reset-password", "-u", "bob", "-p", "another long one").code == 0
    assert "signed out" in remote("users", "revoke-tokens", "-u", "bob").out
    file = tmp_path / "roles.json"
    remote("roles", "export", str(file))
    assert remote("roles", "delete", "Team").code == 0
    assert "imported: 1 of" in remote("roles", "import", str(file)).out
    role = store.get_role("Team")
    assert role is not None
    assert len(role.grants) == 3
    assert remote("users", "delete", "-u", "bob").code == 0
    assert remote("users", "delete", "-u", "bob").code == 1


@pytest.mark.usefixtures("sales")
def test_a_backfill_is_made_paused_and_cancelled(remote: Slipstream) -> None:
    words = ("--dag-id", "sales", "--from-date", "2026-01-01", "--to-date", "2026-01-03")
    made = remote("backfill", "create", *words, "-o", "json").json
    assert isinstance(made, list)
    (row,) = made
    assert isinstance(row, dict)
    number = str(row["id"])
    assert row["state"] == "running"
    paused = remote("backfill", "pause", number, "-o", "json").json
    assert isinstance(paused, list)
    assert [one["state"] for one in paused if isinstance(one, dict)] == ["paused"]
    assert remote("backfill", "unpause", number).code == 0
    assert "cancelled" in remote("backfill", "cancel", number).out
    assert remote("backfill", "show", "999").code == 1


def test_a_token_of_ones_own_is_made_and_ended(
    slipstream: Slipstream, server: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\n"))
    monkeypatch.setenv("SLIPSTREAM_SERVER", server)
    assert slipstream("auth", "login", "-u", "ada").code == 0
    token = slipstream("auth", "create-token", "-u", "ada", "--name", "ci").out.strip()
    assert token.startswith("slipstream_pat_")
    assert slipstream("auth", "create-token", "-u", "vic", "--name", "ci").code == 2
    (kept,) = store.list_access_tokens("ada")
    assert slipstream("auth", "delete-token", str(kept.pk)).code == 0
    assert slipstream("auth", "delete-token", str(kept.pk)).code == 1
    # A token makes no other tokens: whoever has found one could keep it for ever.
    monkeypatch.setenv("SLIPSTREAM_TOKEN", token)
    assert slipstream("auth", "create-token", "-u", "ada", "--name", "more").code == 4
