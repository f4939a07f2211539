"""A REST API over a store of its own, and clients of several roles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from argon2 import PasswordHasher
from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from slipstream.api.app import create_app
from slipstream.api.route_table import RouteTable
from slipstream.api.settings import ApiSettings
from slipstream.store import generate_key, open_store
from slipstream.store.interface import Store

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
PASSWORD = "correct horse"


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def routes_of(app: FastAPI) -> list[BaseRoute]:
    """All of an app's routes, one by one."""
    return [
        route
        for entry in app.routes
        for route in (entry.routes if isinstance(entry, RouteTable) else [entry])
    ]


class Client:
    """Sends requests to an app in this process."""

    def __init__(self, portal: BlockingPortal, app: ASGIApp, token: str | None = None) -> None:
        self._portal = portal
        self._app = app
        self._token = token

    def send(self, method: str, path: str, **options: object) -> httpx.Response:
        """One request; `/api/v2` stands before paths that do not begin with a known prefix."""
        return self._portal.call(self._send, method, path, options)

    def get(self, path: str, **options: object) -> httpx.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, json: object = None, **options: object) -> httpx.Response:
        return self.send("POST", path, json=json, **options)

    def patch(self, path: str, json: object = None, **options: object) -> httpx.Response:
        return self.send("PATCH", path, json=json, **options)

    def put(self, path: str, json: object = None, **options: object) -> httpx.Response:
        return self.send("PUT", path, json=json, **options)

    def delete(self, path: str, **options: object) -> httpx.Response:
        return self.send("DELETE", path, **options)

    def bearing(self, token: str | None) -> Client:
        """A client that sends that token."""
        return Client(self._portal, self._app, token)

    async def _send(self, method: str, path: str, options: dict[str, object]) -> httpx.Response:
        headers = dict(options.pop("headers", None) or {})
        if self._token is not None:
            headers.setdefault("authorization", f"Bearer {self._token}")
        known = (
            "/auth",
            "/execution",
            "/api",
            "/ui/",
            "/openapi",
            "/docs",
            "/redoc",
            "/mine",
            "/forbidden",
            "/metrics",
        )
        full = path if path.startswith(known) else "/api/v2" + path
        transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, full, headers=headers, **options)


@pytest.fixture(scope="session")
def portal() -> Iterator[BlockingPortal]:
    """An event loop in a thread."""
    with start_blocking_portal() as running:
        yield running


@pytest.fixture(scope="session")
def password_hash() -> str:
    """A hash of `PASSWORD` that is cheap to check: a real one is slow on purpose."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    """An empty store with its schema."""
    opened = open_store(
        f"sqlite:///{tmp_path}/slipstream.db",
        fernet_keys=[generate_key()],
        xcom_url=str(tmp_path / "xcom"),
        clock=clock,
    )
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> ApiSettings:
    """Everybody is an administrator."""
    return ApiSettings(log_dir=tmp_path / "logs", simple_auth_manager_all_admins=True)


@pytest.fixture
def locked_settings(settings: ApiSettings) -> ApiSettings:
    """Everybody must log in."""
    return replace(settings, simple_auth_manager_all_admins=False, shown_config={})


@pytest.fixture
def api(portal: BlockingPortal, store: Store, settings: ApiSettings, clock: Clock) -> Client:
    """A client of an API where everybody is an administrator."""
    return Client(portal, create_app(store, settings=settings, clock=clock))


@pytest.fixture
def locked(
    portal: BlockingPortal,
    store: Store,
    locked_settings: ApiSettings,
    clock: Clock,
    password_hash: str,
) -> Client:
    """A client without a token, of an API with a user `viewer`, `user`, `op` and `admin`."""
    for name in ("viewer", "user", "op", "admin"):
        store.set_user(name, password_hash, name)
    return Client(portal, create_app(store, settings=locked_settings, clock=clock))


def token_of(client: Client, name: str) -> str:
    """The access token that the user gets for the password."""
    answer = client.post("/auth/token", {"username": name, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["access_token"]
    return token
