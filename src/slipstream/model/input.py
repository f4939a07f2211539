"""What a task asks people, and what they answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slipstream.model.json import JsonValue

TIMED_OUT = "Nobody has answered in time."
"""What a task is told that had no defaults."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may answer, or has answered."""

    id: str
    """The user's name in the deployment: it is what counts."""
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRequest:
    """What is asked of people."""

    subject: str
    options: tuple[str, ...]
    body: str | None = None
    defaults: tuple[str, ...] | None = None
    """What counts as the answer where nobody answers in time; None: then the task fails."""
    multiple: bool = False
    """Whether several options may be chosen."""
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    """The form, `{name: {value, description, schema}}`; one without `value` must be filled in."""
    assigned_users: tuple[Person, ...] = ()
    """Who may answer; empty: everybody who may change task instances."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputResponse:
    """The answer."""

    chosen_options: tuple[str, ...]
    params_input: Mapping[str, JsonValue] = field(default_factory=dict)
    responded_at: datetime
    responded_by: Person | None = None
    """None where the defaults were taken because nobody answered in time."""


def default_answer(chosen_options: Sequence[str], params_input: JsonValue) -> str:
    """What counts as the answer where nobody answers in time, as JSON text.

    `params_input` is as `wire.values` makes it.
    """
    return json.dumps({"chosen_options": list(chosen_options), "params_input": params_input})


def answer_event(default: str, at: datetime, by: Person | None) -> str:
    """What a task goes on with that was answered so, as JSON text that `wire.values` reads.

    `default` is the answer as `default_answer` makes it. Without a person nobody has answered in
    time.
    """
    moment = {"at": at.astimezone(UTC).replace(tzinfo=None).isoformat(), "zone": "UTC"}
    return json.dumps(
        {
            **json.loads(default),
            "responded_at": {"__type__": "datetime", "__value__": moment},
            "responded_by_user": None if by is None else {"id": by.id, "name": by.name},
            "timedout": by is None,
        }
    )


def timeout_event() -> str:
    """What a task without defaults goes on with, to fail by it."""
    return json.dumps({"error": TIMED_OUT, "error_type": "timeout"})
