"""Where everybody is an administrator, pages of other sites are nobody."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client, token_of

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store

POOL = {"name": "wide", "slots": 3}
ELSEWHERE = "https://evil.example"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": ELSEWHERE},
        {"origin": "null"},
        {"origin": ELSEWHERE, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://test.evil.example"},
        {"origin": "http://["},
    ],
)
def test_a_page_of_another_site_changes_nothing(api: Client, headers: dict[str, str]) -> None:
    answer = api.post("/pools", POOL, headers=headers)
    assert answer.status_code == 403
    assert "another site" in answer.json()["detail"]
    assert api.post("/connections/defaults", headers=headers).status_code == 403
    assert api.delete("/pools/default_pool", headers=headers).status_code == 403
    assert [pool["name"] for pool in api.get("/pools").json()["pools"]] == ["default_pool"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://test"},
        {"origin": "http://test:8080", "sec-fetch-site": "same-origin"},
        {"origin": "http://localhost:5173", "sec-fetch-site": "same-origin"},
    ],
)
def test_its_own_page_and_programs_do(api: Client, headers: dict[str, str]) -> None:
    assert api.post("/pools", POOL, headers=headers).status_code == 201


def test_a_program_sends_a_token_from_wherever_it_runs(api: Client) -> None:
    token = api.get("/auth/token").json()["access_token"]
    headers = {"origin": ELSEWHERE, "host": "evil.example"}
    assert api.bearing(token).post("/pools", POOL, headers=headers).status_code == 201


@pytest.mark.parametrize("host", ["evil.example:8080", "evil.example.", "[", "[::1", "[evil.x]"])
def test_no_name_of_a_stranger_leads_here(api: Client, host: str) -> None:
    for path in ("/pools", "/auth/token", "/variables", "/ui/session", "/"):
        answer = api.get(path, headers={"host": host})
        assert answer.status_code == 403
        assert "base_url" in answer.json()["detail"]


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8080",
        "flow.localhost",
        "127.0.0.1",
        "[::1]:8080",
        "server",
        "localhost.",
        socket.gethostname(),
        socket.getfqdn(),
    ],
)
def test_names_of_the_machine_do(api: Client, host: str) -> None:
    assert api.get("/pools", headers={"host": host}).status_code == 200


def test_the_settings_name_others(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    known = replace(
        settings, origin="https://flow.example.org", cors_origins=("https://tools.example.org",)
    )
    client = Client(portal, create_app(store, settings=known))
    own = {"host": "flow.example.org"}
    assert client.get("/pools", headers=own).status_code == 200
    for origin, status in (
        ("https://flow.example.org", 201),
        ("https://tools.example.org", 409),
        (ELSEWHERE, 403),
    ):
        headers = {**own, "origin": origin}
        assert client.post("/pools", POOL, headers=headers).status_code == status


def test_where_people_sign_in_the_name_does_not_matter(locked: Client) -> None:
    admin = locked.bearing(token_of(locked, "admin"))
    assert admin.get("/pools", headers={"host": "whatever.example"}).status_code == 200
    assert locked.get("/pools", headers={"host": "whatever.example"}).status_code == 401
