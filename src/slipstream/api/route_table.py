"""Finds the route of a request among many without trying them all.

Starlette tries one pattern after the other, which takes longer than some answers do. Here only
those are tried that have the same noun (`dags` in `/api/v2/dags/…`) and as many segments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

_NOUN: Final = 3
"""The segment that holds it; the first one, before the leading slash, is empty."""
_FOUND: Final = "slipstream.route"

_Shape: TypeAlias = tuple[str, int]


class RouteTable(BaseRoute):
    """Many routes as one, tried in their order."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._nouns = {noun for route in self.routes if (noun := _noun_of(route)) is not None}
        self._most_segments = max(_length_of(route) for route in self.routes)
        self._fitting: dict[_Shape, tuple[Route, ...]] = {}

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first that matches; without one, the first that does but for the method."""
        partial: tuple[Match, Scope] = (Match.NONE, {})
        if scope["type"] != "http":
            return partial
        for route in self._candidates(_path_of(scope)):
            match, child_scope = route.matches(scope)
            if match is Match.FULL or (match is Match.PARTIAL and partial[0] is Match.NONE):
                child_scope[_FOUND] = route
                partial = match, child_scope
            if match is Match.FULL:
                break
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the route that matched answer."""
        await scope[_FOUND].handle(scope, receive, send)

    def methods_at(self, scope: Scope) -> frozenset[str]:
        """The methods of all routes that match the request's path."""
        found: set[str] = set()
        for route in self._candidates(_path_of(scope)):
            if route.matches(scope)[0] is not Match.NONE:
                found |= route.methods or set()
        return frozenset(found)

    def _candidates(self, path: str) -> Sequence[Route]:
        segments = path.split("/")
        noun = segments[_NOUN] if len(segments) > _NOUN else ""
        # Whatever somebody asks for, this stays as small as the table.
        shape = (
            noun if noun in self._nouns else "",
            min(len(segments), self._most_segments + 1),
        )
        found = self._fitting.get(shape)
        if found is None:
            found = self._fitting[shape] = tuple(self._that_fit(shape))
        return found

    def _that_fit(self, shape: _Shape) -> Iterator[Route]:
        noun, length = shape
        for route in self.routes:
            of_route = _length_of(route)
            fits = length >= of_route if _is_open(route) else length == of_route
            if fits and _noun_of(route) in (None, noun):
                yield route


def _path_of(scope: Scope) -> str:
    """The path below the prefix that the whole application stands under."""
    path: str = scope["path"]
    prefix: str = scope.get("root_path", "")
    is_below = path == prefix or path.startswith(prefix + "/")
    return path[len(prefix) :] if prefix and is_below else path


def _noun_of(route: Route) -> str | None:
    """None where any noun may stand."""
    segments = route.path.split("/")
    if len(segments) <= _NOUN:
        return "" if not _is_open(route) else None
    return None if "{" in segments[_NOUN] else segments[_NOUN]


def _length_of(route: Route) -> int:
    return route.path.count("/") + 1


def _is_open(route: Route) -> bool:
    """Whether a parameter of its path may hold slashes."""
    return ":path}" in route.path
