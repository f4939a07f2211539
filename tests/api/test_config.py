"""Settings and provider packages."""

from __future__ import annotations

from dataclasses import replace

from anyio.from_thread import BlockingPortal
from tests.api.conftest import Client, token_of

from slipstream.api.app import create_app
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store

SHOWN = {"core": {"parallelism": "32", "fernet_key": "< hidden >"}, "api": {"port": "8080"}}


def test_settings_are_shown_where_the_deployment_wants_it(
    portal: BlockingPortal, store: Store, settings: ApiSettings
) -> None:
    api = Client(portal, create_app(store, settings=replace(settings, shown_config=SHOWN)))
    found = api.get("/config").json()
    assert [section["name"] for section in found["sections"]] == ["core", "api"]
    assert found["sections"][1]["options"] == [{"key": "port", "value": "8080"}]
    one = api.get("/config", params={"section": "api"}).json()
    assert one["sections"] == found["sections"][1:]
    value = api.get("/config/section/core/option/fernet_key").json()
    assert value["sections"][0]["options"] == [{"key": "fernet_key", "value": "< hidden >"}]
    text = api.get("/config", params={"section": "api"}, headers={"accept": "text/plain"}).text
    assert text == "[api]\nport = 8080\n"
    for path in ("/config?section=no", "/config/section/core/option/no"):
        assert api.get(path).status_code == 404


def test_settings_are_not_shown_otherwise(api: Client, locked: Client) -> None:
    answer = api.get("/config")
    assert answer.status_code == 403
    assert "[api] expose_config" in answer.json()["detail"]
    assert api.get("/config/section/core/option/parallelism").status_code == 403
    assert locked.get("/config").status_code == 401
    assert locked.bearing(token_of(locked, "viewer")).get("/config").status_code == 403


def test_provider_packages_are_listed(api: Client) -> None:
    found = api.get("/providers", params={"limit": 1}).json()
    assert len(found["providers"]) <= 1
    assert found["total_entries"] >= len(found["providers"])
    for provider in found["providers"]:
        assert provider["version"]
