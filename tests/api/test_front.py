"""Health and version before the REST API is there, and everything else after it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from anyio.from_thread import BlockingPortal
from starlette.types import ASGIApp
from tests.api.conftest import NOON, Client, Clock, token_of
from tests.api.making import recorded

from slipstream.api.app import create_app
from slipstream.api.call import Deployment
from slipstream.api.front import Front, create_front
from slipstream.api.public import monitor
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store

HEAVY = ("fastapi", "pydantic", "starlette", "sqlalchemy", "jwt", "argon2")


def a_front(store: Store, settings: ApiSettings, make_app: Callable[[], ASGIApp]) -> Front:
    deployment = Deployment(store=store, settings=settings, clock=lambda: NOON)
    return Front(deployment, monitor.routes, make_app)


def test_nothing_heavy_is_imported_for_it() -> None:
    program = (
        "import sys, slipstream.api.front, slipstream.api.server, slipstream.api.listener\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("path", ["/version", "/monitor/health"])
def test_it_answers_as_the_whole_application_does(
    portal: BlockingPortal, store: Store, settings: ApiSettings, clock: Clock, path: str
) -> None:
    store.heartbeat("scheduler", "box", 7)
    front = a_front(store, settings, lambda: pytest.fail("it must not be made"))
    whole = create_app(store, settings=settings, clock=clock)
    ours, theirs = (Client(portal, app).get(path) for app in (front, whole))
    assert ours.status_code == theirs.status_code == 200
    assert ours.json() == theirs.json()
    assert ours.headers["content-type"] == theirs.headers["content-type"]


def test_everything_else_has_the_whole_application_made_once(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    made = []

    def make() -> ASGIApp:
        made.append(True)
        return create_app(store, settings=settings)

    recorded(store)
    client = Client(portal, a_front(store, settings, make))
    assert client.get("/version").status_code == 200
    assert made == []
    assert client.get("/dags/etl").json()["dag_id"] == "etl"
    assert client.get("/dags/no").status_code == 404
    assert client.send("OPTIONS", "/version").status_code == 405
    assert made == [True]


def test_an_application_that_could_not_be_made_is_tried_again(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    outcomes: list[Exception | None] = [RuntimeError("not now"), None]

    def make() -> ASGIApp:
        outcome = outcomes.pop(0)
        if outcome is not None:
            raise outcome
        return create_app(store, settings=settings)

    client = Client(portal, a_front(store, settings, make))
    assert client.get("/dags").status_code == 500
    assert client.get("/dags").status_code == 200


def test_a_page_of_another_site_gets_the_headers_that_the_settings_give(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    named = replace(settings, cors_origins=("https://ours.example",), cors_methods=("GET",))
    client = Client(portal, create_front(store, settings=named))
    answer = client.get("/version", headers={"origin": "https://ours.example"})
    assert answer.headers["access-control-allow-origin"] == "https://ours.example"


def test_it_stands_below_the_base_path_too(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    below = replace(settings, base_path="/api-of-ours")
    front = a_front(store, below, lambda: pytest.fail("it must not be made"))
    client = Client(portal, front)
    assert client.get("/api-of-ours/api/v2/version").status_code == 200
    assert client.get("/api/v2/version").status_code == 200


def test_the_lock_holds_behind_it(
    portal: BlockingPortal,
    store: Store,
    locked: Client,
    locked_settings: ApiSettings,
    clock: Clock,
) -> None:
    client = Client(portal, create_front(store, settings=locked_settings, clock=clock))
    assert client.get("/dags").status_code == 401
    assert client.bearing(token_of(client, "viewer")).get("/dags").status_code == 200
