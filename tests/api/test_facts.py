"""What the API offers, held against the facts of Airflow's REST API v2."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.api.conftest import Client
from tests.api.shapes import Schema, fields

FACTS = Path(__file__).parent / "facts"


def rows(name: str) -> list[dict[str, str]]:
    with (FACTS / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


OPERATIONS = rows("operations.csv")
SCHEMAS: dict[str, dict[str, tuple[str, bool]]] = {}
ENUMS: dict[str, set[str]] = {}
for row in rows("schemas.csv"):
    if row["field"] == "(enum)":
        ENUMS[row["schema"]] = set(row["type"].split(","))
    else:
        entry = SCHEMAS.setdefault(row["schema"], {})
        entry[row["field"]] = (row["type"], row["required"] == "yes")


@pytest.fixture(scope="module")
def document(portal: Any, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    from slipstream.api.app import create_app
    from slipstream.api.settings import ApiSettings
    from slipstream.store import open_store

    folder = tmp_path_factory.mktemp("facts")
    store = open_store("sqlite://", xcom_url=str(folder))
    app = create_app(store, settings=ApiSettings(log_dir=folder))
    answer = Client(portal, app).get("/openapi.json")
    assert answer.status_code == 200
    store.close()
    found: Mapping[str, Any] = answer.json()
    return found


def described(document: Mapping[str, Any], method: str, path: str) -> Mapping[str, Any]:
    paths = {name.replace(":path}", "}"): item for name, item in document["paths"].items()}
    found: Mapping[str, Any] = paths[path][method.lower()]
    return found


@pytest.mark.parametrize("fact", OPERATIONS, ids=lambda fact: fact["operation"])
def test_an_operation_is_as_clients_know_it(
    document: Mapping[str, Any], fact: dict[str, str]
) -> None:
    operation = described(document, fact["method"], fact["path"])
    assert operation["operationId"] == fact["operation"]
    given = {
        parameter["name"]
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    }
    known = set(fact["query_parameters"].split())
    assert given == known
    if fact["request_body"]:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        # One that may be left out is one of two.
        schema = schema.get("anyOf", [schema])[0]
        assert schema["$ref"].endswith("/" + fact["request_body"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_payload_has_the_fields_that_clients_know(document: Mapping[str, Any], name: str) -> None:
    schema: Schema = document["components"]["schemas"][name]
    assert fields(schema) == SCHEMAS[name]


@pytest.mark.parametrize("name", ENUMS)
def test_an_enumeration_has_the_values_that_clients_know(
    document: Mapping[str, Any], name: str
) -> None:
    assert set(document["components"]["schemas"][name]["enum"]) == ENUMS[name]


def test_every_operation_but_the_open_ones_asks_for_a_token(document: Mapping[str, Any]) -> None:
    unlocked = {
        operation["operationId"]
        for item in document["paths"].values()
        for operation in item.values()
        if "security" not in operation
    }
    assert unlocked == {
        "get_health",
        "get_version",
        "create_token",
        "create_token_cli",
        "create_token_all_admins",
        "log_in",
        "log_out",
        "get_session",
        "login",
        "logout",
        "log_out_token",
        "begin_oidc",
        "end_oidc",
    }
