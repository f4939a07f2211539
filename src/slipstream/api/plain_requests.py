"""Reads requests in which nothing can be wrong, without FastAPI's analysis.

FastAPI goes through every kind of parameter that an operation could have, for each request anew.
Most requests have texts in their path and at the most a JSON body. Those are read here; whatever is
not just as it should be is left to FastAPI, which says what is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from inspect import Parameter, Signature
from typing import Annotated, TypeAlias, get_args, get_origin

from fastapi.params import Query
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

PlainReader: TypeAlias = "Callable[[Request], Awaitable[Mapping[str, object] | None]]"
"""The handler's arguments; None where FastAPI is to find out what they are."""


def plain_reader(signature: Signature, path: str) -> PlainReader | None:
    """Reads requests for a handler of that signature, its first parameter apart; None where every
    request needs more than this."""
    body: tuple[str, type[BaseModel]] | None = None
    for parameter in [*signature.parameters.values()][1:]:
        hint = parameter.annotation
        if "{" + parameter.name + "}" in path and hint is str:
            continue
        if body is None and isinstance(hint, type) and issubclass(hint, BaseModel):
            body = parameter.name, hint
        elif not _may_be_left_out(parameter):
            return None
    if body is None:
        return _read_path
    name, model = body

    async def read(request: Request) -> Mapping[str, object] | None:
        if request.headers.get("content-type") != "application/json":
            return None
        found = await _read_path(request)
        if found is None:
            return None
        try:
            return {**found, name: model.model_validate(json.loads(await request.body()))}
        except (ValidationError, ValueError, RecursionError):
            return None

    return read


async def _read_path(request: Request) -> Mapping[str, object] | None:
    return None if request.scope["query_string"] else request.path_params


def _may_be_left_out(parameter: Parameter) -> bool:
    """Whether it is of the query, and the handler knows what it is without one."""
    if get_origin(parameter.annotation) is not Annotated or parameter.default is Parameter.empty:
        return False
    hint, *meanings = get_args(parameter.annotation)
    is_model = isinstance(hint, type) and issubclass(hint, BaseModel)
    return not is_model and any(isinstance(meaning, Query) for meaning in meanings)
