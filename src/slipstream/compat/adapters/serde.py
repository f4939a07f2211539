"""`airflow.sdk.serde` and `airflow.utils.json`: values as JSON's own types and back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, get_args

from slipstream.wire.values import TYPE, VALUE, plain_value, restored_object, restored_value

CLASSNAME = TYPE
DATA = VALUE
VERSION = "version"


def serialize(o: object, depth: int = 0) -> Any:
    """The value as JSON's own types. Raises a `TypeError` naming what cannot be written."""
    del depth
    return plain_value(o)


def deserialize(o: Any, full: bool = True, type_hint: Any = None) -> Any:
    """The value that `serialize` was given; without `full`, as a text for people."""
    del type_hint
    return restored_value(o) if full else str(o)


SUPPORTS_OPERATOR_DESERIALIZATION_WALKER = True
"""Whether `iter_pydantic_models` is there."""


def iter_pydantic_models(annotation: Any) -> Iterator[type]:
    """Every Pydantic model that a type is made of, models in models too."""
    waiting, seen = [annotation], set()
    while waiting:
        kind = waiting.pop()
        waiting.extend(get_args(kind))
        if not isinstance(kind, type) or kind in seen or not hasattr(kind, "model_fields"):
            continue
        seen.add(kind)
        yield kind
        waiting.extend(field.annotation for field in kind.model_fields.values())


class XComEncoder(json.JSONEncoder):
    """Writes every value that an XCom may have: `json.dumps(value, cls=XComEncoder)`."""

    def iterencode(self, o: Any, _one_shot: bool = False) -> Any:
        """The value as pieces of JSON text."""
        return super().iterencode(plain_value(o), _one_shot)


class WebEncoder(json.JSONEncoder):
    """Writes values for people and other programs, who do not ask for them back.

    Moments and days become ISO texts, sets and arrays lists, exact numbers and those of numpy plain
    ones; of everything else there is what `XComEncoder` writes.
    """

    def default(self, o: Any) -> Any:
        """The value as JSON's own types, where the encoder knows none for it."""
        match o:
            case datetime():
                return o.isoformat().replace("+00:00", "Z")
            case date():
                return o.isoformat()
            case Decimal():
                return int(o) if o == o.to_integral_value() else float(o)
            case set() | frozenset():
                return sorted(o, key=str)
        as_list = getattr(o, "tolist", None)
        return as_list() if callable(as_list) else plain_value(o)


class XComDecoder(json.JSONDecoder):
    """Reads what `XComEncoder` wrote: `json.loads(text, cls=XComDecoder)`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "object_hook": restored_object})
