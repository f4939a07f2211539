import json
import sys
from typing import Any

import pytest

from slipstream.sdk._backend import current_backend
from slipstream.sdk._connection import Connection
from slipstream.sdk.exceptions import AirflowException, AirflowNotFoundException

URIS: list[tuple[str, dict[str, Any]]] = [
    (
        "postgres://me:s%40cret@db.example.com:5432/sales?sslmode=require",
        {
            "conn_type": "postgres",
            "login": "me",
            "password": "s@cret",
            "host": "db.example.com",
            "port": 5432,
            "schema": "sales",
            "extra": {"sslmode": "require"},
        },
    ),
    ("postgresql://db/x", {"conn_type": "postgres", "host": "db", "schema": "x"}),
    ("google-cloud-platform://", {"conn_type": "google_cloud_platform"}),
    (
        "http://https%3A%2F%2Fapi.example.com",
        {"conn_type": "http", "host": "https://api.example.com"},
    ),
    (
        "http://https://user:pw@api.example.com:8443/v1",
        {
            "conn_type": "http",
            "host": "https://api.example.com",
            "login": "user",
            "password": "pw",
            "port": 8443,
            "schema": "v1",
        },
    ),
    (
        "aws://key:a%2Fb@/?region_name=eu-west-1",
        {"login": "key", "password": "a/b", "extra": {"region_name": "eu-west-1"}},
    ),
    ("spark://Host-With-Case:1", {"host": "Host-With-Case"}),
    ("x://?__extra__=%7B%22a%22%3A+%7B%22b%22%3A+1%7D%7D", {"extra": {"a": {"b": 1}}}),
]


@pytest.mark.parametrize(("uri", "fields"), URIS)
def test_a_uri_gives_its_fields(uri: str, fields: dict[str, Any]) -> None:
    found = Connection(conn_id="c", uri=uri).to_dict()
    assert {name: found[name] for name in fields} == fields


@pytest.mark.parametrize(("uri", "fields"), URIS)
def test_a_connection_survives_its_own_uri(uri: str, fields: dict[str, Any]) -> None:
    first = Connection(conn_id="c", uri=uri)
    again = Connection(conn_id="c", uri=first.get_uri())
    assert again.to_dict(prune_empty=True) == first.to_dict(prune_empty=True)


def test_json_gives_the_same_connection() -> None:
    first = Connection(conn_id="c", conn_type="ftp", host="h", port="21", extra={"a": [1]})
    assert Connection.from_json(first.as_json(), conn_id="c").to_dict() == first.to_dict()


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not valid JSON"), ("[1]", "not an object"), ('{"hots": 1}', "unknown field 'hots'")],
)
def test_json_that_is_wrong_says_how(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Connection.from_json(text, conn_id="c")


def test_nested_extra_is_read() -> None:
    connection = Connection(conn_id="c", conn_type="x", extra=json.dumps({"a": '{"b": 1}'}))
    assert connection.extra_dejson == {"a": '{"b": 1}'}
    assert connection.get_extra_dejson(nested=True) == {"a": {"b": 1}}


def test_a_uri_with_single_fields_is_refused() -> None:
    with pytest.raises(AirflowException, match="one or the other"):
        Connection(conn_id="c", uri="x://h", host="other")


def test_the_environment_is_read_as_uri_and_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_MY_DB", "postgres://h/s")
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", '{"conn_type": "http", "host": "web"}')
    assert Connection.get("my_db").host == "h"
    assert Connection.get("other").host == "web"


def test_a_missing_connection_says_how_to_add_it() -> None:
    with pytest.raises(AirflowNotFoundException, match="slipstream connections add nowhere"):
        Connection.get("nowhere")


def test_secrets_of_a_found_connection_are_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Recorder:
        def __init__(self) -> None:
            self.masked: list[str] = []

        def mask_secret(self, value: str) -> None:
            self.masked.append(value)

    recorder = Recorder()
    monkeypatch.setenv(
        "AIRFLOW_CONN_C",
        json.dumps(
            {"conn_type": "x", "password": "hidden", "extra": {"api_key": "k1", "region": "eu"}}
        ),
    )
    token = current_backend.set(recorder)  # type: ignore[arg-type]  # one method is all it needs
    try:
        Connection.get("c")
    finally:
        current_backend.reset(token)
    assert recorder.masked == ["hidden", "k1"]


def test_repr_shows_no_secret() -> None:
    assert "hidden" not in repr(Connection(conn_id="c", conn_type="x", password="hidden"))


def test_the_module_imports_nothing_heavy() -> None:
    assert "slipstream.sdk._connection" in sys.modules
