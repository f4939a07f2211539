"""Users and roles: made, changed and removed, and what a role of one's own lets people do."""

from __future__ import annotations

import pytest
from tests.api.conftest import PASSWORD, Client, token_of

from slipstream.store.interface import Store

USERS = "/auth/fab/v1/users"
ROLES = "/auth/fab/v1/roles"


def given(*pairs: tuple[str, str]) -> list[dict[str, object]]:
    """The actions of a role's body."""
    return [{"action": {"name": action}, "resource": {"name": what}} for action, what in pairs]


@pytest.fixture
def admin(locked: Client) -> Client:
    return locked.bearing(token_of(locked, "admin"))


def made(admin: Client, name: str, *roles: str) -> None:
    body = {"username": name, "password": PASSWORD, "roles": [{"name": role} for role in roles]}
    answer = admin.post(USERS, body)
    assert answer.status_code == 201, answer.text


def test_a_user_is_made_changed_and_removed(admin: Client) -> None:
    made(admin, "ada", "Viewer")
    assert admin.post(USERS, {"username": "ada", "password": "x"}).status_code == 409
    user = admin.get(f"{USERS}/ada").json()
    assert user["roles"] == [{"name": "Viewer"}]
    assert PASSWORD not in admin.get(USERS).text
    changed = admin.patch(f"{USERS}/ada", {"email": "a@x", "roles": [{"name": "op"}]}).json()
    assert (changed["email"], changed["roles"]) == ("a@x", [{"name": "Op"}])
    names = [user["username"] for user in admin.get(USERS).json()["users"]]
    assert names == ["ada", "admin", "op", "user", "viewer"]
    assert admin.delete(f"{USERS}/ada").status_code == 204
    assert admin.get(f"{USERS}/ada").status_code == 404


def test_a_role_that_there_is_not_is_refused(admin: Client) -> None:
    answer = admin.post(USERS, {"username": "b", "password": "x", "roles": [{"name": "King"}]})
    assert answer.status_code == 400
    assert "Viewer" in answer.json()["detail"]
    answer = admin.post(ROLES, {"name": "Odd", "actions": given(("can_fly", "DAGs"))})
    assert answer.status_code == 400
    assert "can_read" in answer.json()["detail"]


def test_a_deactivated_user_is_out_at_once(admin: Client, locked: Client) -> None:
    op = locked.bearing(token_of(locked, "op"))
    assert op.get("/variables").status_code == 200
    assert admin.patch(f"{USERS}/op", {"active": False}).status_code == 200
    answer = op.get("/variables")
    assert answer.status_code == 401
    assert "deactivated" in answer.json()["detail"]
    again = locked.post("/auth/token", {"username": "op", "password": PASSWORD})
    assert again.status_code == 401


def test_the_only_administrator_stays(admin: Client) -> None:
    assert admin.delete(f"{USERS}/admin").status_code == 409
    assert admin.patch(f"{USERS}/admin", {"roles": [{"name": "User"}]}).status_code == 409
    made(admin, "ada", "Admin")
    assert admin.delete(f"{USERS}/admin").status_code == 204


def test_a_role_of_ones_own_gives_what_it_says(admin: Client, locked: Client) -> None:
    body = {"name": "Keeper", "actions": given(("can_read", "Variables"), ("can_edit", "Pools"))}
    assert admin.post(ROLES, body).status_code == 201
    made(admin, "ada", "Keeper")
    ada = locked.bearing(token_of(locked, "ada"))
    assert ada.get("/variables").status_code == 200
    assert ada.get("/connections").status_code == 403
    assert ada.get("/dags").status_code == 403
    assert ada.patch("/pools/default_pool", {"slots": 3}).status_code == 200
    assert admin.patch(f"{ROLES}/Keeper", {"name": "Keeper", "actions": []}).status_code == 200
    assert ada.get("/variables").status_code == 403
    assert admin.delete(f"{ROLES}/Keeper").status_code == 204
    assert ada.get("/auth/me").json()["roles"] == []


def test_a_built_in_role_can_be_changed_and_begin_anew(admin: Client, locked: Client) -> None:
    viewer = locked.bearing(token_of(locked, "viewer"))
    made(admin, "ada", "Viewer")
    ada = locked.bearing(token_of(locked, "ada"))
    assert ada.get("/pools").status_code == 200
    body = {"name": "Viewer", "actions": given(("can_read", "DAGs"))}
    assert admin.patch(f"{ROLES}/Viewer", body).status_code == 200
    assert ada.get("/pools").status_code == 403
    assert admin.delete(f"{ROLES}/viewer").status_code == 204
    assert ada.get("/pools").status_code == 200
    assert admin.delete(f"{ROLES}/Viewer").status_code == 409
    assert admin.patch(f"{ROLES}/Admin", {"name": "Admin", "actions": []}).status_code == 409
    assert viewer.get(ROLES).status_code == 403


def test_public_is_what_nobody_in_particular_may_do(admin: Client, locked: Client) -> None:
    assert locked.get("/pools").status_code == 401
    body = {"name": "Public", "actions": given(("can_read", "Pools"))}
    assert admin.patch(f"{ROLES}/Public", body).status_code == 200
    assert locked.get("/pools").status_code == 200
    assert locked.get("/variables").status_code == 403
    assert locked.post("/pools", {"name": "x", "slots": 1}).status_code == 403
    assert locked.post("/auth/mfa").status_code == 403


def test_every_permission_is_listed(admin: Client) -> None:
    found = admin.get("/auth/fab/v1/permissions", params={"limit": 100}).json()
    assert found["total_entries"] == len(found["actions"])
    assert {"action": {"name": "can_read"}, "resource": {"name": "DAGs"}} in found["actions"]
    names = [role["name"] for role in admin.get(ROLES).json()["roles"]]
    assert names == ["Public", "Viewer", "User", "Op", "Admin"]


def test_who_changed_whom_is_in_the_audit_log_without_passwords(
    admin: Client, store: Store
) -> None:
    made(admin, "ada", "Viewer")
    admin.patch(f"{USERS}/ada", {"password": "another secret", "roles": [{"name": "Op"}]})
    text = admin.get("/eventLogs").text
    assert "another secret" not in text
    assert "argon2" not in text
    entry = admin.get("/eventLogs", params={"event": "patch_user"}).json()["event_logs"][0]
    assert entry["owner"] == "admin"
    assert '"roles": ["Viewer"]' in entry["extra"]
    assert '"password": "changed"' in entry["extra"]


def test_signing_in_and_failing_to_is_kept(locked: Client, admin: Client) -> None:
    locked.post("/auth/token", {"username": "op", "password": "guess"})
    locked.post("/ui/session", {"username": "nobody", "password": "guess"})
    locked.post("/ui/session", {"username": "op", "password": PASSWORD})
    kept = admin.get("/eventLogs", params={"event_pattern": "login"}).json()["event_logs"]
    told = [(one["event"], one["owner"], '"web_app"' in one["extra"]) for one in kept]
    assert told == [
        ("login", "admin", False),
        ("login_failed", "op", False),
        ("login_failed", "nobody", True),
        ("login", "op", True),
    ]
    assert "guess" not in str(kept)
    op = admin.get(f"{USERS}/op").json()
    assert (op["login_count"], op["failed_login_count"]) == (1, 0)
