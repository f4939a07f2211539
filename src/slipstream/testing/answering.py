"""Answers to what the tasks of a run in this process ask people: given beforehand, or asked for."""

from __future__ import annotations

import getpass
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

from slipstream.model.errors import InvalidInputError, SlipstreamError
from slipstream.model.input import InputRequest, InputResponse, Person
from slipstream.model.json import JsonValue
from slipstream.sdk._types import UserValue
from slipstream.store.answering import check_answer

_given: ContextVar[Mapping[str, UserValue] | None] = ContextVar("answers", default=None)


class NobodyAnswersError(SlipstreamError):
    """A task asks people, for ever, and there is nobody to answer."""


@contextmanager
def answering(answers: Mapping[str, UserValue]) -> Iterator[None]:
    """Let `DAG.test()` in here find these answers, `{task id: answer}`.

    An answer is an option, a list of options, or a dictionary with `chosen_options` and
    `params_input`.
    """
    before = _given.set(answers)
    try:
        yield
    finally:
        _given.reset(before)


def answer_for(
    task_id: str, request: InputRequest, answers: Mapping[str, UserValue] | None = None
) -> InputResponse | None:
    """What was given for that task, else what somebody at the terminal says; None for nothing.

    Raises `InvalidInputError` for an answer that does not fit what is asked.
    """
    known = answers if answers is not None else _given.get() or {}
    if task_id in known:
        options, params = _read(task_id, known[task_id])
        try:
            check_answer(request, options, params)
        except InvalidInputError as error:
            raise InvalidInputError(f"The answer for task {task_id!r}: {error}") from None
        return _response(options, params)
    if answers is None and sys.stdin is not None and sys.stdin.isatty():
        return _ask(task_id, request)
    return None


def nobody(task_id: str, request: InputRequest) -> NobodyAnswersError:
    """That the run cannot go on."""
    return NobodyAnswersError(
        f"Task {task_id!r} waits for somebody to answer {request.subject!r}, without an end, and "
        "nobody is here to do so. Run it on a terminal, give the answer (`with "
        f"slipstream.testing.kit.answering({{{task_id!r}: {request.options[0]!r}}}):`, or "
        "`answers=` of run_dag), or give the task defaults and a response_timeout."
    )


def _read(task_id: str, given: UserValue) -> tuple[list[str], dict[str, JsonValue]]:
    if isinstance(given, str):
        return [given], {}
    if isinstance(given, Mapping):
        known = {"chosen_options", "params_input"}
        chosen = given.get("chosen_options")
        if set(given) <= known and chosen is not None:
            options = [chosen] if isinstance(chosen, str) else list(chosen)
            return options, dict(given.get("params_input") or {})
    elif isinstance(given, list | tuple):
        return list(given), {}
    raise InvalidInputError(
        f"The answer for task {task_id!r} is {given!r}; expected an option, a list of options, or "
        "a dictionary with chosen_options and params_input."
    )


def _ask(task_id: str, request: InputRequest) -> InputResponse:
    """Ask whoever sits at the terminal, until the answer fits."""
    print(f"\nTask {task_id} asks: {request.subject}")
    if request.body:
        print(request.body)
    for number, option in enumerate(request.options, 1):
        print(f"  {number}) {option}{' (default)' if option in (request.defaults or ()) else ''}")
    while True:
        options, params = _asked_options(request), _asked_params(request)
        try:
            check_answer(request, options, params)
        except InvalidInputError as error:
            print(error)
            continue
        return _response(options, params)


def _asked_options(request: InputRequest) -> list[str]:
    several = "numbers or names, with commas between them" if request.multiple else "number or name"
    if len(request.options) == 1:
        return list(request.options)
    text = input(f"Your choice ({several}): ").strip()
    if not text:
        return list(request.defaults or ())
    entries = [text] if text in request.options else [one.strip() for one in text.split(",")]
    return [_option(request, entry) for entry in entries if entry]


def _option(request: InputRequest, entry: str) -> str:
    if (
        entry not in request.options
        and entry.isdecimal()
        and 0 < int(entry) <= len(request.options)
    ):
        return request.options[int(entry) - 1]
    return entry


def _asked_params(request: InputRequest) -> dict[str, JsonValue]:
    params: dict[str, JsonValue] = {}
    for name, param in request.params.items():
        described = param if isinstance(param, Mapping) else {"value": param}
        default = described.get("value")
        shown = f" [{json.dumps(default)}]" if "value" in described else ""
        text = input(f"{name}{shown}: ")
        params[name] = default if not text and "value" in described else _typed(text)
    return params


def _typed(text: str) -> JsonValue:
    """JSON where it is that, otherwise the text."""
    try:
        value: JsonValue = json.loads(text)
    except ValueError:
        return text
    return value


def _response(options: list[str], params: dict[str, JsonValue]) -> InputResponse:
    user = getpass.getuser()
    return InputResponse(
        chosen_options=tuple(options),
        params_input=params,
        responded_at=datetime.now(UTC),
        responded_by=Person(user, user),
    )
