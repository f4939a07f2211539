"""Triggers as they are given to a triggerer through the store, and what they come to, as text."""

from __future__ import annotations

import msgspec

from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Broken, Deferral, EndsTask, Fired, TriggerEnd

_ENDS: dict[str, type[Fired | Broken | EndsTask]] = {
    kind.__name__.lower(): kind for kind in (Fired, Broken, EndsTask)
}


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger to run: the attempt that was deferred, and what it waits on."""

    attempt: Attempt
    deferral: Deferral


class _Result(msgspec.Struct, frozen=True, kw_only=True):
    kind: str
    body: msgspec.Raw


def order_text(attempt: Attempt, deferral: Deferral) -> str:
    """The order as JSON text."""
    return msgspec.json.encode(Order(attempt=attempt, deferral=deferral)).decode()


def order_of(text: str) -> Order:
    """The order in a text. Raises `msgspec.ValidationError` where it is none."""
    return msgspec.json.decode(text, type=Order)


def result_text(end: TriggerEnd) -> str:
    """What a trigger came to as JSON text."""
    body = msgspec.Raw(msgspec.json.encode(end))
    return msgspec.json.encode(_Result(kind=type(end).__name__.lower(), body=body)).decode()


def result_of(text: str) -> TriggerEnd:
    """What is in such a text. Raises `msgspec.ValidationError` where it is no end."""
    result = msgspec.json.decode(text, type=_Result)
    known = _ENDS.get(result.kind)
    if known is None:
        raise msgspec.ValidationError(
            f"{result.kind!r} is no end of a trigger; expected one of {', '.join(_ENDS)}"
        )
    return msgspec.json.decode(result.body, type=known)
