"""Testing connections, in processes of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client, Clock
from tests.runtime.conftest import wait_until

from slipstream.api.app import create_app
from slipstream.api.connection_tests import ConnectionTester
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store
from slipstream.store.records import ConnectionRecord


@pytest.fixture
def tester(tmp_path: Path) -> Iterator[ConnectionTester]:
    made = ConnectionTester(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def testing(
    portal: BlockingPortal,
    store: Store,
    settings: ApiSettings,
    clock: Clock,
    tester: ConnectionTester,
) -> Client:
    """A client of an API that may test connections."""
    allowed = replace(settings, test_connection="Enabled")
    app = create_app(store, settings=allowed, clock=clock, connection_tester=tester)
    return Client(portal, app)


def files_at(path: Path, conn_id: str = "files") -> dict[str, object]:
    return {
        "connection_id": conn_id,
        "conn_type": "fs",
        "extra": json.dumps({"path": str(path)}),
    }


def test_a_hook_says_whether_its_service_answers(testing: Client, tmp_path: Path) -> None:
    answer = testing.post("/connections/test", files_at(tmp_path))
    assert answer.status_code == 200
    assert answer.json()["status"] is True, answer.text
    missing = testing.post("/connections/test", files_at(tmp_path / "none")).json()
    assert missing["status"] is False
    assert "none" in missing["message"]


def test_a_type_that_no_provider_knows_is_an_answer(testing: Client) -> None:
    body = {"connection_id": "x", "conn_type": "no_such_thing", "password": "hunter2hunter2"}
    answer = testing.post("/connections/test", body)
    assert answer.status_code == 200
    assert answer.json()["status"] is False
    assert "no_such_thing" in answer.json()["message"]
    assert "hunter2" not in answer.text


def test_what_is_masked_is_taken_from_the_stored_connection(
    testing: Client, store: Store, tmp_path: Path
) -> None:
    stored = ConnectionRecord(
        conn_id="files", conn_type="fs", extra=json.dumps({"path": str(tmp_path)})
    )
    store.set_connection(stored)
    answer = testing.post("/connections/test", {"connection_id": "files", "conn_type": "fs"})
    assert answer.json()["status"] is True, answer.text


def test_a_test_in_the_background_tells_its_result_for_the_token(
    testing: Client, store: Store, tmp_path: Path
) -> None:
    body = {**files_at(tmp_path), "commit_on_success": True}
    queued = testing.post("/connections/enqueue-test", body)
    assert queued.status_code == 202
    assert queued.json()["state"] == "queued"
    token = queued.json()["token"]

    def told() -> dict[str, object]:
        headers = {"Airflow-Connection-Test-Token": token}
        answer = testing.get("/connections/enqueue-test", headers=headers)
        assert answer.status_code == 200
        found: dict[str, object] = answer.json()
        return found

    wait_until(lambda: told()["state"] in ("success", "failed"))
    assert told()["state"] == "success"
    assert (told()["token"], told()["connection_id"]) == (token, "files")
    assert store.get_connection("files") is not None
    wrong = testing.get(
        "/connections/enqueue-test", headers={"Airflow-Connection-Test-Token": "another"}
    )
    assert wrong.status_code == 404


def test_a_connection_that_fails_its_test_is_not_kept(
    testing: Client, store: Store, tmp_path: Path
) -> None:
    body = {**files_at(tmp_path / "none"), "commit_on_success": True}
    token = testing.post("/connections/enqueue-test", body).json()["token"]
    headers = {"Airflow-Connection-Test-Token": token}

    def state() -> object:
        return testing.get("/connections/enqueue-test", headers=headers).json()["state"]

    wait_until(lambda: state() in ("success", "failed"))
    assert state() == "failed"
    assert store.get_connection("files") is None


def test_a_test_that_hangs_is_ended(tmp_path: Path) -> None:
    tester = ConnectionTester(tmp_path, timeout_seconds=0.01)
    verdict = tester.test(ConnectionRecord(conn_id="slow", conn_type="fs"))
    tester.stop()
    assert verdict.status is False
    assert "longer than 0.01 s" in verdict.message


def test_an_executor_that_there_is_not_is_refused(testing: Client, tmp_path: Path) -> None:
    body = {**files_at(tmp_path), "executor": "CeleryExecutor"}
    assert testing.post("/connections/enqueue-test", body).status_code == 400


@pytest.mark.parametrize("path", ["/connections/test", "/connections/enqueue-test"])
def test_nothing_is_tested_unless_that_is_allowed(api: Client, path: str, tmp_path: Path) -> None:
    answer = api.post(path, files_at(tmp_path))
    assert answer.status_code == 403
    assert "test_connection" in answer.json()["detail"]


def test_the_usual_connections_are_made_where_they_are_missing(api: Client, store: Store) -> None:
    own = ConnectionRecord(conn_id="postgres_default", conn_type="postgres", host="mine")
    store.set_connection(own)
    for _ in range(2):
        assert api.post("/connections/defaults").status_code == 204
    assert store.get_connection("postgres_default") == own
    fs_default = store.get_connection("fs_default")
    assert fs_default is not None
    assert fs_default.conn_type == "fs"
    assert api.get("/connections").json()["total_entries"] > 50
