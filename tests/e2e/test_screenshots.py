"""A picture of every screen, light and dark: `make screenshots FOLDER=somewhere`.

They are for people to look at; what screens must do is checked elsewhere.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from tests.cli.servers import RunningServer
from tests.e2e import shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

FOLDER = os.environ.get("SLIPSTREAM_SCREENSHOTS", "")
PATIENCE_SECONDS = 120.0

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not FOLDER, reason="pictures are made by: make screenshots FOLDER=…"),
]


@pytest.fixture(scope="module")
def dag_files() -> Mapping[str, str]:
    """The shop's."""
    return shop.FILES


class Shop:
    """The server's REST API, as its administrator."""

    def __init__(self, server: RunningServer, password: str) -> None:
        answer: Any = server.post("/auth/token", {"username": "admin", "password": password})
        self._server = server
        self._headers = {"Authorization": f"Bearer {answer['access_token']}"}

    def get(self, path: str) -> Any:
        """The answer to a GET below `/api/v2`."""
        return self._server.get(f"/api/v2{path}", **self._headers)

    def send(self, method: str, path: str, body: object) -> Any:
        """The answer to a request with a body."""
        return self._server.send(method, f"/api/v2{path}", body, **self._headers)

    def until(self, holds: Callable[[], Any]) -> Any:
        """What it gives, once it is something."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not (found := holds()):
            assert time.monotonic() < end, "the shop has not come so far"
            time.sleep(0.2)
        return found


@pytest.fixture(scope="module")
def opened_shop(server: RunningServer, admin_password: str) -> dict[str, str]:
    """`{name: address}` of the screens of a shop that has run for a while."""
    shop_api = Shop(server, admin_password)
    dag_ids = shop_api.until(
        lambda: (
            [one["dag_id"] for one in shop_api.get("/dags")["dags"]]
            if shop_api.get("/dags")["total_entries"] >= 7
            else None
        )
    )
    for dag_id in dag_ids:
        shop_api.send("PATCH", f"/dags/{dag_id}", {"is_paused": False})
    for _ in range(2):
        shop_api.send("POST", "/dags/release_model/dagRuns", {"logical_date": None})
    shop_api.send("POST", "/dags/plan_campaign/dagRuns", {"logical_date": None})
    runs = "/dags/shop_orders/dagRuns"
    shop_api.until(
        lambda: shop_api.get(f"{runs}?state=success&state=failed&limit=1")["total_entries"] >= 12
    )
    waiting = "/dags/~/dagRuns/~/hitlDetails?response_received=false&state=awaiting_input"
    shop_api.until(lambda: shop_api.get(waiting)["total_entries"] >= 3)
    for body in SETTINGS["connections"]:
        shop_api.send("POST", "/connections", body)
    for body in SETTINGS["variables"]:
        shop_api.send("POST", "/variables", body)
    shop_api.send(
        "POST", "/pools", {"name": "warehouse", "slots": 8, "description": "The database"}
    )
    days = sorted(one["logical_date"] for one in shop_api.get(f"{runs}?limit=100")["dag_runs"])
    shop_api.send(
        "POST",
        "/backfills",
        {
            "dag_id": "shop_orders",
            "from_date": days[0],
            "to_date": days[-1],
            "reprocess_behavior": "completed",
            "max_active_runs": 2,
            "run_backwards": True,
        },
    )
    failed = shop_api.get(f"{runs}?state=failed&limit=1")["dag_runs"]
    run_id = quote((failed or shop_api.get(f"{runs}?limit=1")["dag_runs"])[0]["dag_run_id"])
    asked = shop_api.get(waiting)["hitl_details"]
    question = next(one for one in asked if one["task_instance"]["task_id"] == "approve")
    asked_by = quote(question["task_instance"]["dag_run_id"])
    asset = shop_api.get("/assets?name_pattern=orders")["assets"][0]["id"]
    run = f"/dags/shop_orders/runs/{run_id}"
    return {
        **{f"dag-{tab}": f"/dags/shop_orders?tab={tab}" for tab in DAG_TABS},
        "backfill-form": "/dags/shop_orders?tab=backfills&create=true",
        **{
            f"run-{tab}": f"{run}?tab={tab}"
            for tab in ("graph", "gantt", "tasks", "compare", "details")
        },
        **{f"task-{tab}": f"{run}/tasks/report.check?tab={tab}" for tab in TASK_TABS},
        "task-mapped": f"{run}/tasks/price?tab=mapped",
        "approval": f"/dags/release_model/runs/{asked_by}/tasks/approve/required_actions",
        "asset": f"/assets/{asset}",
        **SCREENS,
    }


DAG_TABS = (
    "grid",
    "graph",
    "overview",
    "tasks",
    "runs",
    "backfills",
    "calendar",
    "code",
    "events",
    "details",
)
TASK_TABS = ("logs", "xcom", "rendered", "tries", "code", "details")
SCREENS = {
    "home": "/",
    "dags": "/dags",
    "backfills": "/backfills",
    "approvals": "/approvals",
    "assets": "/assets",
    "assets-graph": "/assets?view=graph",
    "assets-events": "/assets?view=events",
    "pools": "/pools",
    "pool-use": "/pools?use=default_pool&hours=1",
    "variables": "/variables",
    "connections": "/connections",
    "access-users": "/access",
    "access-roles": "/access?tab=roles",
    "account": "/account",
    "system-health": "/system",
    "system-config": "/system?tab=config",
    "system-packages": "/system?tab=packages",
    "system-audit": "/system?tab=audit",
}
AWAITED = {
    "graph": ".react-flow__node",
    "dags": "a[aria-label^='Last runs of shop_orders']",
}
"""What a screen with that in its name shows last."""

SETTINGS = {
    "connections": [
        {
            "connection_id": "warehouse",
            "conn_type": "postgres",
            "host": "db.example.org",
            "port": 5432,
            "login": "etl",
            "schema": "shop",
            "description": "Where the tables are",
        },
        {"connection_id": "prices", "conn_type": "http", "host": "https://prices.example.org"},
    ],
    "variables": [
        {"key": "region", "value": "eu-west-1", "description": "Where the shop is"},
        {"key": "limits", "value": json.dumps({"rows": 1000})},
    ],
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen_has_its_picture(
    page: Page, log_in: Callable[..., None], opened_shop: dict[str, str], scheme: str
) -> None:
    folder = Path(FOLDER) / scheme
    folder.mkdir(parents=True, exist_ok=True)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto("/")
    page.get_by_label("User name").wait_for()
    page.screenshot(path=folder / "login.png")
    log_in()
    for name, address in opened_shop.items():
        page.goto(address)
        page.locator("main h1, main h2, main h3").first.wait_for()
        sync_api.expect(page.locator(".mantine-Loader-root")).to_have_count(0)
        for part, awaited in AWAITED.items():
            if part in name:
                page.locator(awaited).first.wait_for()
        page.screenshot(path=folder / f"{name}.png")
        assert (folder / f"{name}.png").stat().st_size > 0
