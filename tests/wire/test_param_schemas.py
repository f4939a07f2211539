"""Params against their schemas. Whether a value fits is Airflow's answer (3.3.2, `Param.resolve`),
but for the formats `date-time` and `uri`, which Airflow does not check without further packages."""

from __future__ import annotations

from typing import Any

import pytest

from slipstream.wire.param_schemas import first_error

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
NESTED = {"properties": {"a": {"type": "array", "items": {"type": "integer"}}}}

FITS: list[tuple[Any, dict[str, Any]]] = [
    (None, {"type": ["null", "string"]}),
    (1.0, {"type": "integer"}),
    ("x@y", {"type": "string", "format": "email"}),
    ("12:30:00", {"type": "string", "format": "time"}),
    ("2026-01-31", {"type": "string", "format": "date"}),
    ("2026-01-01T00:00:00Z", {"type": "string", "format": "date-time"}),
    ("2026-01-01t00:00:00z", {"type": "string", "format": "date-time"}),
    ("2026-01-01T00:00:00", {"type": "string", "format": "date-time"}),
    ("2026-01-01 00:00:00+00:00", {"type": "string", "format": "date-time"}),
    (None, {"type": ["null", "string"], "format": "date-time"}),
    ("s3://b/k", {"type": "string", "format": "uri"}),
    ("x\ny", {"type": "string", "format": "multiline"}),
    ("anything", {"format": "a-format-of-ones-own"}),
    ("z", {"type": "string", "examples": ["a"], "values_display": {"a": "A"}}),
    ([1, 2], {"type": "array", "items": {"type": "integer"}, "minItems": 2, "uniqueItems": True}),
    ({"a": [1]}, NESTED),
    (3, {"const": 3}),
    ("b", {"enum": ["a", "b"], "section": "S", "description_md": "*b*", "title": "B"}),
    ("any", {}),
]

DOES_NOT_FIT: list[tuple[Any, dict[str, Any], str]] = [
    ("1", {"type": "integer"}, "'1' is not of type 'integer'. Expected: type 'integer'."),
    (None, {"type": "string"}, "None is not of type 'string'"),
    (True, {"type": "integer"}, "True is not of type 'integer'"),
    (0, {"minimum": 1}, "0 is less than the minimum of 1. Expected: minimum 1."),
    (9, {"exclusiveMaximum": 9}, "9 is greater than or equal to the maximum of 9"),
    ("", {"minLength": 1}, "'' should be non-empty"),
    ("abc", {"maxLength": 2}, "'abc' is too long"),
    ("a1", {"pattern": "^[a-z]+$"}, "'a1' does not match '^[a-z]+$'"),
    ("c", {"enum": ["a", "b"]}, "'c' is not one of ['a', 'b']. Expected: enum ['a', 'b']."),
    (2, {"const": 3}, "3 was expected, found 2. Expected: const 3."),
    ("x", {"format": "email"}, "'x' is not a 'email'"),
    ("2026-13-01", {"format": "date"}, "'2026-13-01' is not a 'date'"),
    ("yesterday", {"format": "date-time"}, "'yesterday' is not a 'date-time'"),
    ("12:30", {"format": "time"}, "'12:30' is not a 'time'"),
    ("not a uri", {"format": "uri"}, "'not a uri' is not a 'uri'"),
    ("999.1.1.1", {"format": "ipv4"}, "'999.1.1.1' is not a 'ipv4'"),
    ("x", {"format": "uuid"}, "'x' is not a 'uuid'"),
    ("(", {"format": "regex"}, "'(' is not a 'regex'"),
    ([1, "x"], {"items": {"type": "integer"}}, "'x' is not of type 'integer' at [1]"),
    ([1], {"prefixItems": [{"type": "string"}]}, "1 is not of type 'string' at [0]"),
    ((1, 2), {"type": "array"}, "(1, 2) is not of type 'array'"),
    ({}, {"required": ["a"]}, "'a' is a required property, found {}"),
    ({"a": ["x"]}, NESTED, "'x' is not of type 'integer' at ['a'][0]"),
    (1.5, {"oneOf": [{"type": "string"}, {"type": "integer"}]}, "1.5 is not valid under any"),
    (5, {"$schema": DRAFT_4, "minimum": 5, "exclusiveMinimum": True}, "5 is less than or equal"),
    (1, {"type": "intger"}, "The schema {'type': 'intger'} is none: 'intger' is not valid"),
    ([1], {"items": [{"type": "string"}]}, "The schema {'items': [{'type': 'string'}]} is none"),
]


@pytest.mark.parametrize(("value", "schema"), FITS)
def test_a_value_that_fits(value: Any, schema: dict[str, Any]) -> None:
    assert first_error(value, schema) is None


@pytest.mark.parametrize(("value", "schema", "message"), DOES_NOT_FIT)
def test_a_value_that_does_not_fit_is_told_with_what_is_expected(
    value: Any, schema: dict[str, Any], message: str
) -> None:
    error = first_error(value, schema)
    assert error is not None
    assert error.startswith(message)


def test_what_is_there_for_people_is_not_expected() -> None:
    error = first_error(1, {"type": "string", "title": "T", "section": "S", "examples": ["x"]})
    assert error == "1 is not of type 'string'. Expected: type 'string'."
