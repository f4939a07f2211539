"""Requests that follow from an OpenAPI document, or nearly do: decided by a seed alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote

Schema = Mapping[str, Any]

TEXTS = (
    "",
    "x",
    "~",
    "etl",
    "first",
    "extract",
    "__",
    "%",
    "null",
    "a\x00b",
    "\ud83d\ude00",
    "é" * 40,
    "-1",
    "1e400",
    "'\"\\",
    "{{ 1 }}",
    "x" * 300,
)
NUMBERS = (0, 1, -1, 2, 100, 2**31, 2**63 - 1, 2**63, -(2**63), 10**30)
FORMATS = {
    "date-time": (
        "2026-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-12:00",
    ),
    "date": ("2026-01-01", "9999-12-31"),
    "uuid": ("01a20319-8ad1-7044-9078-ac549fb1bb12",),
    "duration": ("PT1S", "P99999999D"),
}
OTHER: Sequence[Any] = (None, True, 0, -1.5, "odd", [], {}, [None], {"a": [1]}, "9" * 40)
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be sent."""

    method: str
    path: str
    query: list[tuple[str, str]]
    body: bytes | None


@dataclass(slots=True)
class MadeUp:
    """Makes requests up."""

    document: Mapping[str, Any]
    known: Mapping[str, Sequence[str]]
    """`{parameter: values of what is there}`."""
    random: Random
    odd: float = 0.08
    """How often a value is none that the document allows."""
    _schemas: Mapping[str, Schema] = field(init=False)

    def __post_init__(self) -> None:
        self._schemas = self.document["components"]["schemas"]

    def requests(self, template: str, method: str, count: int) -> Iterator[Request]:
        """So many for an operation."""
        operation = self.document["paths"][template][method]
        for _ in range(count):
            path, query = template, []
            for parameter in operation.get("parameters", ()):
                name = parameter["name"]
                if parameter["in"] == "path":
                    text = self._text_of(name, parameter["schema"]) or "x"
                    # A client would leave these out of the path.
                    text = "x" if text in {".", ".."} else text
                    path = path.replace("{" + name + "}", quote(text, safe=""))
                elif parameter["in"] == "query" and self._is_sent(parameter):
                    query.append((name, self._text_of(name, parameter["schema"])))
            yield Request(method.upper(), path, query, self._body(operation))

    def _is_sent(self, parameter: Mapping[str, Any]) -> bool:
        return self.random.random() < (0.9 if parameter.get("required") else 0.2)

    def _text_of(self, name: str, schema: Schema) -> str:
        if name in self.known and self.random.random() < 0.7:
            return self.random.choice(self.known[name])
        value = self.value(schema)
        while isinstance(value, list):
            value = value[0] if value else ""
        text = value if isinstance(value, str) else json.dumps(value)
        return text.encode("utf-8", "replace").decode()

    def _body(self, operation: Mapping[str, Any]) -> bytes | None:
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            return None
        if self.random.random() < self.odd:
            return self.random.choice((b"", b"{", b"null", b"[]", b"\xff\xfe", b"[" * 2000))
        return json.dumps(self.value(content["application/json"]["schema"])).encode()

    def value(self, schema: Schema, depth: int = 0) -> Any:
        """One that the schema allows, mostly."""
        if self.random.random() < self.odd:
            return self.random.choice(OTHER)
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].rpartition("/")[2]]
        for several in ("anyOf", "oneOf"):
            if several in schema:
                return self.value(self.random.choice(schema[several]), depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        match schema.get("type"):
            case "string":
                return self._text(schema)
            case "integer":
                return self._number(schema)
            case "number":
                return self.random.choice((self._number(schema), 0.5, 1e300))
            case "boolean":
                return self.random.random() < 0.5
            case "null":
                return None
            case "array":
                return self._several(schema, depth)
            case "object":
                return self._object(schema, depth)
        return self.random.choice(OTHER)

    def _text(self, schema: Schema) -> str:
        texts = FORMATS.get(schema.get("format", ""), TEXTS)
        return self.random.choice(texts)[: schema.get("maxLength")]

    def _number(self, schema: Schema) -> int:
        least, most = schema.get("minimum"), schema.get("maximum")
        fitting = [
            one
            for one in (*NUMBERS, least, most)
            if one is not None and (least is None or one >= least) and (most is None or one <= most)
        ]
        return int(self.random.choice(fitting or [1]))

    def _several(self, schema: Schema, depth: int) -> list[Any]:
        if depth > _DEEPEST:
            return []
        count = self.random.choice((0, 1, 1, 2))
        return [self.value(schema.get("items", {}), depth + 1) for _ in range(count)]

    def _object(self, schema: Schema, depth: int) -> dict[str, Any]:
        needed = set(schema.get("required", ()))
        made = {
            name: self._known_or_made(name, inner, depth)
            for name, inner in schema.get("properties", {}).items()
            if name in needed or (depth <= _DEEPEST and self.random.random() < 0.4)
        }
        if schema.get("additionalProperties") and self.random.random() < 0.5:
            made[self.random.choice(TEXTS)] = self.random.choice(OTHER)
        return made

    def _known_or_made(self, name: str, schema: Schema, depth: int) -> Any:
        if name in self.known and self.random.random() < 0.5:
            return self.random.choice(self.known[name])
        return self.value(schema, depth + 1)
