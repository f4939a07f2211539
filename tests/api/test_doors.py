"""Where clients are sent to log in and out."""

from __future__ import annotations

import pytest
from tests.api.conftest import Client

LOGIN, LOGOUT = "/api/v2/auth/login", "/api/v2/auth/logout"


def test_the_login_leads_to_the_page_that_asks_for_it(locked: Client) -> None:
    answer = locked.get(LOGIN)
    assert (answer.status_code, answer.headers["location"]) == (307, "/")
    answer = locked.get(LOGIN, params={"next": "/dags/etl?tab=runs"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/dags/etl?tab=runs")


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "dags",
        "http://[",
    ],
)
def test_the_login_leads_nowhere_else(locked: Client, place: str) -> None:
    assert locked.get(LOGIN, params={"next": place}).status_code == 400


def test_the_logout_ends_the_session(locked: Client) -> None:
    answer = locked.get(LOGOUT)
    assert (answer.status_code, answer.headers["location"]) == (307, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith('slipstream_session=""')
    assert "Max-Age=0" in cookie
