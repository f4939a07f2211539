"""The session of a browser: logging in, what the cookie allows, and what it does not."""

from __future__ import annotations

from http.cookies import SimpleCookie

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import PASSWORD, Client, Clock
from tests.api.making import recorded

from slipstream.api.app import create_app
from slipstream.api.auth.cookie import SESSION_COOKIE
from slipstream.api.settings import ApiSettings
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.store.interface import Store


def log_in(client: Client, name: str = "op", password: str = PASSWORD) -> httpx.Response:
    return client.post("/ui/session", {"username": name, "password": password})


def cookie_of(answer: httpx.Response) -> dict[str, str]:
    """The header that sends the session back."""
    found = SimpleCookie(answer.headers["set-cookie"])
    return {"cookie": f"{SESSION_COOKIE}={found[SESSION_COOKIE].value}"}


def test_nobody_is_told_who_must_log_in(locked: Client) -> None:
    session = locked.get("/ui/session").json()
    assert session["user"] is None
    assert session["csrf_token"] is None


def test_who_logs_in_is_known_by_the_cookie(locked: Client) -> None:
    answer = log_in(locked)
    assert answer.status_code == 200
    assert answer.json()["user"]["name"] == "op"
    cookie = cookie_of(answer)
    assert locked.get("/ui/session", headers=cookie).json()["user"]["role"] == "op"
    assert locked.get("/dags", headers=cookie).status_code == 200


def test_no_script_can_read_the_cookie_and_no_other_site_sends_it(locked: Client) -> None:
    header = log_in(locked).headers["set-cookie"].lower()
    assert "httponly" in header
    assert "samesite=lax" in header


def test_over_https_the_cookie_is_for_https_alone(
    portal: BlockingPortal, store: Store, clock: Clock, password_hash: str, settings: ApiSettings
) -> None:
    store.set_user("op", password_hash, "op")
    secured = ApiSettings(log_dir=settings.log_dir, is_https=True, base_path="/flow")
    client = Client(portal, create_app(store, settings=secured, clock=clock))
    header = log_in(client).headers["set-cookie"]
    assert "Secure" in header
    assert "Path=/flow" in header


def test_a_wrong_password_begins_no_session(locked: Client) -> None:
    answer = log_in(locked, password="guess")
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_guessing_is_slowed_down_at_both_doors_together(locked: Client) -> None:
    for _ in range(5):
        log_in(locked, password="guess")
        locked.post("/auth/token", {"username": "op", "password": "guess"})
    assert log_in(locked).status_code == 429


@pytest.mark.parametrize("token", [None, "0" * 64, "nonsense"])
def test_a_change_without_the_pages_own_token_is_refused(
    locked: Client, store: Store, token: str | None
) -> None:
    recorded(store)
    headers = cookie_of(log_in(locked))
    if token is not None:
        headers["X-CSRF-Token"] = token
    answer = locked.patch("/dags/etl", {"is_paused": False}, headers=headers)
    assert answer.status_code == 403
    assert "X-CSRF-Token" in answer.json()["detail"]
    assert store.get_dag("etl").is_paused


def test_a_change_with_it_is_made(locked: Client, store: Store) -> None:
    recorded(store)
    answer = log_in(locked)
    headers = cookie_of(answer) | {"X-CSRF-Token": answer.json()["csrf_token"]}
    assert locked.patch("/dags/etl", {"is_paused": False}, headers=headers).status_code == 200
    assert not store.get_dag("etl").is_paused


def test_the_token_of_one_session_is_none_of_another(
    locked: Client, store: Store, clock: Clock
) -> None:
    recorded(store)
    first = log_in(locked).json()["csrf_token"]
    clock.advance(1)
    second = cookie_of(log_in(locked))
    headers = second | {"X-CSRF-Token": first}
    assert locked.patch("/dags/etl", {"is_paused": False}, headers=headers).status_code == 403


def test_a_session_ends_with_its_time(locked: Client, clock: Clock) -> None:
    cookie = cookie_of(log_in(locked))
    clock.advance(2 * 86_400)
    assert locked.get("/dags", headers=cookie).status_code == 401
    assert locked.get("/ui/session", headers=cookie).json()["user"] is None


def test_logging_out_takes_the_cookie_back(locked: Client) -> None:
    header = locked.delete("/ui/session").headers["set-cookie"]
    assert SimpleCookie(header)[SESSION_COOKIE]["max-age"] == "0"


def test_what_a_role_may_do_is_told(locked: Client) -> None:
    may = log_in(locked, "viewer").json()["user"]["may"]
    assert "read:dag" in may
    assert "edit:dag" not in may
    assert "read:variable" not in may


def test_where_everybody_is_an_administrator_nobody_logs_in(api: Client) -> None:
    session = api.get("/ui/session").json()
    assert session["user"]["role"] == "Admin"
    assert not session["can_log_out"]


def test_every_state_has_its_words(api: Client) -> None:
    words = api.get("/ui/session").json()["words"]
    assert [one["state"] for one in words["task_states"]] == [state.value for state in TaskState]
    assert [one["state"] for one in words["run_states"]] == [state.value for state in RunState]
    assert set(words["run_types"]) == {kind.value for kind in RunType}


def luminance(color: str) -> float:
    """As WCAG 2.2 defines it, of `#rrggbb`."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_colours_of_states_can_be_read_on_both_backgrounds(api: Client) -> None:
    for state in api.get("/ui/session").json()["words"]["task_states"]:
        assert contrast(state["light"], "#ffffff") >= 4.5, state
        assert contrast(state["dark"], "#1f2328") >= 4.5, state
