"""Every route against every kind of token that is none, and against roles at the edges."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import replace

import jwt
import pytest
from tests.api.conftest import NOON, Client, Clock, token_of
from tests.api.test_access import GUARDED, STREAMS, filled

from slipstream.api.auth.access import Permission
from slipstream.api.auth.grants import grant_from_text
from slipstream.api.auth.personal import hash_of, new_token
from slipstream.api.operation import SIGNED_IN
from slipstream.store.access_records import RoleRecord
from slipstream.store.interface import Store

Spoil = Callable[[str, Store, Clock], str]


def _parts(token: str) -> tuple[dict[str, object], dict[str, object], str]:
    head, claims, signature = token.split(".")
    return _read(head), _read(claims), signature


def _read(part: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def _written(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _of_another_key(token: str, *_: object) -> str:
    head, claims, _signature = _parts(token)
    return jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": head["kid"]})


def _of_no_known_key(token: str, *_: object) -> str:
    _head, claims, _signature = _parts(token)
    return jwt.encode(claims, "x" * 64, algorithm="HS256", headers={"kid": "0" * 16})


def _of_no_algorithm(token: str, *_: object) -> str:
    head, claims, _signature = _parts(token)
    return f"{_written({**head, 'alg': 'none'})}.{_written(claims)}."


def _of_another_algorithm(token: str, *_: object) -> str:
    head, claims, signature = _parts(token)
    return f"{_written({**head, 'alg': 'HS512'})}.{_written(claims)}.{signature}"


def _of_another_user(token: str, *_: object) -> str:
    head, claims, signature = _parts(token)
    return f"{_written(head)}.{_written({**claims, 'sub': 'op'})}.{signature}"


def _of_a_later_end(token: str, *_: object) -> str:
    head, claims, signature = _parts(token)
    return f"{_written(head)}.{_written({**claims, 'exp': 1 << 40})}.{signature}"


def _without_its_signature(token: str, *_: object) -> str:
    return token.rpartition(".")[0] + "."


def _expired(token: str, _store: Store, clock: Clock) -> str:
    clock.advance(86_400 + 11)
    return token


def _revoked(token: str, store: Store, clock: Clock) -> str:
    store.revoke_token(str(_parts(token)[1]["jti"]), clock.now.replace(year=2030))
    return token


def _of_somebody_who_is_out(token: str, store: Store, _clock: Clock) -> str:
    account = store.get_account("admin")
    assert account is not None
    store.update_account(replace(account, is_active=False))
    return token


def _of_somebody_who_is_gone(token: str, store: Store, _clock: Clock) -> str:
    store.delete_account("admin")
    return token


def _personal_and_expired(_token: str, store: Store, clock: Clock) -> str:
    made = new_token()
    store.add_access_token("admin", "old", hash_of(made), None, NOON)
    clock.advance(1)
    return made


def _personal_and_unknown(*_: object) -> str:
    return new_token()


def _no_token(*_: object) -> str:
    return "nonsense"


@pytest.mark.parametrize(
    "spoil",
    [
        _of_another_key,
        _of_no_known_key,
        _of_no_algorithm,
        _of_another_algorithm,
        _of_another_user,
        _of_a_later_end,
        _without_its_signature,
        _expired,
        _revoked,
        _of_somebody_who_is_out,
        _of_somebody_who_is_gone,
        _personal_and_expired,
        _personal_and_unknown,
        _no_token,
    ],
)
def test_no_route_takes_a_token_that_is_none(
    locked: Client, store: Store, clock: Clock, spoil: Spoil
) -> None:
    bad = locked.bearing(spoil(token_of(locked, "admin"), store, clock))
    let_in = {
        operation.operation_id
        for operation in GUARDED
        if bad.send(operation.method, filled(operation)).status_code != 401
    }
    assert not let_in


def test_no_other_method_of_a_path_is_let_in(locked: Client) -> None:
    methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"}
    served: dict[str, set[str]] = {}
    for operation in GUARDED:
        served.setdefault(filled(operation), set()).add(operation.method)
    let_in = {}
    for path, own in served.items():
        for method in sorted(methods - own):
            answer = locked.send(method, path)
            if answer.status_code not in {401, 404, 405} or len(answer.text) > 200:
                let_in[method, path] = answer
    assert not let_in


def test_the_same_tokens_open_the_door_before_they_are_spoilt(locked: Client) -> None:
    good = locked.bearing(token_of(locked, "admin"))
    assert good.get("/dags").status_code == 200
    assert good.get("/auth/me").json()["name"] == "admin"


@pytest.mark.parametrize(
    ("role", "grants"),
    [
        ("Public", ["read:dag", "read:pool"]),
        ("Nothing", []),
        ("Starter", ["read:dag", "edit:dag", "create:dag_run"]),
        ("Keeper", ["read:*", "edit:connection", "delete:pool"]),
    ],
)
def test_a_role_of_ones_own_gives_exactly_what_it_says(
    locked: Client, store: Store, role: str, grants: list[str]
) -> None:
    given = frozenset(one for text in grants for one in grant_from_text(text))
    store.put_role(RoleRecord(name=role, grants=given))
    client = locked
    if role != "Public":
        account = store.get_account("viewer")
        assert account is not None
        store.update_account(replace(account, roles=(role,)))
        client = locked.bearing(token_of(locked, "viewer"))
    allowed = {(grant.action, grant.resource) for grant in given}
    for operation in GUARDED:
        permission = operation.permission
        if permission is SIGNED_IN:
            continue
        assert isinstance(permission, Permission)
        may = (permission.action, permission.resource) in allowed
        if may and operation.operation_id in STREAMS:
            continue
        answer = client.send(operation.method, filled(operation))
        status = answer.status_code
        assert (status in {401, 403}) is not may, (operation.operation_id, answer.text)
        assert status < 500, operation.operation_id


def test_who_may_not_edit_a_dag_starts_no_run_of_it(locked: Client, store: Store) -> None:
    given = frozenset(
        one for text in ("read:dag", "create:dag_run") for one in grant_from_text(text)
    )
    store.put_role(RoleRecord(name="Public", grants=given))
    assert locked.post("/dags/1/dagRuns", {"logical_date": None}).status_code == 403


@pytest.mark.parametrize("place", ["header", "cookie", "both"])
def test_the_logout_ends_the_token_itself(locked: Client, place: str) -> None:
    token = token_of(locked, "op")
    headers = {}
    if place != "cookie":
        headers["authorization"] = f"Bearer {token}"
    if place != "header":
        headers["cookie"] = f"slipstream_session={token}"
    answer = locked.get("/api/v2/auth/logout", headers=headers)
    assert answer.status_code == 307
    assert locked.bearing(token).get("/dags").status_code == 401
    again = {"cookie": f"slipstream_session={token}"}
    assert locked.get("/dags", headers=again).status_code == 401
    assert locked.get("/api/v2/auth/logout", headers=again).status_code == 307


def test_tables_of_routes_are_whole() -> None:
    assert len(GUARDED) > 150
    assert all(re.fullmatch(r"(/[^{}]*)+", filled(operation)) for operation in GUARDED)
