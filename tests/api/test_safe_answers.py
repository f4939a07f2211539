"""What every answer carries, and what no request can reach."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client, Clock
from tests.api.making import ETL, recorded

from slipstream.api.front import create_front
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store


@pytest.fixture
def whole(portal: BlockingPortal, store: Store, settings: ApiSettings, clock: Clock) -> Client:
    """The server as it is started, with its quick front."""
    return Client(portal, create_front(store, settings=settings, clock=clock))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v2/monitor/health", 200),
        ("GET", "/dags", 200),
        ("GET", "/dags/nothing", 404),
        ("GET", "/dags?limit=x", 422),
        ("PUT", "/dags", 405),
        ("GET", "/nothing", 404),
        ("POST", "/auth/token", 422),
        ("GET", "/api/v2/auth/logout", 307),
        ("GET", "/openapi.json", 200),
        ("GET", "/docs", 200),
    ],
)
def test_every_answer_is_safe_in_a_browser(
    whole: Client, method: str, path: str, status: int
) -> None:
    answer = whole.send(method, path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "default-src" in answer.headers["content-security-policy"]
    assert "cache-control" in answer.headers
    assert "strict-transport-security" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers


def test_browsers_that_came_by_https_stay_with_it(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    front = create_front(store, settings=replace(settings, is_https=True))
    answer = Client(portal, front).get("/dags")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_an_unexpected_error_is_as_safe(
    whole: Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(store), "list_pools", lambda *_: 1 / 0)
    answer = whole.get("/pools")
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"


UP = ["..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e%2fsecret", "..%5c..%5csecret", "%2fetc%2fpasswd"]


@pytest.mark.parametrize("name", UP)
def test_no_path_leads_out_of_its_folder(
    api: Client, store: Store, settings: ApiSettings, name: str
) -> None:
    recorded(store)
    secret = Path(settings.log_dir).parent / "secret"
    secret.write_text("hidden")
    for path in (
        f"/dags/{name}/dagRuns/{name}/taskInstances/{name}/logs/1",
        f"/dags/etl/dagRuns/{name}/taskInstances/{name}/logs/1",
        f"/ui/dags/etl/runs/{name}/tasks/{name}/logs/1/file",
        f"/dagSources/{name}",
        f"/static/{name}",
        f"/docs/{name}",
        f"/dags/etl/dagRuns/{name}/taskInstances/x/xcomEntries/{name}",
        f"/parseDagFile/{name}",
    ):
        answer = api.get(path)
        assert answer.status_code in {400, 404, 405}, path
        assert "hidden" not in answer.text
        assert "root:" not in answer.text


SQL = ["' OR 1=1 --", '"; DROP TABLE dag; --', "%' UNION SELECT 1 --", "\\", "%", "\x00", "{{7*7}}"]


@pytest.mark.parametrize("text", SQL)
def test_texts_are_values_and_never_code(api: Client, store: Store, text: str) -> None:
    recorded(store)
    for path, name in (
        ("/dags", "dag_id_pattern"),
        ("/dags", "dag_display_name_prefix_pattern"),
        ("/dags", "owners"),
        ("/dags", "tags"),
        ("/dags", "timetable_type"),
        ("/dags/~/dagRuns", "run_id_pattern"),
        ("/dags/~/dagRuns", "conf_contains"),
        ("/dags/~/dagRuns", "partition_key_pattern"),
        ("/dags/~/dagRuns/~/taskInstances", "operator_name_pattern"),
        ("/dags/~/dagRuns/~/taskInstances", "task_id"),
        ("/pools", "pool_name_pattern"),
        ("/variables", "variable_key_pattern"),
        ("/connections", "connection_id_pattern"),
        ("/eventLogs", "event"),
        ("/assets", "name_pattern"),
    ):
        answer = api.get(path, params={name: text})
        assert answer.status_code in {200, 400, 422}, (path, name, answer.text)
        assert "49" not in answer.text
        assert "sqlite" not in answer.text.lower()
    for path in ("/dags", "/pools", "/variables", "/dags/~/dagRuns", "/auth/fab/v1/users"):
        answer = api.get(path, params={"order_by": text})
        assert answer.status_code in {400, 422}, (path, answer.text)
    assert api.get("/dags").json()["dags"][0]["dag_id"] == ETL.dag_id
