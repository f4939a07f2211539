"""Testing connections, and those that a deployment may begin with."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated

from fastapi import Header

from slipstream.api.auth.access import Resource, creating, reading
from slipstream.api.call import Call
from slipstream.api.connection_tests import ConnectionTester
from slipstream.api.errors import NotAllowedError
from slipstream.api.operation import Routes
from slipstream.api.payloads.settings import (
    AsyncConnectionTestResponse,
    ConnectionBody,
    ConnectionTestQueuedResponse,
    ConnectionTestRequestBody,
    ConnectionTestResponse,
)
from slipstream.api.public.connections import changed_connection, new_connection
from slipstream.model.errors import InvalidInputError
from slipstream.runtime.connection_trial import Verdict
from slipstream.store.component_records import TrialState
from slipstream.store.default_connections import create_missing
from slipstream.store.records import ConnectionRecord

routes = Routes("Connection")


@routes.add(
    "POST",
    "/connections/test",
    permission=creating(Resource.CONNECTION),
    answer=ConnectionTestResponse,
)
def test_connection(call: Call, body: ConnectionBody) -> ConnectionTestResponse:
    """Whether the service answers. What is masked or left out is taken from the stored one."""
    verdict = _tester(call).test(_meant(call, body))
    return ConnectionTestResponse(status=verdict.status, message=verdict.message)


@routes.add(
    "POST",
    "/connections/enqueue-test",
    permission=creating(Resource.CONNECTION),
    answer=ConnectionTestQueuedResponse,
    status=202,
)
def enqueue_connection_test(
    call: Call, body: ConnectionTestRequestBody
) -> ConnectionTestQueuedResponse:
    """Test in the background; the token asks for the result."""
    tester = _tester(call)
    if body.executor not in (None, call.settings.executor):
        raise InvalidInputError(
            f"There is no executor {body.executor!r} here: it is {call.settings.executor!r}, and "
            "the server tests connections itself."
        )
    connection = _meant(call, body)
    token = secrets.token_urlsafe(32)
    name = _hash(token)
    store = call.store
    store.begin_connection_trial(name, connection.conn_id, call.now() + tester.longest)

    def ended(verdict: Verdict) -> None:
        if verdict.status and body.commit_on_success:
            store.set_connection(connection)
        state = TrialState.SUCCESS if verdict.status else TrialState.FAILED
        store.note_connection_trial(name, state, verdict.message)

    tester.test_later(
        connection, lambda: store.note_connection_trial(name, TrialState.RUNNING), ended
    )
    return ConnectionTestQueuedResponse(
        token=token, connection_id=connection.conn_id, state=TrialState.QUEUED.value
    )


@routes.add(
    "GET",
    "/connections/enqueue-test",
    permission=reading(Resource.CONNECTION),
    answer=AsyncConnectionTestResponse,
    refusals=(404,),
)
def get_connection_test(
    call: Call, airflow_connection_test_token: Annotated[str, Header()]
) -> AsyncConnectionTestResponse:
    """How far the test is that the token in the header belongs to."""
    trial = call.store.get_connection_trial(_hash(airflow_connection_test_token))
    return AsyncConnectionTestResponse(
        token=airflow_connection_test_token,
        connection_id=trial.conn_id,
        state=trial.state.value,
        result_message=trial.message,
        created_at=trial.created_at,
    )


@routes.add("POST", "/connections/defaults", permission=creating(Resource.CONNECTION), status=204)
def create_default_connections(call: Call) -> None:
    """Create those of the usual connections of providers that are not there."""
    create_missing(call.store)


def _tester(call: Call) -> ConnectionTester:
    """What tests connections. Raises `NotAllowedError` where the settings do not allow it."""
    tester = call.deployment.connection_tester
    if call.settings.test_connection != "Enabled" or tester is None:
        raise NotAllowedError(
            "Testing connections is disabled: [core] test_connection is "
            f"{call.settings.test_connection}; set it to Enabled to allow it."
        )
    return tester


def _meant(call: Call, body: ConnectionBody) -> ConnectionRecord:
    stored = call.store.get_connection(body.connection_id)
    if stored is None:
        return new_connection(call, body)
    return changed_connection(call, stored, body)


def _hash(token: str) -> str:
    """What is stored of a token: who reads the table cannot ask with it."""
    return hashlib.sha256(token.encode()).hexdigest()
