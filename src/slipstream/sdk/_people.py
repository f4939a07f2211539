"""Asking people, from a task: Airflow's names of `airflow.sdk.execution_time.hitl`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from slipstream.model.input import InputRequest, InputResponse, Person
from slipstream.sdk._running import get_current_context, require_backend
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException


class HITLUser(TypedDict):
    """Somebody who may answer, or has answered. The id is the user's name in the deployment."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HITLDetailResponse:
    """The answer, as far as there is one."""

    response_received: bool
    chosen_options: list[str] | None = None
    params_input: Mapping[str, UserValue] = field(default_factory=dict)
    responded_at: datetime | None = None
    responded_by_user: Person | None = None
    """None where nobody answered in time."""


def upsert_hitl_detail(
    ti_id: UUID | str,
    options: list[str],
    subject: str,
    body: str | None = None,
    defaults: list[str] | None = None,
    multiple: bool = False,
    params: Mapping[str, UserValue] | None = None,
    assigned_users: Sequence[HITLUser] | None = None,
) -> None:
    """Show people a question; a task goes on to wait for them by raising `TaskAwaitingInput`.

    `params` are the fields of a form, `{name: {value, description, schema}}` or `{name: value}`.
    Raises `AirflowException` where `ti_id` is not that of the running task instance, and
    `ValueError` for a question that nobody could answer.
    """
    ti = get_current_context()["ti"]
    if str(ti_id) != str(ti.id):
        raise AirflowException(
            f"A task asks people in its own name: expected ti_id {ti.id!s}, found {ti_id!s}."
        )
    request = InputRequest(
        subject=str(subject),
        options=tuple(str(option) for option in options),
        body=None if body is None else str(body),
        defaults=None if defaults is None else tuple(defaults),
        multiple=multiple,
        params={name: _described(value) for name, value in (params or {}).items()},
        assigned_users=tuple(_person(user) for user in assigned_users or ()),
    )
    if not request.options:
        raise ValueError("There have to be options to choose from, and there is none.")
    require_backend().ask_input(request)
    ti.asked = request


def update_hitl_detail_response(
    ti_id: UUID | str, chosen_options: list[str], params_input: Mapping[str, UserValue]
) -> HITLDetailResponse:
    """Let this count as the answer, because nobody gave one in time.

    Raises `ConflictError` where somebody has.
    """
    del ti_id  # It is that of the attempt that asks, or the server refuses it.
    response = require_backend().take_default_input(
        chosen_options=chosen_options, params_input=params_input
    )
    return _shown(response)


def get_hitl_detail_content_detail(ti_id: UUID | str) -> HITLDetailResponse:
    """The answer to what the attempt of that id has asked, as far as there is one.

    Raises `NotFoundError` where it has asked nothing.
    """
    return _shown(require_backend().get_input(str(ti_id))[1])


def _shown(response: InputResponse | None) -> HITLDetailResponse:
    if response is None:
        return HITLDetailResponse(response_received=False)
    return HITLDetailResponse(
        response_received=True,
        chosen_options=list(response.chosen_options),
        params_input=dict(response.params_input),
        responded_at=response.responded_at,
        responded_by_user=response.responded_by,
    )


def _person(user: UserValue) -> Person:
    if not isinstance(user, Mapping) or not user.get("id"):
        raise ValueError(
            f"An assigned user is a dictionary with the keys id and name; found {user!r}."
        )
    return Person(str(user["id"]), str(user.get("name") or user["id"]))


def _described(value: UserValue) -> dict[str, UserValue]:
    """A field of the form; one that has no `value` must be filled in."""
    if isinstance(value, Mapping) and {"description", "schema"} <= value.keys():
        shown = {"description": value["description"], "schema": value["schema"]}
        return {"value": value["value"], **shown} if "value" in value else shown
    return {"value": value, "description": None, "schema": {}}
