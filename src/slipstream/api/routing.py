"""Turns operations into routes of a FastAPI app.

FastAPI analyses an endpoint's parameters when its route is made, which costs a millisecond or two
for each. The routes here have that done when they are first asked for, so that an app of a
hundred operations is ready in no time.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from threading import Lock
from typing import Annotated, Any, TypeAlias, get_args, get_origin, get_type_hints

import msgspec
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from slipstream.api.auditing import complete, entry_of
from slipstream.api.auth.cookie import door_of
from slipstream.api.auth.gate import Gate
from slipstream.api.auth.user import ANYBODY
from slipstream.api.call import Call, Deployment
from slipstream.api.operation import Answer, Open, Operation
from slipstream.api.payloads.base import Payload
from slipstream.api.plain_requests import plain_reader
from slipstream.store.errors import WouldWaitError

_Handle: TypeAlias = "Callable[[Request], Coroutine[Any, Any, Response]]"

_encode = msgspec.json.Encoder(decimal_format="string").encode


class OperationRoute(Route):
    """The route of one operation, analysed by FastAPI when it is first asked for."""

    def __init__(self, operation: Operation, deployment: Deployment, gate: Gate) -> None:
        self.operation = operation
        super().__init__(
            operation.path,
            endpoint=_OnFirstUse(operation, deployment, gate),
            methods=[operation.method],
            name=operation.operation_id,
        )


class _OnFirstUse:
    """An ASGI app that is made when it is first called."""

    def __init__(self, operation: Operation, deployment: Deployment, gate: Gate) -> None:
        self._parts = (operation, deployment, gate)
        self._app: ASGIApp | None = None
        self._making = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if app is None:
            with self._making:
                app = self._app = self._app or _analysed(*self._parts).app
        await app(scope, receive, send)


def _analysed(operation: Operation, deployment: Deployment, gate: Gate) -> APIRoute:
    return GatedRoute(
        operation.path,
        endpoint_of(operation, deployment),
        methods=[operation.method],
        response_model=None,
        gate=gate,
        operation=operation,
    )


class GatedRoute(APIRoute):
    """Asks the gate before the request's parameters are even looked at."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[..., object],
        *,
        methods: list[str],
        response_model: None,
        gate: Gate,
        operation: Operation,
    ) -> None:
        self._gate = gate
        self._permission = operation.permission
        self._read = plain_reader(inspect.signature(endpoint), path)
        super().__init__(path, endpoint, methods=methods, response_model=response_model)

    def get_route_handler(self):  # type: ignore[no-untyped-def]  # FastAPI's type, inferred
        inner = self._reading_plainly(super().get_route_handler())
        permission = self._permission
        gate = self._gate
        if permission is Open.PUBLIC:
            return inner

        async def admit_and_handle(request: Request) -> Response:
            if isinstance(permission, Open):
                request.state.user = gate.who(request)
            else:
                request.state.user, request.state.dag_ids = gate.admit(request, permission)
                request.state.readmit = lambda: gate.admit(request, permission)[1]
            return await inner(request)

        return admit_and_handle

    def _reading_plainly(self, analyse: _Handle) -> _Handle:
        read, endpoint = self._read, self.endpoint
        if read is None:
            return analyse

        async def handle(request: Request) -> Response:
            found = await read(request)
            if found is None:
                return await analyse(request)
            answer: Response = await endpoint(request, **found)
            return answer

        return handle


def endpoint_of(operation: Operation, deployment: Deployment) -> Callable[..., object]:
    """The handler as FastAPI calls it: parameters by keyword, a response as the result.

    Short operations run on the event loop where the store is near; the others in a thread. To hand
    one over to a thread and wait for it costs as much as many of them take.
    """
    handler, status = operation.handler, operation.status

    def answer(
        request: Request, parameters: Mapping[str, object], *, may_wait: bool = True
    ) -> Response:
        state = request.state
        call = Call(
            deployment,
            address=request.client.host if request.client else None,
            user=getattr(state, "user", ANYBODY),
            dag_ids=getattr(state, "dag_ids", None),
            door=door_of(request),
            base_url=lambda: f"{request.url.scheme}://{request.url.netloc}",
            readmit=getattr(state, "readmit", None),
            may_wait=may_wait,
        )
        if not operation.audited:
            return rendered(handler(call, **parameters), status)
        entry = entry_of(operation, call.user, call.address, call.door, parameters)
        result = handler(replace(call, entry=entry), **parameters)
        if entry is not None:
            complete(deployment.store, entry)
        return rendered(result, status)

    async def answer_at_once(request: Request, **parameters: object) -> Response:
        return answer(request, parameters)

    async def answer_in_thread(request: Request, **parameters: object) -> Response:
        # FastAPI would do so itself, at three times the cost.
        return await asyncio.to_thread(answer, request, parameters)

    async def answer_at_once_if_possible(request: Request, **parameters: object) -> Response:
        try:
            with deployment.store.at_once():
                return answer(request, parameters, may_wait=False)
        except WouldWaitError:
            return await answer_in_thread(request, **parameters)

    is_near = deployment.settings.store_is_near
    endpoint: Callable[..., object] = answer_in_thread
    if is_near and operation.brief:
        endpoint = answer_at_once_if_possible
    elif is_near and not operation.slow:
        endpoint = answer_at_once
    endpoint.__name__ = operation.operation_id
    endpoint.__doc__ = handler.__doc__
    endpoint.__signature__ = _signature(handler)  # type: ignore[attr-defined]  # read by inspect
    return endpoint


def rendered(answer: Answer, status: int = 200) -> Response:
    """The answer as JSON; a response as it is; nothing as 204."""
    if isinstance(answer, Payload):
        return Response(_encode(answer), status, media_type="application/json")
    if answer is None:
        return Response(status_code=204)
    return answer


def _signature(handler: Callable[..., Answer]) -> inspect.Signature:
    """The handler's, with the request in the call's place and the annotations evaluated."""
    hints = get_type_hints(handler, include_extras=True)
    for hint in hints.values():
        _build(hint)
    _, *parameters = inspect.signature(handler).parameters.values()
    request = inspect.Parameter(
        "request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request
    )
    return inspect.Signature([request, *(p.replace(annotation=hints[p.name]) for p in parameters)])


def _build(hint: object) -> None:
    """Make the validator of a payload now: FastAPI puts off nothing that pydantic puts off."""
    model = get_args(hint)[0] if get_origin(hint) is Annotated else hint
    if isinstance(model, type) and issubclass(model, BaseModel):
        model.model_config["defer_build"] = False
        model.model_rebuild(force=True)
