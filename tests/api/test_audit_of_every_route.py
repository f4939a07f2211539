"""Whatever does not only read leaves an entry in the audit log: every route in its turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from anyio.from_thread import BlockingPortal
from starlette.requests import Request
from tests.api.conftest import routes_of

from slipstream.api.app import access_operations, create_app, public_operations, ui_operations
from slipstream.api.auth.user import User
from slipstream.api.call import Call, Deployment
from slipstream.api.operation import Operation
from slipstream.api.routing import OperationRoute, endpoint_of
from slipstream.api.settings import ApiSettings
from slipstream.store.event_records import Door, EventFilter
from slipstream.store.interface import Store
from slipstream.store.records import Window

WRITING = [
    entry
    for entry in (*public_operations(), *access_operations(), *ui_operations())
    if entry.method != "GET"
]
LISTINGS = {"get_list_dag_runs_batch", "get_task_instances_batch"}
"""They only read: what they are asked for comes in a body."""
SIGNING_IN = {
    # They keep who came in, who did not, and who left, by themselves.
    "create_token",
    "create_token_cli",
    "log_in",
    "log_out",
    "log_out_token",
    # A token for one: who came in is there already.
    "refresh_token",
}


def answering(handler: Callable[..., object]) -> Callable[..., None]:
    """A handler of the same name that does nothing."""

    def does_nothing(call: Call, **_: object) -> None:
        del call

    does_nothing.__name__ = handler.__name__
    return does_nothing


def request_of(operation: Operation) -> Request:
    scope = {
        "type": "http",
        "method": operation.method,
        "path": operation.path,
        "scheme": "http",
        "server": ("test", 80),
        "client": ("192.0.2.7", 1234),
        "headers": [],
        "query_string": b"",
    }
    request = Request(scope)
    request.state.user = User(name="ada", roles=("Op",), grants=frozenset())
    return request


@pytest.mark.parametrize("operation", WRITING, ids=lambda operation: operation.operation_id)
def test_a_route_that_changes_something_leaves_an_entry(
    operation: Operation, store: Store, settings: ApiSettings, portal: BlockingPortal
) -> None:
    if operation.operation_id in LISTINGS:
        assert not operation.audited
        return
    is_asking = operation.path.endswith("/dry_run")
    assert operation.audited, "it is in none of the lists of routes without an entry"
    quiet = replace(operation, handler=answering(operation.handler))
    endpoint = endpoint_of(quiet, Deployment(store=store, settings=settings))
    portal.call(endpoint, request_of(operation))
    entries = store.list_events(EventFilter(), Window()).items
    if is_asking:
        assert not entries
        return
    (entry,) = entries
    what = entry.what
    assert (what.event, what.owner, what.address) == (operation.operation_id, "ada", "192.0.2.7")
    assert what.door is Door.REST_API
    assert what.details["method"] == operation.method


def test_no_other_route_changes_anything(store: Store, settings: ApiSettings) -> None:
    app = create_app(store, settings=settings)
    known = {operation.operation_id for operation in WRITING}
    others = set()
    for route in routes_of(app):
        if isinstance(route, OperationRoute):
            if route.operation.method != "GET" and route.operation.operation_id not in known:
                others.add(route.operation.operation_id)
        else:
            assert set(getattr(route, "methods", ())) <= {"GET", "HEAD"}, route
    assert others == SIGNING_IN
