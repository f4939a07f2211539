"""Sessions of browsers, against other sites, stolen cookies and people who are gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.api.conftest import PASSWORD, Client, Clock, token_of
from tests.api.test_access import GUARDED, filled
from tests.api.ui.test_session import cookie_of, log_in

from slipstream.api.auth.passwords import hash_password
from slipstream.api.auth.personal import hash_of, new_token
from slipstream.store.access_records import AccountRecord
from slipstream.store.interface import Store

WRITING = [one for one in GUARDED if one.method not in {"GET", "HEAD"}]
LOGIN = {"username": "op", "password": PASSWORD}


@pytest.mark.parametrize("sent", ["nothing", "of another session", "empty"])
def test_no_writing_route_takes_the_cookie_alone(locked: Client, clock: Clock, sent: str) -> None:
    other = log_in(locked, "admin").json()["csrf_token"]
    clock.advance(1)
    headers = cookie_of(log_in(locked, "admin"))
    headers |= {"of another session": {"X-CSRF-Token": other}, "empty": {"X-CSRF-Token": ""}}.get(
        sent, {}
    )
    let_in = {}
    for operation in WRITING:
        answer = locked.send(operation.method, filled(operation), headers=headers)
        if answer.status_code != 403 or "X-CSRF-Token" not in answer.text:
            let_in[operation.operation_id] = answer.text
    assert len(WRITING) > 70
    assert not let_in


def test_no_route_takes_the_cookie_of_a_session_that_has_ended(locked: Client) -> None:
    begun = log_in(locked, "admin")
    headers = cookie_of(begun) | {"X-CSRF-Token": begun.json()["csrf_token"]}
    assert locked.delete("/ui/session", headers=headers).status_code == 204
    let_in = {
        operation.operation_id
        for operation in GUARDED
        if locked.send(operation.method, filled(operation), headers=headers).status_code != 401
    }
    assert not let_in


def test_a_page_of_another_site_signs_nobody_in(locked: Client) -> None:
    answer = locked.post("/ui/session", LOGIN, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    own = locked.post("/ui/session", LOGIN, headers={"sec-fetch-site": "same-origin"})
    assert own.status_code == 200


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
@pytest.mark.parametrize("path", ["/ui/session", "/auth/token"])
def test_what_a_form_can_send_is_no_login(locked: Client, kind: str, path: str) -> None:
    answer = locked.send(
        "POST",
        path,
        content=b'{"username": "op", "password": "correct horse"}',
        headers={"content-type": kind},
    )
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["detail"][0]["msg"]
    assert "set-cookie" not in answer.headers


def _password(client: Client, _: Store) -> None:
    changed = {"old_password": PASSWORD, "new_password": "battery staple"}
    again = client.bearing(token_of(client, "op"))
    assert again.post("/auth/password", changed).status_code == 204


def _password_by_an_administrator(client: Client, _: Store) -> None:
    admin = client.bearing(token_of(client, "admin"))
    answer = admin.patch("/auth/fab/v1/users/op", {"password": "battery staple"})
    assert answer.status_code == 200, answer.text


def _everywhere(client: Client, _: Store) -> None:
    again = client.bearing(token_of(client, "op"))
    assert again.post("/auth/logout/everywhere").status_code == 204


def _deactivated_for_a_while(client: Client, _: Store) -> None:
    admin = client.bearing(token_of(client, "admin"))
    for active in (False, True):
        answer = admin.patch("/auth/fab/v1/users/op", {"active": active})
        assert answer.status_code == 200, answer.text


def _removed_and_made_anew(client: Client, store: Store) -> None:
    admin = client.bearing(token_of(client, "admin"))
    assert admin.delete("/auth/fab/v1/users/op").status_code == 204
    store.create_account(
        AccountRecord(username="op", password_hash=hash_password("x"), roles=("Admin",))
    )


def _of_an_administrator(client: Client, _: Store) -> None:
    admin = client.bearing(token_of(client, "admin"))
    assert admin.delete("/auth/fab/v1/users/op/tokens").status_code == 204


@pytest.mark.parametrize(
    "what",
    [
        _password,
        _password_by_an_administrator,
        _everywhere,
        _deactivated_for_a_while,
        _removed_and_made_anew,
        _of_an_administrator,
    ],
)
def test_what_was_signed_in_before_counts_no_more(
    locked: Client, store: Store, clock: Clock, what: Callable[[Client, Store], None]
) -> None:
    cookie = cookie_of(log_in(locked, "op"))
    token = token_of(locked, "op")
    assert locked.get("/dags", headers=cookie).status_code == 200
    clock.advance(60)
    what(locked, store)
    assert locked.get("/dags", headers=cookie).status_code == 401
    assert locked.bearing(token).get("/dags").status_code == 401
    assert locked.bearing(token).post("/auth/token/refresh").status_code == 401


def test_a_personal_token_of_who_had_the_name_is_none_of_who_has_it(
    locked: Client, store: Store
) -> None:
    token = new_token()
    store.add_access_token("op", "old", hash_of(token), None, None)
    assert locked.bearing(token).get("/dags").status_code == 200
    _removed_and_made_anew(locked, store)
    assert locked.bearing(token).get("/dags").status_code == 401


def test_a_personal_token_ends_with_its_owners_rights(locked: Client, store: Store) -> None:
    token = new_token()
    store.add_access_token("op", "program", hash_of(token), None, None)
    program = locked.bearing(token)
    assert program.get("/variables").status_code == 200
    account = store.get_account("op")
    assert account is not None
    store.update_account(replace(account, roles=("Viewer",)))
    assert program.get("/variables").status_code == 403
    store.update_account(replace(account, is_active=False))
    assert program.get("/dags").status_code == 401


def test_who_has_a_session_does_not_guess_the_password(locked: Client) -> None:
    stolen = locked.bearing(token_of(locked, "op"))
    body = {"old_password": "guess", "new_password": "mine now"}
    statuses = [stolen.post("/auth/password", body).status_code for _ in range(12)]
    assert statuses == [403] * 10 + [429] * 2
    right = {"old_password": PASSWORD, "new_password": "mine now"}
    refused = stolen.post("/auth/password", right)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1


def test_who_has_a_session_does_not_guess_the_codes(locked: Client) -> None:
    from pyotp import TOTP
    from tests.api.conftest import NOON

    stolen = locked.bearing(token_of(locked, "op"))
    secret = stolen.post("/auth/mfa").json()["secret"]
    first = TOTP(secret).at(NOON)
    assert stolen.post("/auth/mfa/confirm", {"code": first}).status_code == 204
    statuses = {stolen.post("/auth/mfa/remove", {"code": "000000"}).status_code for _ in range(10)}
    assert statuses == {400}
    assert stolen.post("/auth/mfa/remove", {"code": first}).status_code == 429
    assert stolen.get("/auth/me").json()["has_second_factor"]


def test_a_token_of_narrow_scope_takes_no_other_token_away(locked: Client, store: Store) -> None:
    wide, narrow = new_token(), new_token()
    kept = store.add_access_token("op", "wide", hash_of(wide), None, None)
    store.add_access_token("op", "narrow", hash_of(narrow), ["read:dag"], None)
    assert locked.bearing(narrow).delete(f"/auth/tokens/{kept.pk}").status_code == 403
    assert locked.bearing(wide).get("/dags").status_code == 200
    person = locked.bearing(token_of(locked, "op"))
    assert person.delete(f"/auth/tokens/{kept.pk}").status_code == 204
    assert locked.bearing(wide).get("/dags").status_code == 401
