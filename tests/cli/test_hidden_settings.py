"""No secret of the settings is shown anywhere unless somebody asks for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.conftest import Slipstream
from tests.cli.servers import eventually, running, token

from slipstream.cli.server.wiring import shown_config
from slipstream.config import load_config

HUSH = "hush-Mx8"

SENSITIVE = {
    # What Airflow 3.3.2's own list of settings calls sensitive …
    ("core", "fernet_key"): HUSH,
    ("core", "asset_manager_kwargs"): f'{{"key": "{HUSH}"}}',
    ("database", "sql_alchemy_conn"): f"postgresql://ada:{HUSH}@127.0.0.1:9/flow",
    ("database", "sql_alchemy_conn_async"): f"postgresql+asyncpg://ada:{HUSH}@127.0.0.1:9/flow",
    ("database", "sql_alchemy_engine_args"): f'{{"x": "{HUSH}"}}',
    ("logging", "remote_task_handler_kwargs"): f'{{"x": "{HUSH}"}}',
    ("secrets", "backend_kwargs"): f'{{"role_id": "{HUSH}"}}',
    ("api", "secret_key"): HUSH,
    ("workers", "secrets_backend_kwargs"): f'{{"role_id": "{HUSH}"}}',
    ("api_auth", "jwt_secret"): HUSH,
    ("sentry", "sentry_dsn"): f"https://{HUSH}@sentry.example.com/1",
    ("atlas", "password"): HUSH,
    ("opensearch", "password"): HUSH,
    # … single keyword arguments of secrets backends …
    ("secrets", "backend_kwarg__role_id"): HUSH,
    ("workers", "secrets_backend_kwarg__role_id"): HUSH,
    # … names of Airflow 2 and 1.10 …
    ("core", "sql_alchemy_conn"): f"postgresql://ada:{HUSH}@127.0.0.1:9/flow",
    ("webserver", "secret_key"): HUSH,
    # … settings of providers …
    ("smtp", "smtp_password"): HUSH,
    ("celery", "broker_url"): f"redis://:{HUSH}@127.0.0.1:9/0",
    ("celery", "result_backend"): f"db+postgresql://ada:{HUSH}@127.0.0.1:9/flow",
    ("celery", "flower_basic_auth"): f"ada:{HUSH}",
    ("vault", "client_token"): HUSH,
    ("own_plugin", "api_key"): HUSH,
    # … and a password in any URL.
    ("slipstream", "xcom_url"): f"s3://ada:{HUSH}@bucket/xcom",
    ("logging", "remote_base_log_folder"): f"s3://ada:{HUSH}@bucket/logs",
}


@pytest.mark.parametrize(("name", "value"), SENSITIVE.items(), ids=[".".join(n) for n in SENSITIVE])
def test_a_secret_setting_is_hidden_wherever_settings_are_shown(
    slipstream: Slipstream,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: tuple[str, str],
    value: str,
) -> None:
    section, key = name
    monkeypatch.setenv(f"AIRFLOW__{section}__{key}".upper(), value)
    for words in (
        ("config", "list"),
        ("config", "list", "--include-defaults", "-o", "json"),
        ("config", "list", "--section", section, "-o", "yaml"),
        ("config", "get-value", section, key),
        ("config", "lint"),
        ("info",),
        ("info", "-o", "json"),
        ("db", "check"),
        ("pools", "list"),
    ):
        done = slipstream(*words)
        assert HUSH not in done.out + done.err, words
    listed = slipstream("config", "list", "--section", section, "-o", "json").json
    assert {"section": section, "key": key, "value": "< hidden >"}.items() <= next(
        row.items()
        for row in listed  # type: ignore[union-attr]  # a list of objects
        if row["key"] == key  # type: ignore[index,call-overload]
    )
    monkeypatch.setenv("SLIPSTREAM__API__EXPOSE_CONFIG", "true")
    assert HUSH not in json.dumps(shown_config(load_config(home=home)))
    shown = slipstream("config", "get-value", section, key, "--show-secrets")
    assert shown.out == f"{value}\n"
    whole = slipstream("config", "list", "--section", section, "--show-secrets")
    assert HUSH in whole.out


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("SLIPSTREAM__SECRETS__BACKEND_KWARGS", f"not JSON {HUSH}"),
        ("SLIPSTREAM__API__PORT", f"redis://:{HUSH}@there"),
        ("SLIPSTREAM__CORE__PARALLELISM", f"https://ada:{HUSH}@there"),
        ("SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN", f"mysql://ada:{HUSH}@there/db"),
        ("SLIPSTREAM__DATABASE__SQL_ALCHEMY_CONN", f"postgresql:/ada:{HUSH}@there/db"),
        ("SLIPSTREAM__CORE__FERNET_KEY", HUSH),
    ],
)
def test_an_error_about_a_secret_does_not_tell_it(
    slipstream: Slipstream, monkeypatch: pytest.MonkeyPatch, key: str, value: str
) -> None:
    monkeypatch.setenv(key, value)
    monkeypatch.setenv("SLIPSTREAM__SECRETS__BACKEND", "collections.OrderedDict")
    monkeypatch.setenv("SLIPSTREAM__API_AUTH__JWT_SECRET_SECRET", "jwt")
    for words in (("config", "get-value", "api_auth", "jwt_secret"), ("db", "check"), ("info",)):
        done = slipstream(*words)
        assert HUSH not in done.out + done.err
    stored = slipstream("variables", "set", "k", "v")
    assert HUSH not in stored.out + stored.err


TELLING = f"""
import os
from airflow.sdk import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def telling():
    @task
    def tell():
        for name, value in os.environ.items():
            if "{HUSH}" in value:
                print("found", name, value, flush=True)

    tell()

telling()
"""


@pytest.mark.processes
def test_a_secret_setting_is_hidden_in_the_logs_of_tasks(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "dags").mkdir(parents=True)
    (home / "dags" / "telling.py").write_text(TELLING)
    for section, key in (("api_auth", "jwt_secret"), ("secrets", "backend_kwarg__role_id")):
        monkeypatch.setenv(f"OWN_{section}_{key}", SENSITIVE[section, key])
    lines = ["[api_auth]", f'jwt_secret = "{HUSH}{HUSH}{HUSH}{HUSH}"', "[secrets]"]
    lines += [f"backend_kwarg__role_id = '{HUSH}'"]
    (home / "slipstream.toml").write_text("\n".join(lines))
    with running(home, "standalone") as server:
        headers = {"Authorization": token(server)}
        runs = "/api/v2/dags/telling/dagRuns"
        eventually(lambda: "telling" in json.dumps(server.get("/api/v2/dags", **headers)))
        server.post(runs, {"dag_run_id": "mine", "logical_date": None}, **headers)
        eventually(lambda: '"success"' in json.dumps(server.get(f"{runs}/mine", **headers)))
        log = json.dumps(server.get(f"{runs}/mine/taskInstances/tell/logs/1", **headers))
    assert "found OWN_" in log
    assert HUSH not in log
    assert "***" in log
