"""The application as a whole: errors, documents, base path, cross-origin requests."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client, Clock
from tests.api.making import recorded

from slipstream.api.app import create_app
from slipstream.api.errors import TooManyAttemptsError, answer_to, status_of
from slipstream.api.negotiation import preferred
from slipstream.api.settings import ApiSettings
from slipstream.model.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    SlipstreamError,
)
from slipstream.store.interface import Store


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("x"), 404),
        (AlreadyExistsError("x"), 409),
        (ConflictError("x"), 409),
        (InvalidInputError("x"), 400),
        (TooManyAttemptsError("x", 3), 429),
        (SlipstreamError("x"), 500),
    ],
)
def test_an_error_has_its_status(error: SlipstreamError, status: int) -> None:
    assert status_of(error) == status
    assert answer_to(error).status_code == status


def test_an_error_of_a_kind_takes_that_kinds_status() -> None:
    class GoneError(NotFoundError):
        """Something particular is not there."""

    assert status_of(GoneError("x")) == 404


def test_an_unexpected_error_tells_nothing(
    api: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(dag_id: str) -> None:
        raise RuntimeError(f"the password of {dag_id} is hunter2")

    monkeypatch.setattr(store, "get_dag", broken)
    answer = api.get("/dags/etl")
    assert answer.status_code == 500
    assert answer.json() == {"detail": "Internal Server Error"}


def test_a_path_that_there_is_not_is_not_found(api: Client) -> None:
    answer = api.get("/nothing")
    assert answer.status_code == 404
    assert answer.json() == {"detail": "Not Found"}
    assert api.delete("/version").status_code == 405


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"{", "application/json"),
        (b'{"is_paused": true}', "text/plain"),
        (b"\xff", "application/json"),
    ],
)
def test_a_body_that_is_no_json_is_refused(
    api: Client, store: Store, content: bytes, kind: str
) -> None:
    recorded(store)
    answer = api.send("PATCH", "/dags/etl", content=content, headers={"content-type": kind})
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html", "application/json"),
        ("text/plain", "text/plain"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/json, text/plain", "application/json"),
        ("text/plain;q=0.9, application/json;q=0.1", "text/plain"),
        ("text/plain;q=x, application/json", "application/json"),
        ("text/html, application/xhtml+xml, */*;q=0.8", "application/json"),
    ],
)
def test_the_content_type_is_the_one_that_the_client_prefers(accept: str, expected: str) -> None:
    assert preferred(accept) == expected


def test_the_documents_pages_are_there_unless_the_settings_hide_them(
    portal: BlockingPortal, api: Client, store: Store, settings: ApiSettings
) -> None:
    for path in ("/docs", "/redoc"):
        assert "/openapi.json" in api.get(path).text
    hidden = replace(settings, show_api_docs=False)
    client = Client(portal, create_app(store, settings=hidden))
    for path in ("/docs", "/docs/swagger-ui.css"):
        assert client.get(path).status_code == 404
    assert client.get("/openapi.json").status_code == 200


def test_everything_lies_below_the_base_path_too(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    below = replace(settings, base_path="/api-of-ours")
    client = Client(portal, create_app(store, settings=below))
    assert client.get("/api-of-ours/api/v2/version").status_code == 200
    assert client.get("/api/v2/version").status_code == 200
    assert client.get("/api-of-ours/openapi.json").json()["servers"] == [{"url": "/api-of-ours"}]


def test_other_origins_are_refused_unless_the_settings_name_them(
    portal: BlockingPortal, api: Client, store: Store, settings: ApiSettings
) -> None:
    origin = {"origin": "https://ours.example"}
    assert "access-control-allow-origin" not in api.get("/version", headers=origin).headers
    named = replace(settings, cors_origins=("https://ours.example",), cors_methods=("GET",))
    client = Client(portal, create_app(store, settings=named))
    answer = client.get("/version", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://ours.example"
    other = client.get("/version", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_pages_of_named_origins_alone_ask_with_credentials(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    asked = {"access-control-request-method": "PATCH", "cookie": "slipstream_session=x"}
    for origins, credentials in ((("https://ours.example",), "true"), (("*",), None)):
        named = replace(settings, cors_origins=origins, cors_methods=("GET", "PATCH"))
        client = Client(portal, create_app(store, settings=named))
        ours = {"origin": "https://ours.example", **asked}
        for answer in (
            client.send("OPTIONS", "/version", headers=ours),
            client.get("/version", headers=ours),
        ):
            assert answer.status_code == 200
            assert answer.headers.get("access-control-allow-credentials") == credentials
        refused = {**ours, "access-control-request-method": "DELETE"}
        assert client.send("OPTIONS", "/version", headers=refused).status_code == 400
    for origin in ("https://ours.example.evil.example", "http://ours.example", "null"):
        named = replace(settings, cors_origins=("https://ours.example",), cors_methods=("GET",))
        client = Client(portal, create_app(store, settings=named))
        preflight = {"origin": origin, "access-control-request-method": "GET"}
        answer = client.send("OPTIONS", "/version", headers=preflight)
        assert answer.status_code == 400
        assert "access-control-allow-origin" not in answer.headers


def test_the_answer_is_the_same_where_the_store_is_far(
    portal: BlockingPortal, api: Client, store: Store, settings: ApiSettings, clock: Clock
) -> None:
    recorded(store)
    far = replace(settings, store_is_near=False)
    client = Client(portal, create_app(store, settings=far, clock=clock))
    assert client.get("/dags/etl").json() == api.get("/dags/etl").json()


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documents_pages_load_nothing_from_elsewhere(
    portal: BlockingPortal, store: Store, settings: ApiSettings, path: str
) -> None:
    based = replace(settings, base_path="/flows")
    client = Client(portal, create_app(store, settings=based))
    page = client.get(path)
    assert "//" not in "".join(re.findall(r"(?:src|href)=[\"']([^\"']*)", page.text))
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    linked = re.findall(r"[\"']/flows(/docs/[^\"']+)", page.text)
    assert linked
    for name in linked:
        file = client.get(name)
        assert file.status_code == 200
        assert len(file.content) > 10_000
        assert file.headers["content-type"].startswith(("text/javascript", "text/css"))


@pytest.mark.parametrize("name", ["favicon.png", "..%2fcore.py", "core.py"])
def test_only_the_files_of_the_pages_are_given_away(api: Client, name: str) -> None:
    assert api.get(f"/docs/{name}").status_code == 404
