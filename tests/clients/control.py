"""Drives a server with the official command line: `python control.py URL TOKEN`.

It runs in an environment that has `apache-airflow-ctl` and nothing of ours. Every command that
speaks to a server has its line in `COMMANDS`; one without is a failure, and so is one that fails or
does not show what it should.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import tempfile
import time
import traceback
import urllib.request
from pathlib import Path

PATIENCE_SECONDS = 60.0

SPAN = "--from-date 2026-01-01T00:00:00Z --to-date 2026-01-02T00:00:00Z --max-active-runs 1"

OWN = {("auth", "list-envs"), ("auth", "token"), ("config", "lint"), ("version",)}
"""Commands that ask no server, want a password, or look at a file of Airflow's."""


def commands(
    folder: Path, asset: str, alias: str, backfill: str, error: str
) -> list[tuple[str, str]]:
    """`(command, what it must show)`, in order."""
    settings = {
        "pools": [{"name": "from_file", "slots": 2, "description": "", "include_deferred": False}],
        "variables": {"from_file": {"value": "v", "description": "d"}},
        "connections": {"from_file": {"conn_type": "http", "host": "h"}},
    }
    for name, content in settings.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return [
        ("dags list", "shop"),
        ("dags get shop", "shop"),
        ("dags get-details shop", "concurrency"),
        ("dags get-stats shop", ""),
        ("dags get-version shop 1", "shop"),
        ("dags list-version shop", "version_number"),
        ("dags list-import-errors", "nothing_of_that_name"),
        (f"dags get-import-error {error}", "nothing_of_that_name"),
        ("dags list-warning", ""),
        ("dags next-execution daily", ""),
        ("dags pause shop", "shop"),
        ("dags unpause shop", "shop"),
        ("dags update shop --no-is-paused", "shop"),
        ("dags trigger shop --dag-run-id second", "second"),
        ("dagrun list --dag-id shop --state success --limit 5", ""),
        ("dagrun get shop second", "second"),
        ("xcom list shop done read", "return_value"),
        ("xcom get shop done read return_value", "return_value"),
        ("xcom add shop done read mine 1", "mine"),
        ("xcom edit shop done read mine 2", ""),
        ("xcom delete shop done read mine", ""),
        ("assets list", "orders"),
        (f"assets get {asset}", "orders"),
        ("assets list-by-alias", "whatever"),
        (f"assets get-by-alias {alias}", "whatever"),
        (f"assets create-event --asset-id {asset}", "orders"),
        (f"assets get-queued-events {asset}", "[]"),
        ("assets get-dag-queued-events bill 2030-01-01T00:00:00Z", "[]"),
        ("backfill list daily", ""),
        (f"backfill get {backfill}", "daily"),
        (f"backfill create --dag-id daily {SPAN}", "daily"),
        ("config list", "core"),
        ("config get core executor", "LocalExecutor"),
        ("connections create --connection-id c --conn-type http --host h", "http"),
        ("connections get c", "http"),
        ("connections list", "http"),
        ("connections update --connection-id c --conn-type http --host other", "other"),
        ("connections delete c", ""),
        (f"connections import {folder}/connections.json", ""),
        ("jobs list", "SchedulerJob"),
        ("plugins list", ""),
        ("plugins list-import-errors", ""),
        ("providers list", ""),
        ("pools create --name p --slots 3", "p"),
        ("pools get p", "3"),
        ("pools list", "default_pool"),
        ("pools update --pool p --slots 5", "5"),
        ("pools delete p", ""),
        (f"pools import {folder}/pools.json", ""),
        (f"pools export {folder}/exported.json", ""),
        ("variables create --key k --value v", "k"),
        ("variables get k", "v"),
        ("variables list", "k"),
        ("variables update --key k --value new", "new"),
        ("variables delete k", ""),
        (f"variables import {folder}/variables.json", ""),
        ("dags delete aliased", ""),
    ]


REFUSED = (("assets get-dag-queued-event bill {asset}", "was not found"),)
"""There is nothing queued: they say so."""

DEFECTS = (
    ("dags get-tags", "mapper"),
    ("assets materialize {asset}", "'output'"),
    ("assets delete-queued-event bill {asset}", "Method Not Allowed"),
    ("assets delete-dag-queued-events bill 2030-01-01T00:00:00Z", "Method Not Allowed"),
    ("assets delete-queued-events {asset}", "Method Not Allowed"),
    ("backfill create-dry-run --dag-id bill " + SPAN, ""),
    ("backfill pause {backfill}", "Method Not Allowed"),
    ("backfill unpause {backfill}", "Method Not Allowed"),
    ("backfill cancel {backfill}", "Method Not Allowed"),
    ("connections create-defaults", "NoneType"),
    ("connections test --connection-id c --conn-type fs", "'output'"),
)
"""What the program cannot do with any server: it sends POST where the operation is PUT or DELETE,
or fails at what it wants to print. One that works is a defect that is gone: take it from here."""


class Rest:
    """The few things that are asked without the command line, to have something to command."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> dict:
        """The answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self._url}/api/v2{path}", data=data, headers=self._headers, method=method
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.load(answer)


def carry_out(line: str) -> tuple[int, str]:
    """The exit code of a command, and what it said."""
    from airflowctl.__main__ import main

    said = io.StringIO()
    sys.argv = ["airflowctl", *line.split()]
    code = 0
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
            if isinstance(ended.code, str):
                said.write(ended.code)
        except Exception:
            code = 1
            said.write(traceback.format_exc(limit=-3))
    return code, said.getvalue()


def known() -> set[tuple[str, ...]]:
    """Every command that there is."""
    from airflowctl.ctl.cli_config import ActionCommand
    from airflowctl.ctl.cli_parser import airflow_commands

    found: set[tuple[str, ...]] = set()
    for command in airflow_commands:
        if isinstance(command, ActionCommand):
            found.add((command.name,))
        else:
            found.update((command.name, one.name) for one in command.subcommands)
    return found


def main() -> int:
    """Try every command; gives the number of those that went wrong."""
    url, token = sys.argv[1:3]
    rest = Rest(url, token)
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            AIRFLOW_HOME=folder,
            AIRFLOW_CLI_TOKEN=token,
            AIRFLOW_CLI_DEBUG_MODE="true",
            COLUMNS="400",
        )
        rest.ask("PATCH", "/dags?dag_id_pattern=shop", {"is_paused": False})
        rest.ask("POST", "/dags/shop/dagRuns", {"dag_run_id": "done", "logical_date": None})
        end = time.monotonic() + PATIENCE_SECONDS
        while rest.ask("GET", "/dags/shop/dagRuns/done")["state"] != "success":
            assert time.monotonic() < end, "the run does not end"
            time.sleep(0.05)
        asset = str(rest.ask("GET", "/assets")["assets"][0]["id"])
        error = str(rest.ask("GET", "/importErrors")["import_errors"][0]["import_error_id"])
        span = {"from_date": "2026-02-01T00:00:00Z", "to_date": "2026-02-02T00:00:00Z"}
        backfill = str(rest.ask("POST", "/backfills", {"dag_id": "daily", **span})["id"])
        rest.ask("PUT", f"/backfills/{backfill}/cancel")
        alias = str(rest.ask("GET", "/assets/aliases")["asset_aliases"][0]["id"])
        wrong = 0
        steps = [(f"auth login --api-url {url} --api-token {token}", "", True)]
        given = commands(Path(folder), asset, alias, backfill, error)
        steps += [(line, expected, True) for line, expected in given]
        ids = {"asset": asset, "backfill": backfill}
        for line, expected in (*REFUSED, *DEFECTS):
            steps.append((line.format(**ids), expected, False))
        for line, expected, succeeds in steps:
            code, said = carry_out(line)
            shown = line.replace(token, "TOKEN")
            if (code == 0) is not succeeds or expected not in said:
                wrong += 1
                print(f"{shown}: exit code {code}, expected {expected!r} in:\n{said}")
        tried = {tuple(line.split()[:2]) for line, *_ in steps}
        for command in sorted(known() - tried - OWN):
            wrong += 1
            print(f"{' '.join(command)}: nobody tried it")
    print(f"{len(tried)} commands were tried; {wrong} went wrong.")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
