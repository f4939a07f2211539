"""Who may do what: every route, as nobody, as each role, with tokens that are none."""

from __future__ import annotations

import re
from datetime import timedelta

import jwt
import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import NOON, PASSWORD, Client, Clock, routes_of, token_of

from slipstream.api.app import (
    access_operations,
    create_app,
    public_operations,
    ui_operations,
)
from slipstream.api.auth.access import BUILT_IN, Action, BuiltIn, Permission, Resource
from slipstream.api.operation import PUBLIC, SIGNED_IN, Operation
from slipstream.api.routing import OperationRoute
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store

DOCUMENTS = {"/openapi.json", "/docs", "/docs/{name}", "/redoc"}
PAGES = {"/static/{name:path}", "/{path:path}"}
STREAMS = {"follow_changes"}
"""Operations that go on for as long as somebody listens."""
GUARDED = [
    entry
    for entry in (*public_operations(), *access_operations(), *ui_operations())
    if entry.permission is not PUBLIC
]


def filled(operation: Operation) -> str:
    """The operation's path with something in every place."""
    return re.sub(r"\{[^}]+\}", "1", operation.path)


def by_id(operation: Operation) -> str:
    return operation.operation_id


def test_every_route_has_a_permission_or_is_open_on_purpose(
    store: Store, settings: ApiSettings
) -> None:
    app = create_app(store, settings=settings)
    open_to_all, for_the_signed_in = set(), set()
    for route in routes_of(app):
        if isinstance(route, OperationRoute):
            if route.operation.permission is PUBLIC:
                open_to_all.add(route.path)
            elif route.operation.permission is SIGNED_IN:
                for_the_signed_in.add(route.path)
            else:
                assert isinstance(route.operation.permission, Permission), route.path
        else:
            open_to_all.add(route.path)
    assert open_to_all == DOCUMENTS | PAGES | {
        "/ui/session",
        "/api/v2/monitor/health",
        "/api/v2/version",
        "/api/v2/auth/login",
        "/api/v2/auth/logout",
        "/auth/token",
        "/auth/token/cli",
        "/auth/logout",
        "/auth/oidc/login",
        "/auth/oidc/callback",
    }
    assert for_the_signed_in == {
        "/auth/token/refresh",
        "/auth/me",
        "/auth/tokens",
        "/auth/tokens/{token_id}",
        "/auth/logout/everywhere",
        "/auth/password",
        "/auth/mfa",
        "/auth/mfa/confirm",
        "/auth/mfa/remove",
    }


@pytest.mark.parametrize("operation", GUARDED, ids=by_id)
def test_nobody_gets_in_without_a_token(locked: Client, operation: Operation) -> None:
    answer = locked.send(operation.method, filled(operation))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json() == {"detail": "Not authenticated"}


@pytest.mark.parametrize("name", ["viewer", "user", "op", "admin"])
def test_a_role_may_do_exactly_what_the_table_says(locked: Client, name: str) -> None:
    allowed = BUILT_IN[BuiltIn[name.upper()]]
    client = locked.bearing(token_of(locked, name))
    for operation in GUARDED:
        if operation.permission is SIGNED_IN:
            continue
        assert isinstance(operation.permission, Permission)
        if operation.operation_id in STREAMS and operation.permission in allowed:
            continue
        status = client.send(operation.method, filled(operation)).status_code
        refused = status == 403
        assert refused is (operation.permission not in allowed), operation.operation_id
        assert status < 500, operation.operation_id


def test_roles_include_one_another() -> None:
    for action in Action:
        for resource in Resource:
            allowed = [Permission(action, resource) in BUILT_IN[role] for role in BuiltIn]
            assert allowed == sorted(allowed)
            assert allowed[-1]


def test_a_viewer_reads_runs_and_starts_none(locked: Client) -> None:
    client = locked.bearing(token_of(locked, "viewer"))
    assert client.get("/dags").status_code == 200
    answer = client.post("/dags/x/dagRuns", {"logical_date": None})
    assert answer.status_code == 403
    assert "viewer" in answer.json()["detail"]


def test_an_expired_token_is_refused(locked: Client, clock: Clock) -> None:
    client = locked.bearing(token_of(locked, "admin"))
    clock.advance(timedelta(days=1).total_seconds() + 9)
    assert client.get("/dags").status_code == 200
    clock.advance(1)
    answer = client.get("/dags")
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "admin", "exp": NOON + timedelta(hours=1)},
        {"sub": "admin"},
        {"exp": NOON + timedelta(hours=1)},
    ],
)
def test_a_forged_token_is_refused(locked: Client, claims: dict[str, object]) -> None:
    forged = jwt.encode(claims, "another key that is long enough to sign", algorithm="HS256")
    assert locked.bearing(forged).get("/dags").status_code == 401


def test_an_unsigned_token_is_refused(locked: Client) -> None:
    unsigned = jwt.encode(
        {"sub": "admin", "exp": NOON + timedelta(hours=1)}, key=None, algorithm="none"
    )
    assert locked.bearing(unsigned).get("/dags").status_code == 401


@pytest.mark.parametrize("header", ["Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer x", "nonsense"])
def test_other_authorization_headers_are_refused(locked: Client, header: str) -> None:
    answer = locked.get("/dags", headers={"authorization": header})
    assert answer.status_code == 401


def test_a_role_that_changes_counts_at_once(
    locked: Client, store: Store, password_hash: str
) -> None:
    client = locked.bearing(token_of(locked, "admin"))
    assert client.get("/variables").status_code == 200
    store.set_user("admin", password_hash, "viewer")
    assert client.get("/variables").status_code == 403


def test_the_body_is_not_looked_at_before_the_token(locked: Client) -> None:
    answer = locked.post("/variables", {"nonsense": 1})
    assert answer.status_code == 401


def test_everybody_is_an_administrator_where_the_settings_say_so(api: Client) -> None:
    assert api.get("/variables").status_code == 200
    answer = api.get("/auth/token")
    assert answer.status_code == 201
    assert api.bearing(answer.json()["access_token"]).get("/variables").status_code == 200


def test_even_there_a_wrong_token_is_refused(api: Client) -> None:
    assert api.bearing("x").get("/variables").status_code == 401


def test_a_token_is_not_given_away_where_people_must_log_in(locked: Client) -> None:
    answer = locked.get("/auth/token")
    assert answer.status_code == 403
    assert "simple_auth_manager_all_admins" in answer.json()["detail"]


def test_tokens_survive_a_restart_of_the_server(
    portal: BlockingPortal,
    store: Store,
    locked: Client,
    locked_settings: ApiSettings,
    clock: Clock,
) -> None:
    token = token_of(locked, "viewer")
    restarted = Client(portal, create_app(store, settings=locked_settings, clock=clock), token)
    assert restarted.get("/dags").status_code == 200


def test_logging_in_needs_the_right_password(locked: Client) -> None:
    for name, password in [("admin", "wrong"), ("nobody", PASSWORD)]:
        answer = locked.post("/auth/token", {"username": name, "password": password})
        assert answer.status_code == 401
        assert answer.json() == {"detail": "Invalid credentials"}


def test_logging_in_needs_both_fields(locked: Client) -> None:
    answer = locked.post("/auth/token", {"username": "admin", "password": ""})
    assert answer.status_code == 400
    assert locked.post("/auth/token", {"username": "admin"}).status_code == 422


def test_a_rejected_password_is_not_sent_back(locked: Client) -> None:
    answer = locked.post("/auth/token", {"username": 1, "password": "hunter2", "x": "hunter2"})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


def test_the_command_lines_token_has_a_shorter_life(locked: Client, clock: Clock) -> None:
    answer = locked.post("/auth/token/cli", {"username": "viewer", "password": PASSWORD})
    assert answer.status_code == 201
    client = locked.bearing(answer.json()["access_token"])
    assert client.get("/dags").status_code == 200
    clock.advance(3600 + 10)
    assert client.get("/dags").status_code == 401


def test_guessing_passwords_is_slowed_down(locked: Client) -> None:
    wrong = {"username": "admin", "password": "wrong"}
    statuses = [locked.post("/auth/token", wrong).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    answer = locked.post("/auth/token", {"username": "admin", "password": PASSWORD})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 6
    assert locked.post("/auth/token", {"username": "op", "password": PASSWORD}).is_success
