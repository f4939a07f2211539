"""An answer that somebody gives to what a task asks: whether it may be, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from slipstream.model.errors import ConflictError, InvalidInputError
from slipstream.model.input import InputRequest, InputResponse, Person
from slipstream.model.json import JsonValue
from slipstream.store.input_records import InputRecord
from slipstream.store.interface import InputStore
from slipstream.wire.param_schemas import first_error


def give_answer(
    store: InputStore,
    asked: InputRecord,
    by: Person,
    chosen_options: Sequence[str],
    params_input: Mapping[str, JsonValue],
    now: datetime,
) -> InputResponse:
    """Keep an answer; the task that waits for it goes on at once.

    Raises `InvalidInputError` for one that does not fit what was asked and `ConflictError` where
    there is one already, or the task waits no more. Whether this person may answer is not asked
    here: see `may_answer`.
    """
    if asked.response is not None:
        before = asked.response.responded_by
        who = "nobody in time, so its defaults count" if before is None else before.name
        raise ConflictError(
            f"{_named(asked)} was answered already, by {who}, at "
            f"{asked.response.responded_at.isoformat(timespec='seconds')}: it cannot be changed."
        )
    check_answer(asked.request, chosen_options, params_input)
    response = InputResponse(
        chosen_options=tuple(chosen_options),
        params_input=dict(params_input),
        responded_at=now,
        responded_by=by,
    )
    store.answer_input(asked.attempt_id, response)
    return response


def may_answer(request: InputRequest, user_id: str) -> bool:
    """Whether the question is put to that user. One put to nobody is put to everybody."""
    assigned = {person.id for person in request.assigned_users}
    return not assigned or user_id in assigned


def check_answer(
    request: InputRequest, chosen_options: Sequence[str], params_input: Mapping[str, JsonValue]
) -> None:
    """Raises `InvalidInputError` for an answer that does not fit what was asked."""
    options = ", ".join(map(repr, request.options))
    if not chosen_options:
        raise InvalidInputError(f"Nothing was chosen: choose among {options}.")
    if wrong := [one for one in chosen_options if one not in request.options]:
        raise InvalidInputError(
            f"Invalid options {wrong}; allowed options are {list(request.options)}."
        )
    if not request.multiple and len(chosen_options) > 1:
        raise InvalidInputError(
            f"{len(chosen_options)} options were chosen, and only a single option can be: choose "
            f"one of {options}."
        )
    if problems := _problems(request, params_input):
        raise InvalidInputError("Invalid input for param " + "; ".join(problems))


def _problems(request: InputRequest, params_input: Mapping[str, JsonValue]) -> list[str]:
    """What is wrong with the form; one that is left empty keeps the values that it has."""
    problems = [
        f"{name}: there is no such field; the form has {', '.join(request.params) or 'none'}."
        for name in params_input
        if name not in request.params
    ]
    for name, param in request.params.items():
        described = param if isinstance(param, Mapping) else {"value": param}
        if name in params_input:
            schema = described.get("schema")
            rules = schema if isinstance(schema, Mapping) else {}
            problem = first_error(params_input[name], rules)
            if problem is not None:
                problems.append(f"{name}: {problem}")
        elif params_input or "value" not in described:
            problems.append(f"{name}: it has to be filled in.")
    return problems


def _named(asked: InputRecord) -> str:
    return f"What the task {asked.asked_by.instance.task_id!r} asks ({asked.request.subject!r})"
