"""A server with something of everything in it, for requests that name what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.cli.servers import RunningServer, eventually, token

HERE = Path(__file__).parent
_PASSWORD = "made up for one run"  # of a server that is gone with it


def prepare(home: Path, database: str | None = None) -> None:
    """The files of the server's home; `database` is the URL of one that is no file."""
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "shop.py").write_text((HERE / "dags.py").read_text())
    (home / "dags" / "typo.py").write_text(
        "from airflow.sdk import DAG\nimport nothing_of_that_name\n"
    )
    settings = '[core]\ntest_connection = "Enabled"\n[api]\nexpose_config = "True"\n'
    if database is not None:
        settings += f'[database]\nsql_alchemy_conn = "{database}"\n'
    (home / "slipstream.toml").write_text(settings)


def bearer_of(server: RunningServer, role: str) -> str:
    """What a user of that role sends. It is a personal access token: no request ends it."""
    admin = {"Authorization": token(server)}
    name = f"{role}-of-the-run"
    user = {
        "username": name,
        "password": _PASSWORD,
        "email": f"{role}@example.org",
        "first_name": role,
        "last_name": "of the run",
        "roles": [{"name": role.capitalize()}],
    }
    server.post("/auth/fab/v1/users", user, **admin)
    signed = _answer(server.post("/auth/token", {"username": name, "password": _PASSWORD}))
    own = {"Authorization": f"Bearer {signed['access_token']}"}
    made = _answer(server.post("/auth/tokens", {"name": "run"}, **own))
    _fill(server, admin)
    return f"Bearer {made['token']}"


def _fill(server: RunningServer, admin: Mapping[str, str]) -> None:
    """Runs, settings, users, what tasks keep, and a backfill."""

    def send(method: str, path: str, body: object) -> dict[str, Any]:
        return _answer(server.send(method, f"/api/v2{path}", body, **admin))

    eventually(lambda: _get(server, "/dags", admin)["total_entries"] == 5 or None)
    for dag_id in ("shop", "ask", "aliased"):
        send("PATCH", f"/dags/{dag_id}", {"is_paused": False})
    for dag_id, run_id in (("shop", "first"), ("aliased", "first"), ("ask", "asked")):
        send("POST", f"/dags/{dag_id}/dagRuns", {"dag_run_id": run_id, "logical_date": None})
    eventually(lambda: _get(server, "/dags/shop/dagRuns/first", admin)["state"] == "success")
    eventually(lambda: _get(server, "/dags/~/dagRuns/~/hitlDetails", admin)["total_entries"])
    send("POST", "/pools", {"name": "wide", "slots": 3})
    send("POST", "/variables", {"key": "colour", "value": "red"})
    send("POST", "/connections", {"connection_id": "lake", "conn_type": "fs"})
    there = _get(server, "/assets", admin)["assets"]
    send("POST", "/assets/events", {"asset_id": there[0]["id"]})
    span = {"from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-02T00:00:00Z"}
    send("POST", "/backfills", {"dag_id": "daily", **span})
    of_task = "/dags/shop/dagRuns/first/taskInstances/read"
    send("POST", f"{of_task}/xcomEntries", {"key": "mine", "value": 1})
    guest = {
        "username": "guest",
        "password": _PASSWORD,
        "email": "guest@example.org",
        "first_name": "Guest",
        "last_name": "of the run",
        "roles": [{"name": "Viewer"}],
    }
    server.post("/auth/fab/v1/users", guest, **admin)
    own_role = {"action": {"name": "can_read"}, "resource": {"name": "DAGs"}}
    server.post("/auth/fab/v1/roles", {"name": "Own", "actions": [own_role]}, **admin)


def values_there(server: RunningServer, bearer: str) -> Mapping[str, Sequence[str | int]]:
    """`{parameter: values of things that are there}`."""
    own = {"Authorization": bearer}

    def ids(path: str, within: str, *names: str) -> list[str | int]:
        try:
            page = _get(server, path, own)[within]
        except OSError:
            # This user may not see it.
            return []
        return [one[name] for name in names for one in page if one[name] is not None]

    run = "/dags/~/dagRuns"
    found: dict[str, list[str | int]] = {
        "dag_id": [*ids("/dags", "dags", "dag_id"), "~"],
        "dag_run_id": [*ids(run, "dag_runs", "dag_run_id"), "~"],
        "task_id": [*ids(f"{run}/~/taskInstances", "task_instances", "task_id"), "~"],
        "map_index": [-1, 0, 1],
        "try_number": [0, 1],
        "task_try_number": [1],
        "version_number": [1],
        "xcom_key": ["return_value", "mine"],
        "asset_id": ids("/assets", "assets", "id"),
        "asset_alias_id": ids("/assets/aliases", "asset_aliases", "id"),
        "backfill_id": ids("/backfills?dag_id=daily", "backfills", "id"),
        "import_error_id": ids("/importErrors", "import_errors", "import_error_id"),
        "event_log_id": ids("/eventLogs?limit=5", "event_logs", "event_log_id"),
        "file_token": ids("/dags", "dags", "file_token"),
        "pool_name": ["wide", "default_pool"],
        "variable_key": ["colour"],
        "connection_id": ["lake"],
        "section": ["core", "api"],
        "option": ["executor", "expose_config"],
        "username": ["guest"],
        "name": ["Own", "Viewer"],
    }
    return {name: sorted(set(values), key=str) for name, values in found.items() if values}


def _get(server: RunningServer, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return _answer(server.get(f"/api/v2{path}", **headers))


def _answer(given: object) -> dict[str, Any]:
    assert isinstance(given, dict), given
    return given
