"""Tokens that are good for less than they claim, and requests that pretend to be others."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
from dataclasses import replace

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import NOON, PASSWORD, Client, Clock, token_of
from tests.api.test_access import GUARDED, STREAMS, filled

from slipstream.api.app import create_app
from slipstream.api.auth import passwords
from slipstream.api.auth.access import OF_DAGS, Permission
from slipstream.api.auth.personal import hash_of, new_token
from slipstream.api.auth.tokens import Tokens
from slipstream.api.operation import SIGNED_IN
from slipstream.api.settings import ApiSettings
from slipstream.store.access_records import AccountRecord
from slipstream.store.interface import Store

SCOPES = (
    "read:dag",
    "edit:dag",
    "create:dag_run",
    "edit:task_instance",
    "read:task_log",
    "read:xcom",
    "read:variable",
    "edit:connection",
    "delete:pool",
    "read:config",
    "create:asset",
    "read:event_log",
    "edit:user",
    "create:role",
)


def bearing(locked: Client, store: Store, scope: list[str], owner: str = "admin") -> Client:
    token = new_token()
    store.add_access_token(owner, "program", hash_of(token), scope, None)
    return locked.bearing(token)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_opens_the_routes_of_its_scope_and_no_other(
    locked: Client, store: Store, scope: str
) -> None:
    program = bearing(locked, store, [scope])
    action, _, resource = scope.partition(":")
    opened = set()
    for operation in GUARDED:
        permission = operation.permission
        if permission is SIGNED_IN or operation.operation_id in STREAMS:
            continue
        assert isinstance(permission, Permission)
        fits = (permission.action, permission.resource) == (action, resource)
        answer = program.send(operation.method, filled(operation))
        if answer.status_code not in {401, 403}:
            opened.add(operation.operation_id)
            assert fits, (operation.operation_id, answer.text)
        elif fits:
            # What belongs to a DAG takes leave to look at the DAG as well.
            assert permission.resource in OF_DAGS, operation.operation_id
    assert opened or resource in OF_DAGS


def test_a_token_gives_nothing_that_its_owner_may_not(locked: Client, store: Store) -> None:
    program = bearing(locked, store, ["read:*", "edit:*", "create:*", "delete:*"], "viewer")
    assert program.get("/dags").status_code == 200
    assert program.get("/variables").status_code == 403
    assert program.post("/pools", {"name": "x", "slots": 1}).status_code == 403
    assert program.get("/auth/fab/v1/users").status_code == 403


def test_a_token_of_any_scope_changes_nothing_of_how_its_owner_signs_in(
    locked: Client, store: Store
) -> None:
    program = bearing(locked, store, ["read:*", "edit:*", "create:*", "delete:*"])
    for path, body in (
        ("/auth/password", {"old_password": PASSWORD, "new_password": "mine now"}),
        ("/auth/tokens", {"name": "another"}),
        ("/auth/mfa", None),
        ("/auth/mfa/confirm", {"code": "000000"}),
        ("/auth/mfa/remove", {"code": "000000"}),
        ("/auth/logout/everywhere", None),
        ("/auth/token/refresh", None),
    ):
        assert program.post(path, body).status_code == 403, path


@pytest.mark.parametrize(
    "key_id", ["../../../../dev/null", "' OR 1=1 --", "", None, 7, ["x"], {"x": 1}, "x" * 10_000]
)
def test_no_name_of_a_key_leads_to_another_key(locked: Client, key_id: object) -> None:
    claims = {"sub": "admin", "jti": "x", "iat": NOON.timestamp(), "exp": 1 << 40}
    signed = f"{_encoded({'alg': 'HS256', 'kid': key_id})}.{_encoded(claims)}"
    for secret in (b"", b"\x00", b"None", b"x" * 64):
        signature = hmac.digest(secret, signed.encode(), "sha256")
        whole = f"{signed}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
        answer = locked.bearing(whole).get("/dags")
        assert answer.status_code == 401


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_what_was_sealed_for_a_sign_in_is_no_token(
    locked: Client, store: Store, locked_settings: ApiSettings, clock: Clock
) -> None:
    tokens = Tokens(store, locked_settings, clock)
    sealed = tokens.seal({"sub": "admin", "iat": NOON.timestamp(), "jti": "x"}, 600)
    assert locked.bearing(sealed).get("/dags").status_code == 401
    assert (
        locked.get("/dags", headers={"cookie": f"slipstream_session={sealed}"}).status_code == 401
    )


class Counting:
    """A hasher that counts how often it had work."""

    def __init__(self) -> None:
        self.verified = 0
        self._real = passwords._hasher()

    def verify(self, stored: str, given: str) -> bool:
        self.verified += 1
        return self._real.verify(stored, given)

    def hash(self, given: str) -> str:
        return self._real.hash(given)


@pytest.mark.parametrize("name", ["admin", "nobody", "guest", "gone"])
def test_who_there_is_shows_neither_in_the_words_nor_in_the_work(
    locked: Client, store: Store, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    store.create_account(AccountRecord(username="guest", source="oidc", roles=("Viewer",)))
    gone = store.get_account("viewer")
    assert gone is not None
    store.create_account(replace(gone, username="gone", is_active=False))
    counting = Counting()
    monkeypatch.setattr(passwords, "_hasher", lambda: counting)
    for path in ("/auth/token", "/auth/token/cli", "/ui/session"):
        counting.verified = 0
        answer = locked.post(path, {"username": name, "password": "guess"})
        assert answer.status_code == 401
        assert answer.json() == {"detail": "Invalid credentials"}
        assert counting.verified == 1


def test_a_code_counts_once_at_all_doors_together(
    locked: Client, store: Store, clock: Clock
) -> None:
    from pyotp import TOTP

    person = locked.bearing(token_of(locked, "op"))
    secret = person.post("/auth/mfa").json()["secret"]
    person.post("/auth/mfa/confirm", {"code": TOTP(secret).at(clock.now)})
    clock.advance(60)
    code = TOTP(secret).at(clock.now)
    login = {"username": "op", "password": PASSWORD, "totp": code}
    assert locked.post("/auth/token", login).status_code == 201
    for path in ("/auth/token", "/auth/token/cli", "/ui/session"):
        assert locked.post(path, login).status_code == 401
    assert person.post("/auth/mfa/remove", {"code": code}).status_code == 400


def test_a_request_is_of_the_method_that_it_is_sent_with(api: Client) -> None:
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        answer = api.get("/pools/default_pool", headers={header: "DELETE"})
        assert answer.status_code == 200
    assert api.get("/pools?_method=DELETE").status_code == 422
    for header in ("X-Original-URL", "X-Rewrite-URL"):
        answer = api.get("/version", headers={header: "/api/v2/variables"})
        assert "version" in answer.json()


def test_a_body_is_not_unpacked(api: Client) -> None:
    packed = gzip.compress(json.dumps({"name": "wide", "slots": 1}).encode())
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert api.send("POST", "/pools", content=packed, headers=headers).status_code == 400


@pytest.mark.parametrize("path", ["/ui/session", "/dags", "/ui/nothing", "/openapi.json", "/docs"])
def test_pages_of_other_origins_read_nothing_unless_the_settings_say_so(
    portal: BlockingPortal, store: Store, locked_settings: ApiSettings, path: str
) -> None:
    client = Client(portal, create_app(store, settings=locked_settings))
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://evil.example", "access-control-request-method": "POST"},
    ):
        for method in ("GET", "OPTIONS"):
            answer = client.send(method, path, headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control")]
