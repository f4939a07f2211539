"""Which methods a path has: the `Allow` header of an answer to another one (RFC 9110, 15.5.6).

Each operation is a route of its own, so that no route knows the methods of its path by itself.
"""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request

from slipstream.api.route_table import RouteTable


def methods_of(request: Request) -> frozenset[str]:
    """The methods that the operations at the request's path have; none where there are none."""
    tables = (route for route in request.app.router.routes if isinstance(route, RouteTable))
    return frozenset(method for table in tables for method in table.methods_at(request.scope))


def not_allowed(methods: frozenset[str]) -> HTTPException:
    """Says that the path has other methods: these."""
    return HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})
