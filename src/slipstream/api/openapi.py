"""The OpenAPI document, made when somebody asks for it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from slipstream import __version__
from slipstream.api.call import Deployment
from slipstream.api.operation import PUBLIC, Operation
from slipstream.api.payloads.base import Payload
from slipstream.api.payloads.task_instances import (
    ClearTaskInstanceCollectionResponse,
    NewTaskResponse,
    TaskInstanceResponse,
)
from slipstream.api.routing import endpoint_of
from slipstream.model.states import TaskState

_SECURITY_SCHEMES: Final = {
    "HTTPBearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
}


_KNOWN_NAMES: Final = {
    "RunState": "DagRunState",
    "RunType": "DagRunType",
    "TriggeredBy": "DagRunTriggeredByType",
    "TaskState": "TaskInstanceState",
}


class HTTPExceptionResponse(BaseModel):
    """Every error's body."""

    detail: str | dict[str, Any]  # the schema that Airflow's clients were generated from


_REFERENCE: Final = "#/components/schemas/{name}"
_ERROR: Final = _REFERENCE.format(name=HTTPExceptionResponse.__name__)
_OF_UNIONS: Final[Mapping[type[Payload], tuple[type[Payload], ...]]] = {
    ClearTaskInstanceCollectionResponse: (TaskInstanceResponse, NewTaskResponse),
}
"""Pages of entries of several types: of these."""


def openapi_document(operations: Sequence[Operation], deployment: Deployment) -> dict[str, Any]:
    """The document of these operations, from a FastAPI app that is made for it and dropped."""
    app = FastAPI(
        title="Slipstream REST API",
        version=__version__,
        description="Airflow's REST API v2, spoken by Slipstream.",
        servers=[{"url": deployment.settings.base_path}] if deployment.settings.base_path else None,
    )
    for operation in operations:
        app.add_api_route(
            operation.path,
            endpoint_of(operation, deployment),
            methods=[operation.method],
            response_model=None,
            response_class=JSONResponse if operation.answer else Response,
            status_code=_status(operation),
            operation_id=operation.operation_id,
            tags=[operation.tag],
            responses=_error_answers(operation) | _other_contents(operation),
            openapi_extra=None if operation.permission is PUBLIC else _locked(),
        )
    document = app.openapi()
    document.setdefault("components", {})["securitySchemes"] = _SECURITY_SCHEMES
    schemas = document["components"].setdefault("schemas", {})
    schemas[HTTPExceptionResponse.__name__] = HTTPExceptionResponse.model_json_schema()
    _describe_answers(document, operations)
    _describe_refusals(document)
    return _with_known_names(document)


def _describe_answers(document: dict[str, Any], operations: Sequence[Operation]) -> None:
    """Add what the operations answer with: payloads are none of pydantic's."""
    kinds = dict.fromkeys(kind for operation in operations for kind in _answers(operation))
    unions = [kind for kind in kinds if kind in _OF_UNIONS]
    plain = [kind for kind in kinds if kind not in _OF_UNIONS]
    plain += [part for kind in unions for part in _OF_UNIONS[kind] if part not in kinds]
    references, schemas = msgspec.json.schema_components(plain, ref_template=_REFERENCE)
    by_kind = dict(zip(plain, references, strict=True))
    for kind in unions:
        schemas[kind.__name__] = _page_of_several(kind, [by_kind[one] for one in _OF_UNIONS[kind]])
        by_kind[kind] = {"$ref": _REFERENCE.format(name=kind.__name__)}
    document["components"].setdefault("schemas", {}).update(schemas)
    for operation in operations:
        if operation.answer:
            path = re.sub(r":\w+\}", "}", operation.path)
            described = document["paths"][path][operation.method.lower()]
            content = described["responses"][str(operation.status)].setdefault("content", {})
            schemas_of = [by_kind[kind] for kind in _answers(operation)]
            content["application/json"] = {
                "schema": schemas_of[0] if len(schemas_of) == 1 else {"anyOf": schemas_of}
            }


def _page_of_several(kind: type[Payload], parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The schema of a page whose entries are of several types, which msgspec describes only where
    a field tells them apart."""
    (entries,) = (name for name in kind.__struct_fields__ if name != "total_entries")
    return {
        "title": kind.__name__,
        "description": kind.__doc__,
        "type": "object",
        "properties": {
            entries: {"type": "array", "items": {"anyOf": parts}},
            "total_entries": {"type": "integer"},
        },
        "required": [entries, "total_entries"],
    }


def _answers(operation: Operation) -> list[type[Payload]]:
    return [kind for kind in (operation.answer, operation.other_answer) if kind is not None]


def _describe_refusals(document: dict[str, Any]) -> None:
    """Say that a value may be refused with a sentence as well, not with FastAPI's list alone."""
    for operations in document["paths"].values():
        for described in operations.values():
            content = described["responses"].get("422", {}).get("content", {})
            for answer in content.values():
                answer["schema"] = {"anyOf": [answer["schema"], {"$ref": _ERROR}]}


def _with_known_names(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the enumerations named as Airflow's clients know them."""
    text = json.dumps(document)
    for ours, known in _KNOWN_NAMES.items():
        text = text.replace(f'"#/components/schemas/{ours}"', f'"#/components/schemas/{known}"')
    renamed: dict[str, Any] = json.loads(text)
    schemas = renamed.get("components", {}).get("schemas", {})
    for ours, known in _KNOWN_NAMES.items():
        if ours in schemas:
            schemas[known] = schemas.pop(ours) | {"title": known}
    states = schemas.get("TaskInstanceState", {}).get("enum", [])
    if TaskState.NONE in states:
        states.remove(TaskState.NONE)
    return renamed


def _locked() -> dict[str, Any]:
    return {"security": [{name: []} for name in _SECURITY_SCHEMES]}


def _status(operation: Operation) -> int:
    """What it answers with when all is well; 204 where it says nothing."""
    says_something = operation.answer or operation.content_types or operation.status != 200
    return operation.status if says_something else 204


def _error_answers(operation: Operation) -> dict[int | str, dict[str, Any]]:
    statuses = {*operation.refusals}
    if operation.permission is not PUBLIC:
        statuses |= {400, 401, 403}
    if operation.method != "GET":
        # Bodies name things as well.
        statuses |= {400, 404, 409}
    if "{" in operation.path:
        statuses.add(404)
    # Told as it stands in the document: made from the model, it is made anew for each of hundreds.
    content = {"application/json": {"schema": {"$ref": _ERROR}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in sorted(statuses)
    }


def _other_contents(operation: Operation) -> dict[int | str, dict[str, Any]]:
    if not operation.content_types:
        return {}
    contents = {kind: {"schema": {"type": "string"}} for kind in operation.content_types}
    return {operation.status: {"content": contents}}
