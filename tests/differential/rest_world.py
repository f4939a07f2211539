"""What both sides' REST APIs are asked, and about what. It imports nothing of either side.

A request is `{"method", "path", "body", "keep", "status"}`; `keep` names what of the answer later
paths say in braces: `{"asset": "assets.0.id"}`. The status is that of Airflow's answer, as it was
when `python -m tests.differential.rest --record` was run last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("rest_requests.txt")
"""A request a line: `STATUS METHOD PATH [BODY] [-> NAME = WHERE]`."""

RUNS = ("first", "second", "third")
DATES = tuple(f"2026-01-0{day}T00:00:00+00:00" for day in (1, 2, 3))
DAG_ID = "shop"
SOURCE = """
from datetime import datetime, timedelta
from {sdk} import DAG, Asset, Param, task, task_group

ORDERS = Asset("orders", uri="s3://shop/orders", group="sales", extra={"rows": 3})

with DAG(
    "shop", schedule=None, start_date=datetime(2026, 1, 1), tags=["shop", "north"],
    params={"rows": Param(3, type="integer", minimum=1)}, description="Sells.", doc_md="# Shop",
    max_active_runs=4, max_active_tasks=8, dagrun_timeout=timedelta(hours=2),
    default_args={"owner": "ada", "retries": 2, "retry_delay": timedelta(seconds=30)},
) as shop:

    @task(queue="fast", priority_weight=3, pool="default_pool", doc_md="Reads.", params={"own": 1})
    def read():
        return [1, 2, 3]

    @task(trigger_rule="all_done", execution_timeout=timedelta(minutes=5))
    def double(number):
        return 2 * number

    @task_group(group_id="g", tooltip="Both")
    def both():
        @task
        def a():
            pass

        @task
        def b():
            pass

        a() >> b()

    @task(outlets=[ORDERS], retries=0)
    def total(numbers):
        return sum(numbers)

    doubled = double.expand(number=[1, 2, 3])
    read() >> doubled
    total(doubled) >> both()

with DAG("bill", schedule=[ORDERS], start_date=datetime(2026, 1, 1), tags=["bill"]) as bill:

    @task
    def send():
        pass

    send()

with DAG(
    "daily", schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False,
    default_args={"owner": "bob"},
) as daily:

    @task
    def load():
        pass

    load()

dags = [shop, bill, daily]
"""
STATES = {
    "first": {
        "read|-1": "success",
        "double|0": "success",
        "double|1": "success",
        "double|2": "success",
        "total|-1": "success",
        "g.a|-1": "success",
        "g.b|-1": "success",
    },
    "second": {
        "read|-1": "success",
        "double|0": "success",
        "double|1": "failed",
        "double|2": "skipped",
        "total|-1": "upstream_failed",
        "g.a|-1": "upstream_failed",
        "g.b|-1": "upstream_failed",
    },
    "third": {
        "read|-1": "up_for_retry",
        "double|0": None,
        "double|1": None,
        "double|2": None,
        "total|-1": None,
        "g.a|-1": None,
        "g.b|-1": None,
    },
}


def world() -> dict[str, Any]:
    """The DAG file, the runs of one of its DAGs, and the requests in their order."""
    return {
        "dag_id": DAG_ID,
        "source": SOURCE,
        "states": STATES,
        "runs": dict(zip(RUNS, DATES, strict=True)),
        "requests": requests(),
    }


def asked(client: Any, requests: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What `client`, which is one of httpx, is answered to each, one after the other."""
    kept: dict[str, Any] = {}
    for request in requests:
        path, body = request["path"], request["body"]
        for name, value in kept.items():
            path = path.replace("{" + name + "}", str(value))
        if isinstance(body, dict):
            body = {of: kept[it[1:-1]] if _is_kept(it, kept) else it for of, it in body.items()}
        sent = {} if body is None else {"json": body}
        answer = client.request(request["method"], f"/api/v2{path}", **sent)
        try:
            found = answer.json()
        except ValueError:
            found = answer.text
        for name, where in request["keep"].items():
            if answer.is_success:
                kept[name] = _at(found, where)
        yield {"status": answer.status_code, "body": found}


def _is_kept(value: Any, kept: dict[str, Any]) -> bool:
    return isinstance(value, str) and value[:1] == "{" and value[1:-1] in kept


def _at(found: Any, where: str) -> Any:
    for part in where.split("."):
        found = found[int(part)] if part.isdigit() else found[part]
    return found


def requests() -> list[dict[str, Any]]:
    """All of them, in their order."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return [_request(line) for line in lines if line and not line.startswith("#")]


def _request(line: str) -> dict[str, Any]:
    line, _, kept = line.partition(" -> ")
    status, method, path, *body = line.split(" ", 3)
    name, _, where = kept.partition(" = ")
    return {
        "method": method,
        "path": path,
        "body": json.loads(body[0]) if body else None,
        "keep": {name: where} if kept else {},
        "status": int(status),
    }


def write_statuses(statuses: Sequence[int]) -> None:
    """Keep what Airflow has answered."""
    left = iter(statuses)
    lines = [
        f"{next(left)} {line.split(' ', 1)[1]}" if line and not line.startswith("#") else line
        for line in FILE.read_text(encoding="utf-8").splitlines()
    ]
    FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")
