"""Signing in by an OpenID Connect provider: a small one that really signs runs on loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from anyio.from_thread import BlockingPortal
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.api.conftest import Client, token_of

from slipstream.api.app import create_app
from slipstream.api.auth.cookie import SESSION_COOKIE
from slipstream.api.settings import ApiSettings, OidcSettings
from slipstream.store.interface import Store

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SECRET = "client secret"


class Provider:
    """Signs in whoever asks as the person in `claims`."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "1", "preferred_username": "ada", "roles": ["op"]}
        self.signs_with = KEY
        self.codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.endswith("openid-configuration"):
                    self.answer(provider.document())
                else:
                    key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
                    self.answer({"keys": [key | {"kid": "k", "use": "sig", "alg": "RS256"}]})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                self.answer(provider.token({k: v[0] for k, v in parse_qs(body).items()}))

            def answer(self, content: dict[str, Any]) -> None:
                data = json.dumps(content).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_address[1]}"

    def document(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": self.issuer + "/authorize",
            "token_endpoint": self.issuer + "/token",
            "jwks_uri": self.issuer + "/keys",
        }

    def authorize(self, location: str) -> dict[str, str]:
        """What the person's browser brings back."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert query["code_challenge_method"] == "S256"
        code = f"code{len(self.codes)}"
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        asked = self.codes.pop(form["code"])
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if challenge != asked["code_challenge"] or form["client_secret"] != SECRET:
            return {"error": "invalid_grant"}
        if form["redirect_uri"] != asked["redirect_uri"]:
            return {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": asked["client_id"],
            "iat": now,
            "exp": now + 60,
            "nonce": asked["nonce"],
            **self.claims,
        }
        signed = jwt.encode(claims, self.signs_with, algorithm="RS256", headers={"kid": "k"})
        return {"id_token": signed}


@pytest.fixture
def provider() -> Iterator[Provider]:
    started = Provider()
    thread = Thread(target=started.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield started
    started.server.shutdown()
    thread.join(10)
    started.server.server_close()


@pytest.fixture
def client(
    portal: BlockingPortal,
    locked: Client,
    store: Store,
    locked_settings: ApiSettings,
    provider: Provider,
) -> Client:
    oidc = OidcSettings(issuer=provider.issuer, client_id="flow", client_secret=SECRET)
    settings = replace(locked_settings, oidc=oidc)
    return Client(portal, create_app(store, settings=settings))


def begin(client: Client) -> tuple[str, dict[str, str]]:
    """Where the browser is sent, and the cookie that it keeps."""
    answer = client.get("/auth/oidc/login", params={"next": "/dags"})
    assert answer.status_code == 302, answer.text
    cookie = SimpleCookie(answer.headers["set-cookie"])["slipstream_oidc"]
    assert cookie["httponly"]
    return answer.headers["location"], {"cookie": f"slipstream_oidc={cookie.value}"}


def sign_in(client: Client, provider: Provider) -> httpx.Response:
    location, cookie = begin(client)
    return client.get("/auth/oidc/callback", params=provider.authorize(location), headers=cookie)


def session_in(answer: httpx.Response) -> dict[str, str]:
    for header in answer.headers.get_list("set-cookie"):
        if header.startswith(SESSION_COOKIE):
            return {"cookie": header.partition(";")[0]}
    raise AssertionError("there is no session")


def test_who_the_provider_vouches_for_has_a_session(client: Client, provider: Provider) -> None:
    provider.claims |= {"email": "a@x", "roles": ["op", "no such role"]}
    answer = sign_in(client, provider)
    assert (answer.status_code, answer.headers["location"]) == (302, "/dags")
    session = session_in(answer)
    me = client.get("/auth/me", headers=session).json()
    assert (me["name"], me["roles"], me["source"]) == ("ada", ["Op"], "oidc")
    assert not me["has_password"]
    provider.claims |= {"roles": []}
    session = session_in(sign_in(client, provider))
    assert client.get("/auth/me", headers=session).json()["roles"] == ["Viewer"]
    password = client.post("/auth/token", {"username": "ada", "password": "x"})
    assert password.status_code == 401


def test_an_answer_is_for_the_browser_that_asked(client: Client, provider: Provider) -> None:
    location, _ = begin(client)
    brought = provider.authorize(location)
    assert client.get("/auth/oidc/callback", params=brought).status_code == 401
    _, other = begin(client)
    answer = client.get("/auth/oidc/callback", params=brought, headers=other)
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"aud": "somebody else"},
        {"iss": "http://elsewhere"},
        {"exp": 1},
    ],
)
def test_a_token_that_says_something_else_is_refused(
    client: Client, provider: Provider, wrong: dict[str, object]
) -> None:
    provider.claims |= wrong
    answer = sign_in(client, provider)
    assert answer.status_code == 401
    assert SESSION_COOKIE not in str(answer.headers)


def test_a_token_of_another_key_is_refused(client: Client, provider: Provider) -> None:
    provider.signs_with = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert sign_in(client, provider).status_code == 401


def test_a_user_with_a_password_is_not_taken_over(
    client: Client, provider: Provider, locked: Client
) -> None:
    provider.claims |= {"preferred_username": "admin"}
    assert sign_in(client, provider).status_code == 401
    provider.claims |= {"preferred_username": "bob"}
    sign_in(client, provider)
    admin = locked.bearing(token_of(locked, "admin"))
    kept = admin.get("/eventLogs", params={"event_pattern": "login"}).json()["event_logs"]
    told = [(one["event"], one["owner"]) for one in kept if "oidc" in one["extra"]]
    assert told == [("login_failed", None), ("login", "bob")]
    assert SECRET not in str(kept)


def test_the_way_back_leads_nowhere_else(client: Client) -> None:
    for elsewhere in ("https://evil", "//evil", "/\\evil", "/\t/evil", "/\n/evil", "dags"):
        answer = client.get("/auth/oidc/login", params={"next": elsewhere})
        assert answer.status_code == 400


def test_the_provider_sends_people_to_where_the_settings_say(
    portal: BlockingPortal, store: Store, locked_settings: ApiSettings, provider: Provider
) -> None:
    oidc = OidcSettings(issuer=provider.issuer, client_id="flow", client_secret=SECRET)
    settings = replace(locked_settings, oidc=oidc, origin="https://flow.example.org")
    client = Client(portal, create_app(store, settings=settings))
    answer = client.get("/auth/oidc/login", headers={"host": "evil.example"})
    back = parse_qs(urlsplit(answer.headers["location"]).query)["redirect_uri"]
    assert back == ["https://flow.example.org/auth/oidc/callback"]


def test_without_a_provider_it_says_what_to_set(locked: Client) -> None:
    answer = locked.get("/auth/oidc/login")
    assert answer.status_code == 404
    assert "oidc_issuer" in answer.json()["detail"]


def test_a_refusal_is_a_page_for_a_browser(client: Client) -> None:
    asked = {"state": "x", "error": "<b>no</b>"}
    program = client.get("/auth/oidc/callback", params=asked)
    assert (program.status_code, program.headers["content-type"]) == (401, "application/json")
    browser = client.get(
        "/auth/oidc/callback", params=asked, headers={"accept": "text/html,application/xhtml+xml"}
    )
    assert browser.status_code == 401
    assert browser.headers["content-type"].startswith("text/html")
    assert "You are not signed in" in browser.text
    assert "<b>" not in browser.text
    assert 'href="/"' in browser.text
