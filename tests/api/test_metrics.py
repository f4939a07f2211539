"""`GET /metrics`: who may read it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client, Clock, token_of

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store

TEXT = "# TYPE airflow_dagbag_size gauge\nairflow_dagbag_size 1\n"


def test_without_metrics_the_answer_says_which_setting_turns_them_on(api: Client) -> None:
    answer = api.get("/metrics")
    assert answer.status_code == 404
    assert "metrics_endpoint" in answer.json()["detail"]


@pytest.mark.parametrize("is_public", [False, True])
def test_metrics_are_for_those_who_may_see_jobs_or_for_everybody(
    portal: BlockingPortal,
    store: Store,
    locked_settings: ApiSettings,
    clock: Clock,
    password_hash: str,
    is_public: bool,
) -> None:
    store.set_user("op", password_hash, "op")
    settings = replace(locked_settings, metrics_are_public=is_public)
    app = create_app(store, settings=settings, clock=clock, metrics=lambda: TEXT)
    client = Client(portal, app)
    assert client.get("/metrics").status_code == (200 if is_public else 401)
    answer = client.bearing(token_of(client, "op")).get("/metrics")
    assert answer.text == TEXT
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
