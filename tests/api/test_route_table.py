"""The table finds the route that trying one after the other would find."""

from __future__ import annotations

import re

import pytest
from starlette.routing import Match, Route
from tests.api.conftest import routes_of

from slipstream.api.app import create_app
from slipstream.api.route_table import RouteTable
from slipstream.api.routing import OperationRoute
from slipstream.api.settings import ApiSettings
from slipstream.store.interface import Store


@pytest.fixture
def table(store: Store, settings: ApiSettings) -> RouteTable:
    app = create_app(store, settings=settings)
    (found,) = [route for route in app.routes if isinstance(route, RouteTable)]
    assert len(found.routes) == sum(isinstance(r, OperationRoute) for r in routes_of(app))
    return found


def tried(routes: tuple[Route, ...], method: str, path: str) -> tuple[Match, str | None, object]:
    """What trying them all gives."""
    partial: tuple[Match, str | None, object] = (Match.NONE, None, None)
    for route in routes:
        match, child = route.matches(asked(method, path))
        if match is Match.FULL:
            return match, route.name, child["path_params"]
        if match is Match.PARTIAL and partial[0] is Match.NONE:
            partial = match, route.name, child["path_params"]
    return partial


def found_by(table: RouteTable, method: str, path: str) -> tuple[Match, str | None, object]:
    match, child = table.matches(asked(method, path))
    if match is Match.NONE:
        return match, None, None
    return match, child["slipstream.route"].name, child["path_params"]


def asked(method: str, path: str, prefix: str = "") -> dict[str, object]:
    return {"type": "http", "method": method, "path": prefix + path, "root_path": prefix}


@pytest.mark.parametrize("filling", ["1", "~", "dags", "a.b", "%2F", "", "list", "é"])
def test_every_path_is_found_as_before(table: RouteTable, filling: str) -> None:
    paths = {re.sub(r"\{[^}]+\}", filling, route.path) for route in table.routes}
    for path in sorted(paths):
        for asked_for in (path, path + "/", path + "/more", path + "/a/b/c/d/e/f", "/x" + path):
            for method in ("GET", "POST", "PATCH", "DELETE", "TRACE"):
                expected = tried(table.routes, method, asked_for)
                assert found_by(table, method, asked_for) == expected, (method, asked_for)


@pytest.mark.parametrize("path", ["", "/", "//", "/api", "/api/v2", "/api/v2/", "/" * 500])
def test_what_is_no_path_of_an_operation_is_not_found(table: RouteTable, path: str) -> None:
    assert found_by(table, "GET", path) == tried(table.routes, "GET", path)


def test_a_path_below_a_prefix_is_found(table: RouteTable) -> None:
    match, child = table.matches(asked("GET", "/api/v2/dags/etl/dagRuns", "/flows"))

    assert match is Match.FULL
    assert child["slipstream.route"].name == "get_dag_runs"
    assert table.matches(asked("GET", "", "/flows"))[0] is Match.NONE


def test_whatever_is_asked_for_the_table_stays_small(table: RouteTable) -> None:
    for number in range(5000):
        table.matches(asked("GET", f"/api/v2/noun{number}" + "/x" * (number % 300)))

    assert len(table._fitting) < 40
