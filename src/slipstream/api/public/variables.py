"""Variables."""

from __future__ import annotations

import json
from typing import Annotated, Final

from fastapi import Query as QueryParameter

from slipstream.api.auth.access import Resource, creating, deleting, editing, reading
from slipstream.api.bulk import Target, carry_out
from slipstream.api.call import Call
from slipstream.api.masking import masked_text, unmasked_text
from slipstream.api.operation import Routes
from slipstream.api.payloads.bulk import BulkBody, BulkResponse
from slipstream.api.payloads.filters import Paging, like
from slipstream.api.payloads.settings import (
    VariableBody,
    VariableCollectionResponse,
    VariableResponse,
)
from slipstream.api.teams import chosen_team
from slipstream.api.update_mask import changed_fields
from slipstream.model.errors import AlreadyExistsError, InvalidInputError, NotFoundError
from slipstream.model.json import JsonValue
from slipstream.store.records import VariableRecord

routes = Routes("Variable")

_VARIABLE: Final = "/variables/{variable_key:path}"
_ORDER: Final = {
    "key": "key",
    "id": "key",
    "_val": "value",
    "description": "description",
    "is_encrypted": "key",  # all are
    "team_name": "team_name",
}


class VariableQuery(Paging):
    """Which variables."""

    variable_key_pattern: str | None = None
    variable_key_prefix_pattern: str | None = None


@routes.add(
    "GET",
    "/variables",
    permission=reading(Resource.VARIABLE),
    answer=VariableCollectionResponse,
)
def get_variables(
    call: Call, query: Annotated[VariableQuery, QueryParameter()]
) -> VariableCollectionResponse:
    """A page of variables."""
    pattern = like(query.variable_key_pattern, query.variable_key_prefix_pattern)
    page = call.store.list_variables(pattern, query.window(call.settings, _ORDER))
    return VariableCollectionResponse(
        variables=[_payload(variable) for variable in page.items], total_entries=page.total
    )


@routes.add(
    "POST",
    "/variables",
    permission=creating(Resource.VARIABLE),
    answer=VariableResponse,
    status=201,
)
def post_variable(call: Call, body: VariableBody) -> VariableResponse:
    """Create a variable."""
    if call.store.get_variable(body.key) is not None:
        raise AlreadyExistsError(f"There is a variable {body.key!r} already; PATCH changes it.")
    variable = VariableRecord(
        key=body.key,
        value=_text(body.value),
        description=body.description,
        team_name=chosen_team(call, body.team_name),
    )
    call.store.set_variable(variable)
    return _payload(variable)


@routes.add("PATCH", "/variables", permission=editing(Resource.VARIABLE), answer=BulkResponse)
def bulk_variables(call: Call, body: BulkBody[VariableBody]) -> BulkResponse:
    """Create, change and remove variables."""

    def key_of(variable: str | VariableBody) -> str:
        return variable if isinstance(variable, str) else variable.key

    target = Target[VariableBody](
        noun="variables",
        key=key_of,
        exists=lambda variable: call.store.get_variable(key_of(variable)) is not None,
        create=lambda variable: post_variable(call, variable),
        update=lambda variable, mask: patch_variable(call, variable.key, variable, mask),
        delete=lambda variable: delete_variable(call, key_of(variable)),
    )
    return carry_out(body, target)


@routes.add("GET", _VARIABLE, permission=reading(Resource.VARIABLE), answer=VariableResponse)
def get_variable(call: Call, variable_key: str) -> VariableResponse:
    """One variable."""
    return _payload(_stored(call, variable_key))


@routes.add("PATCH", _VARIABLE, permission=editing(Resource.VARIABLE), answer=VariableResponse)
def patch_variable(
    call: Call,
    variable_key: str,
    body: VariableBody,
    update_mask: Annotated[list[str] | None, QueryParameter()] = None,
) -> VariableResponse:
    """Change a variable. A masked part of the value keeps what it hides."""
    if body.key != variable_key:
        raise InvalidInputError(
            f"The body's key {body.key!r} is not the path's {variable_key!r}: a variable keeps "
            "its key."
        )
    stored = _stored(call, variable_key)
    changed = changed_fields(body, update_mask)
    value = unmasked_text(_text(body.value), stored.value) if "value" in changed else None
    variable = VariableRecord(
        key=variable_key,
        value=stored.value if value is None else value,
        description=body.description if "description" in changed else stored.description,
        team_name=(
            chosen_team(call, body.team_name) if "team_name" in changed else stored.team_name
        ),
    )
    call.store.set_variable(variable)
    return _payload(variable)


@routes.add("DELETE", _VARIABLE, permission=deleting(Resource.VARIABLE), status=204)
def delete_variable(call: Call, variable_key: str) -> None:
    """Remove a variable."""
    if not call.store.delete_variable(variable_key):
        raise _missing(variable_key)


def _stored(call: Call, key: str) -> VariableRecord:
    variable = call.store.get_variable(key)
    if variable is None:
        raise _missing(key)
    return variable


def _missing(key: str) -> NotFoundError:
    return NotFoundError(f"The Variable with key: {key!r} was not found")


def _text(value: JsonValue) -> str:
    """A text as it is; anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _payload(variable: VariableRecord) -> VariableResponse:
    return VariableResponse(
        key=variable.key,
        value=masked_text(variable.key, variable.value),
        description=variable.description,
        is_encrypted=variable.is_encrypted,
        team_name=variable.team_name,
    )
