"""What tasks ask people, and the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field

from slipstream.api.payloads.base import Instant, Payload
from slipstream.api.payloads.bodies import Body
from slipstream.api.payloads.task_instances import (
    TaskInstanceHistoryResponse,
    TaskInstanceResponse,
)
from slipstream.model.input import InputRequest, InputResponse, Person
from slipstream.model.json import JsonValue
from slipstream.store.input_records import InputRecord


class HITLUser(Payload, frozen=True, kw_only=True):
    """Somebody who may answer, or has answered."""

    id: str
    name: str


class HITLDetail(Payload, frozen=True, kw_only=True):
    """What a task instance asks, or has asked in its latest try."""

    options: Sequence[str]
    subject: str
    body: str | None = None
    defaults: Sequence[str] | None = None
    multiple: bool = False
    params: Mapping[str, JsonValue] = {}
    assigned_users: Sequence[HITLUser] = ()
    created_at: Instant
    responded_by_user: HITLUser | None = None
    responded_at: Instant | None = None
    chosen_options: Sequence[str] | None = None
    params_input: Mapping[str, JsonValue] = {}
    response_received: bool = False
    task_instance: TaskInstanceResponse


class HITLDetailCollection(Payload, frozen=True, kw_only=True):
    """A page of questions."""

    hitl_details: Sequence[HITLDetail]
    total_entries: int


class HITLDetailHistory(Payload, frozen=True, kw_only=True):
    """What one try of a task instance has asked."""

    options: Sequence[str]
    subject: str
    body: str | None = None
    defaults: Sequence[str] | None = None
    multiple: bool = False
    params: Mapping[str, JsonValue] = {}
    assigned_users: Sequence[HITLUser] = ()
    created_at: Instant
    responded_by_user: HITLUser | None = None
    responded_at: Instant | None = None
    chosen_options: Sequence[str] | None = None
    params_input: Mapping[str, JsonValue] = {}
    response_received: bool = False
    task_instance: TaskInstanceHistoryResponse


class HITLDetailResponse(Payload, frozen=True, kw_only=True):
    """The answer that was kept."""

    responded_by: HITLUser
    responded_at: Instant
    chosen_options: Sequence[str]
    params_input: Mapping[str, JsonValue] = {}


class UpdateHITLDetailPayload(Body):
    """An answer."""

    chosen_options: list[str] = Field(min_length=1)
    params_input: dict[str, JsonValue] = Field(default_factory=dict)


def detail_payload(asked: InputRecord, instance: TaskInstanceResponse) -> HITLDetail:
    """A question as its payload."""
    request, response = asked.request, asked.response
    return HITLDetail(
        options=request.options,
        subject=request.subject,
        body=request.body,
        defaults=request.defaults,
        multiple=request.multiple,
        params=_form(request),
        assigned_users=[_user(person) for person in request.assigned_users],
        created_at=asked.created_at,
        responded_by_user=_responder(response),
        responded_at=None if response is None else response.responded_at,
        chosen_options=None if response is None else response.chosen_options,
        params_input={} if response is None else response.params_input,
        response_received=response is not None,
        task_instance=instance,
    )


def history_payload(asked: InputRecord, of_try: TaskInstanceHistoryResponse) -> HITLDetailHistory:
    """A question of one try as its payload."""
    request, response = asked.request, asked.response
    return HITLDetailHistory(
        options=request.options,
        subject=request.subject,
        body=request.body,
        defaults=request.defaults,
        multiple=request.multiple,
        params=_form(request),
        assigned_users=[_user(person) for person in request.assigned_users],
        created_at=asked.created_at,
        responded_by_user=_responder(response),
        responded_at=None if response is None else response.responded_at,
        chosen_options=None if response is None else response.chosen_options,
        params_input={} if response is None else response.params_input,
        response_received=response is not None,
        task_instance=of_try,
    )


def answer_payload(response: InputResponse, by: Person) -> HITLDetailResponse:
    """An answer as its payload."""
    return HITLDetailResponse(
        responded_by=_user(by),
        responded_at=response.responded_at,
        chosen_options=response.chosen_options,
        params_input=response.params_input,
    )


def _user(person: Person) -> HITLUser:
    return HITLUser(id=person.id, name=person.name)


def _responder(response: InputResponse | None) -> HITLUser | None:
    by = None if response is None else response.responded_by
    return None if by is None else _user(by)


def _form(request: InputRequest) -> dict[str, JsonValue]:
    """The fields; a value of None stands for one that must be filled in."""
    shown: dict[str, JsonValue] = {}
    for name, param in request.params.items():
        described = param if isinstance(param, Mapping) else {"value": param}
        shown[name] = {
            "value": described.get("value"),
            "description": described.get("description"),
            "schema": described.get("schema") or {},
        }
    return shown
