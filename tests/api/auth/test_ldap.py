"""Signing in by a directory: a real LDAP server runs on loopback."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import PASSWORD, Client

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings, LdapSettings
from slipstream.store.interface import Store

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def uri() -> Iterator[str]:
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("ldap_server.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stderr is not None
    try:
        port = server.stdout.readline().strip()
        assert port, server.stderr.read()
        yield f"ldap://127.0.0.1:{port}"
    finally:
        server.stdin.close()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(10)
        server.stdout.close()
        server.stderr.close()


@pytest.fixture
def ldap(uri: str) -> LdapSettings:
    return LdapSettings(
        uri=uri,
        base_dn="ou=people,dc=org",
        bind_dn="uid=reader,dc=org",
        bind_password="service",
        group_roles={"cn=ops,dc=org": "op"},
        default_role="Viewer",
    )


@pytest.fixture
def client(
    portal: BlockingPortal,
    locked: Client,
    store: Store,
    locked_settings: ApiSettings,
    ldap: LdapSettings,
) -> Client:
    settings = replace(locked_settings, ldap=ldap)
    return Client(portal, create_app(store, settings=settings))


def sign_in(client: Client, name: str, password: str) -> int:
    return client.post("/auth/token", {"username": name, "password": password}).status_code


def test_who_is_in_the_directory_signs_in_with_its_password(client: Client, store: Store) -> None:
    assert sign_in(client, "ada", "wrong") == 401
    assert store.get_account("ada") is None
    assert sign_in(client, "ada", "engine") == 201
    ada = store.get_account("ada")
    assert ada is not None
    assert (ada.roles, ada.source, ada.email) == (("Op",), "ldap", "ada@example.org")
    assert ada.password_hash is None
    assert sign_in(client, "ada", "wrong") == 401
    assert sign_in(client, "bob", "hunter2") == 201
    bob = store.get_account("bob")
    assert bob is not None
    assert bob.roles == ("Viewer",)


def test_names_are_no_filters(client: Client, store: Store) -> None:
    for name in ("*", "ad*", "ada)(uid=*", "nobody"):
        assert sign_in(client, name, "engine") == 401
        assert store.get_account(name) is None


def test_a_user_of_the_database_keeps_their_own_password(client: Client) -> None:
    assert sign_in(client, "op", PASSWORD) == 201
    assert sign_in(client, "op", "engine") == 401


def test_a_directory_that_does_not_answer_lets_nobody_in(
    portal: BlockingPortal,
    locked: Client,
    store: Store,
    locked_settings: ApiSettings,
    ldap: LdapSettings,
) -> None:
    for broken in (replace(ldap, uri="ldap://127.0.0.1:9"), replace(ldap, bind_password="x")):
        settings = replace(locked_settings, ldap=broken)
        client = Client(portal, create_app(store, settings=settings))
        answer = client.post("/auth/token", {"username": "ada", "password": "engine"})
        assert answer.status_code == 401
        assert "directory" in answer.json()["detail"]
        assert "engine" not in answer.text
        assert sign_in(client, "op", PASSWORD) == 201
