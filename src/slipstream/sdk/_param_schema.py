"""Checks values against JSON schemas."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import jsonschema
from jsonschema.exceptions import SchemaError, best_match

from slipstream.sdk._types import UserValue


def first_error(value: UserValue, schema: Mapping[str, UserValue]) -> str | None:
    """What is wrong with the value (or with the schema), in one sentence; None where it fits."""
    try:
        jsonschema.Draft7Validator.check_schema(schema)
    except SchemaError as error:
        return f"The schema {dict(schema)!r} is none: {error.message}."
    validator = jsonschema.Draft7Validator(schema, format_checker=_formats())
    problem = best_match(validator.iter_errors(value))
    if problem is None:
        return None
    where = "".join(f"[{part!r}]" for part in problem.absolute_path)
    return f"{problem.message}{f' at {where}' if where else ''}. Expected: {_expected(schema)}."


def _expected(schema: Mapping[str, UserValue]) -> str:
    """The schema in short, without what is there for people only."""
    shown = {
        key: rule
        for key, rule in schema.items()
        if key not in ("title", "description", "description_md", "examples", "section")
    }
    return ", ".join(f"{key} {rule!r}" for key, rule in shown.items()) or "anything"


@cache
def _formats() -> jsonschema.FormatChecker:
    """Draft 7's formats; moments are checked with the standard library's ISO 8601."""
    from datetime import date, datetime, time

    checker = jsonschema.FormatChecker()

    def checked(read: UserValue) -> UserValue:
        def check(value: object) -> bool:
            if isinstance(value, str):
                read(value)
            return True

        return check

    def moment(text: str) -> None:
        if "T" not in text.upper() or datetime.fromisoformat(text).tzinfo is None:
            raise ValueError(text)

    checker.checks("date-time", raises=ValueError)(checked(moment))
    checker.checks("date", raises=ValueError)(checked(date.fromisoformat))
    checker.checks("time", raises=ValueError)(checked(time.fromisoformat))
    return checker
