"""Texts that mean something to a database, a template or a file, in every field of a body."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.api.conftest import Client
from tests.api.making import a_run, recorded, started

from slipstream.model.states import TaskState
from slipstream.store.interface import Store

HOSTILE = {
    "SQL": "' OR 1=1; DROP TABLE dag; --",
    "a template": "{{ 7 * 7191 }}${7 * 7191}{% import os %}",
    "a path": "../../../../../../etc/passwd",
    "half a character": "\ud800",
    "a zero byte": "a\x00b",
    "a long text": "x" * 60_000,
}
LEAK = re.compile(r"Traceback|site-packages|sqlalchemy|sqlite3|psycopg|SELECT |root:x:0|50337")
VALUES = {"dag_id": "etl", "dag_run_id": "first", "run_id": "first", "task_id": "extract"}
NO_TEXT = {"date-time", "date"}


class Bodies:
    """Bodies of a document's schemas, with one text in one place."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas = document["components"]["schemas"]

    def plain(self, schema: Mapping[str, Any]) -> Any:
        """The least that fits."""
        schema = self._found(schema)
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.plain(schema[several][0])
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        match schema.get("type"):
            case "string":
                return "2026-01-01T00:00:00Z" if schema.get("format") in NO_TEXT else "x"
            case "integer" | "number":
                return max(1, schema.get("minimum", 1))
            case "boolean":
                return True
            case "array":
                return [self.plain(schema.get("items", {"type": "string"}))]
            case "object":
                needed = schema.get("required", [])
                return {name: self.plain(schema["properties"][name]) for name in needed}
        return "x"

    def texts(self, schema: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str | int, ...]]:
        """The places of its texts."""
        schema = self._found(schema)
        if depth > 6:
            return
        for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from self.texts(one, depth + 1)
        match schema.get("type"):
            case "string":
                yield ()
            case "array":
                for rest in self.texts(schema.get("items", {}), depth + 1):
                    yield (0, *rest)
            case "object":
                for name, inner in schema.get("properties", {}).items():
                    for rest in self.texts(inner, depth + 1):
                        yield (name, *rest)
                if schema.get("additionalProperties"):
                    yield ("any",)

    def _found(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        return schema


def placed(body: Any, place: tuple[str | int, ...], text: str) -> Any:
    """The body with the text in that place."""
    if not place:
        return text
    first, *rest = place
    if first == 0:
        return [placed(None, tuple(rest), text)]
    known = body if isinstance(body, dict) else {}
    return {**known, first: placed(known.get(first), tuple(rest), text)}


@pytest.mark.parametrize("kind", HOSTILE)
def test_no_field_of_a_body_breaks_the_server_or_shows_its_insides(
    api: Client, store: Store, kind: str
) -> None:
    version = recorded(store)
    started(store, a_run(store, version), version, extract=TaskState.FAILED)
    text = HOSTILE[kind]
    document = api.get("/openapi.json").json()
    bodies = Bodies(document)
    tried = 0
    for template, operations in document["paths"].items():
        path = re.sub(r"\{(\w+)[^}]*\}", lambda found: VALUES.get(found[1], "1"), template)
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            schema = content.get("application/json", {}).get("schema")
            if schema is None:
                continue
            for place in sorted(set(bodies.texts(schema)), key=str):
                sent = json.dumps(placed(bodies.plain(schema), place, text))
                answer = api.send(
                    method.upper(),
                    path,
                    content=sent.encode(),
                    headers={"content-type": "application/json"},
                )
                where = (method, template, place, answer.text[:300])
                assert answer.status_code < 500, where
                assert not LEAK.search(answer.text.replace(text, "")), where
                tried += 1
    assert tried > 150
    assert api.get("/dags/etl").status_code == 200
