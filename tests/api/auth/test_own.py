"""Tokens, passwords and second factors of whoever asks."""

from __future__ import annotations

import pyotp
import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import PASSWORD, Client, Clock, token_of

from slipstream.api.app import create_app
from slipstream.api.auth.tokens import Tokens
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store


@pytest.fixture
def op(locked: Client) -> Client:
    return locked.bearing(token_of(locked, "op"))


def personal(client: Client, **body: object) -> tuple[dict[str, object], Client]:
    """A new personal access token, and a client that sends it."""
    answer = client.post("/auth/tokens", {"name": "script", **body})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return made, client.bearing(made["token"])


def test_a_personal_token_is_shown_once_and_kept_as_a_hash(op: Client, store: Store) -> None:
    made, script = personal(op)
    token = str(made["token"])
    assert script.get("/variables").status_code == 200
    listed = op.get("/auth/tokens").json()
    assert listed["tokens"][0]["name"] == "script"
    assert token not in op.get("/auth/tokens").text
    assert token not in op.get("/eventLogs").text
    assert all(token not in str(one) for one in store.list_access_tokens("op"))


def test_a_scope_narrows_what_a_token_is_good_for(op: Client) -> None:
    _, script = personal(op, scope=["read:variable", "read:user"])
    assert script.get("/variables").status_code == 200
    assert script.post("/variables", {"key": "a", "value": "1"}).status_code == 403
    assert script.get("/pools").status_code == 403
    assert script.get("/auth/fab/v1/users").status_code == 403  # An operator may not, either.
    answer = op.post("/auth/tokens", {"name": "x", "scope": ["read:everything"]})
    assert answer.status_code == 400
    assert "variable" in answer.json()["detail"]


def test_a_token_expires_and_can_be_deleted(op: Client, clock: Clock) -> None:
    made, script = personal(op, expires_in_days=1)
    _, other = personal(op, expires_in_days=None)
    assert op.delete(f"/auth/tokens/{made['id']}").status_code == 204
    assert script.get("/pools").status_code == 401
    _, third = personal(op, expires_in_days=2)
    clock.advance(2 * 86_400)
    answer = third.get("/pools")
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]
    assert other.get("/pools").status_code == 200


def test_a_token_makes_no_tokens_and_changes_no_password(op: Client) -> None:
    _, script = personal(op)
    assert script.post("/auth/tokens", {"name": "more"}).status_code == 403
    assert script.post("/auth/mfa").status_code == 403
    assert script.post("/auth/token/refresh").status_code == 403
    change = {"old_password": PASSWORD, "new_password": "x"}
    assert script.post("/auth/password", change).status_code == 403


def test_tokens_of_others_are_for_who_looks_after_users(locked: Client, op: Client) -> None:
    made, script = personal(op)
    user = locked.bearing(token_of(locked, "user"))
    assert user.get("/auth/tokens", params={"username": "op"}).status_code == 403
    assert user.delete(f"/auth/tokens/{made['id']}").status_code == 403
    admin = locked.bearing(token_of(locked, "admin"))
    found = admin.get("/auth/tokens", params={"username": "~"}).json()
    assert [one["username"] for one in found["tokens"]] == ["op"]
    assert admin.delete("/auth/fab/v1/users/op/tokens").status_code == 204
    assert script.get("/pools").status_code == 401
    assert op.get("/pools").status_code == 401


def test_a_token_that_was_signed_out_of_counts_no_more(locked: Client, op: Client) -> None:
    other = locked.bearing(token_of(locked, "op"))
    assert op.post("/auth/logout").status_code == 204
    answer = op.get("/pools")
    assert answer.status_code == 401
    assert "revoked" in answer.json()["detail"]
    assert other.get("/pools").status_code == 200


def test_signing_out_everywhere_ends_what_was_issued_before(
    locked: Client, op: Client, clock: Clock
) -> None:
    other = locked.bearing(token_of(locked, "op"))
    assert op.post("/auth/logout/everywhere").status_code == 204
    assert op.get("/pools").status_code == 401
    assert other.get("/pools").status_code == 401
    clock.advance(0.001)
    assert locked.bearing(token_of(locked, "op")).get("/pools").status_code == 200


def test_a_token_is_renewed_before_it_expires(op: Client) -> None:
    answer = op.post("/auth/token/refresh")
    assert answer.status_code == 201
    assert op.bearing(answer.json()["access_token"]).get("/pools").status_code == 200


def test_a_new_password_ends_sessions(locked: Client, op: Client, clock: Clock) -> None:
    wrong = {"old_password": "guess", "new_password": "x"}
    assert op.post("/auth/password", wrong).status_code == 403
    right = {"old_password": PASSWORD, "new_password": "battery staple"}
    assert op.post("/auth/password", right).status_code == 204
    assert op.get("/pools").status_code == 401
    clock.advance(1)
    body = {"username": "op", "password": "battery staple"}
    assert locked.post("/auth/token", body).status_code == 201


def test_with_a_second_factor_a_code_is_asked_for(locked: Client, op: Client, clock: Clock) -> None:
    begun = op.post("/auth/mfa").json()
    assert begun["url"].startswith("otpauth://totp/Slipstream:op?secret=")
    app = pyotp.TOTP(begun["secret"])
    token_of(locked, "op")  # Nothing is asked for before the first code was right.
    assert op.post("/auth/mfa/confirm", {"code": "000000"}).status_code == 400
    assert op.post("/auth/mfa/confirm", {"code": app.at(clock.now)}).status_code == 204
    password = {"username": "op", "password": PASSWORD}
    for path in ("/auth/token", "/ui/session"):
        answer = locked.post(path, password)
        assert answer.status_code == 401
        assert answer.json()["needs"] == "totp"
    used = locked.post("/auth/token", {**password, "totp": app.at(clock.now)})
    assert used.status_code == 401  # A code counts once (RFC 6238, section 5.2).
    clock.advance(30)
    wrong = locked.post("/auth/token", {**password, "totp": "000000"})
    assert wrong.status_code == 401
    right = locked.post("/auth/token", {**password, "totp": app.at(clock.now)})
    assert right.status_code == 201
    clock.advance(30)
    assert op.post("/auth/mfa/remove", {"code": app.at(clock.now)}).status_code == 204
    assert locked.post("/auth/token", password).status_code == 201


def test_an_administrator_helps_who_lost_the_phone(
    locked: Client, op: Client, clock: Clock
) -> None:
    secret = op.post("/auth/mfa").json()["secret"]
    op.post("/auth/mfa/confirm", {"code": pyotp.TOTP(secret).at(clock.now)})
    admin = locked.bearing(token_of(locked, "admin"))
    assert admin.get("/auth/fab/v1/users/op").json()["has_second_factor"]
    assert secret not in admin.get("/eventLogs").text
    assert admin.delete("/auth/fab/v1/users/op/mfa").status_code == 204
    token_of(locked, "op")


def test_a_new_key_lets_the_one_before_count_until_its_tokens_expire(
    locked: Client, op: Client, store: Store, locked_settings: ApiSettings, clock: Clock
) -> None:
    tokens = Tokens(store, locked_settings, clock)
    tokens.rotate()
    assert op.get("/pools").status_code == 200
    newer = locked.bearing(token_of(locked, "op"))
    assert newer.get("/pools").status_code == 200
    tokens.rotate()
    assert op.get("/pools").status_code == 401
    assert newer.get("/pools").status_code == 200
    tokens.rotate(at_once=True)
    assert newer.get("/pools").status_code == 401


def test_a_key_of_the_settings_has_one_before_it(
    portal: BlockingPortal, store: Store, locked: Client, locked_settings: ApiSettings, clock: Clock
) -> None:
    from dataclasses import replace

    first, second = ("a" * 40, "b" * 40)
    older = replace(locked_settings, jwt_secret=first)
    newer = replace(locked_settings, jwt_secret=second, previous_jwt_secret=first)
    token = Tokens(store, older, clock).issue("op", 60)
    client = Client(portal, create_app(store, settings=newer, clock=clock), token)
    assert client.get("/pools").status_code == 200
    alone = replace(newer, previous_jwt_secret=None)
    client = Client(portal, create_app(store, settings=alone, clock=clock), token)
    assert client.get("/pools").status_code == 401
