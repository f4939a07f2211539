"""Health and version, which need no token."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from anyio.from_thread import BlockingPortal
from tests.api.conftest import NOON, Client, Clock

from slipstream import __version__
from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.store import open_store
from slipstream.store.interface import Store


def test_the_version_is_told_to_everybody(locked: Client) -> None:
    answer = locked.get("/version")
    assert answer.status_code == 200
    assert answer.json() == {"version": __version__, "git_version": None}


def test_components_that_there_are_not_have_no_status(locked: Client) -> None:
    answer = locked.get("/monitor/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "metadatabase": {"status": "healthy"},
        "scheduler": {"status": None, "latest_scheduler_heartbeat": None},
        "triggerer": {"status": None, "latest_triggerer_heartbeat": None},
        "dag_processor": {"status": None, "latest_dag_processor_heartbeat": None},
    }


def test_a_component_of_another_process_is_judged_by_its_heartbeat(
    locked: Client, store: Store, clock: Clock
) -> None:
    store.heartbeat("scheduler", "box", 7)
    assert locked.get("/monitor/health").json()["scheduler"] == {
        "status": "healthy",
        "latest_scheduler_heartbeat": "2026-03-01T12:00:00.123456Z",
    }
    clock.advance(31)
    assert locked.get("/monitor/health").json()["scheduler"]["status"] == "unhealthy"


def test_a_component_of_this_process_answers_for_itself(
    portal: BlockingPortal, store: Store, settings: ApiSettings, clock: Clock
) -> None:
    signs = {"scheduler": lambda: NOON, "dag_processor": lambda: NOON - timedelta(minutes=5)}
    client = Client(portal, create_app(store, settings=settings, signs_of_life=signs, clock=clock))
    health = client.get("/monitor/health").json()
    assert health["scheduler"]["status"] == "healthy"
    assert health["dag_processor"]["status"] == "unhealthy"


def test_a_database_that_cannot_be_reached_is_unhealthy(
    portal: BlockingPortal, settings: ApiSettings, tmp_path: Path
) -> None:
    away = open_store(f"sqlite:///{tmp_path}/no/such/folder/x.db", xcom_url=str(tmp_path))
    answer = Client(portal, create_app(away, settings=settings)).get("/monitor/health")
    assert answer.status_code == 200
    assert answer.json()["metadatabase"]["status"] == "unhealthy"
