"""The shapes of an OpenAPI document's schemas, in the notation of the facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def shape(schema: Schema) -> str:
    """The schema as `string(date-time) | null`, `[DagVersionResponse]`, `object` …"""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "discriminator" in schema:
        return "any"  # as the facts have it
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _union(schema[key])
    if "enum" in schema or "const" in schema:
        return str(schema.get("type", "string"))
    match schema.get("type"):
        case "array":
            return _array(schema)
        case "string" if "format" in schema:
            return f"string({schema['format']})"
        case None:
            return "any"
        case kind:
            return str(kind)


def fields(schema: Schema) -> dict[str, tuple[str, bool]]:
    """`{field: (shape, whether it is required)}`."""
    required = set(schema.get("required", ()))
    return {
        name: (shape(field), name in required)
        for name, field in schema.get("properties", {}).items()
    }


def _array(schema: Schema) -> str:
    if "prefixItems" in schema:
        return "[any]"
    inner = schema.get("items", {})
    return f"[{shape(inner) if inner else 'any'}]"


def _union(members: list[Schema]) -> str:
    shapes = list(dict.fromkeys(shape(member) for member in members))
    return " | ".join(sorted(shapes, key=lambda name: name == "null"))
