"""Params against their JSON schemas: one check for DAG files, tasks, the API and the command line.

A schema is of the draft that its `$schema` names, otherwise of 2020-12. Formats are checked as
jsonschema does; `date-time` and `uri`, for which it needs more packages, are checked here. A format
that nobody knows, such as `multiline`, only tells a form how to ask for the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.protocols import Validator

_FOR_PEOPLE = frozenset(
    {"title", "description", "description_md", "examples", "section", "values_display", "$schema"}
)


def validator_for(schema: Mapping[str, Any]) -> Validator:
    """What checks values against the schema. Raises `ValueError` for one that is none."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for as of_draft

    kind: type[Validator] = of_draft(dict(schema), default=Draft202012Validator)
    try:
        kind.check_schema(dict(schema))
    except SchemaError as error:
        raise ValueError(f"The schema {dict(schema)!r} is none: {error.message}") from error
    return kind(schema, format_checker=_formats())


def first_error(value: Any, schema: Mapping[str, Any]) -> str | None:
    """What is wrong with the value (or with the schema), in one sentence; None where it fits."""
    try:
        return error_of(value, validator_for(schema))
    except ValueError as error:
        return f"{error}."


def error_of(value: Any, validator: Validator) -> str | None:
    """Where in the value what was found that does not fit, and the schema; None where it fits."""
    from jsonschema.exceptions import best_match

    problem = best_match(validator.iter_errors(value))
    if problem is None:
        return None
    where = "".join(f"[{part!r}]" for part in problem.absolute_path)
    found = repr(problem.instance)
    message = problem.message if found in problem.message else f"{problem.message}, found {found}"
    return f"{message}{f' at {where}' if where else ''}. Expected: {expected(validator)}."


def expected(validator: Validator) -> str:
    """The schema in short, without what is there for people only."""
    schema = validator.schema
    if not isinstance(schema, Mapping):
        return repr(schema)
    shown = {key: rule for key, rule in schema.items() if key not in _FOR_PEOPLE}
    return ", ".join(f"{key} {rule!r}" for key, rule in shown.items()) or "anything"


@cache
def _formats() -> FormatChecker:
    """jsonschema's own checks, and two more."""
    from jsonschema import FormatChecker

    checker = FormatChecker()
    checker.checkers = dict(checker.checkers)
    for name, read in (("date-time", _read_moment), ("uri", _read_uri)):
        checker.checkers[name] = (_check(read), ValueError)
    return checker


def _check(read: Callable[[str], object]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        if isinstance(value, str):
            read(value)
        return True

    return check


def _read_moment(text: str) -> None:
    datetime.fromisoformat(text.upper())


def _read_uri(text: str) -> None:
    if not urlsplit(text).scheme or any(character.isspace() for character in text):
        raise ValueError(f"{text!r} has no scheme, or has blanks")
