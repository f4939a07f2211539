"""URIs of assets in the one form in which they are compared.

As in Airflow: the scheme in small letters, no password, no fragment, no slash at the end, the query
in alphabetical order; and what the provider of a scheme makes of it, such as the port of a
database. What is no URI, and schemes that begin with `x-`, stay as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

_PLAIN = frozenset({"file", "http", "https"})
"""Schemes that no provider has a say in."""


def normalized(uri: str) -> str:
    """The URI. Raises `ValueError` for one that its provider does not accept."""
    if ":" not in uri and "//" not in uri:
        return uri
    parts = urlsplit(uri)
    scheme = parts.scheme.lower()
    if not scheme or scheme.startswith("x-"):
        return uri
    if scheme == "airflow":
        raise ValueError(f"The scheme of the asset URI {uri!r} is reserved.")
    place = parts.netloc
    if parts.password:
        warnings.warn(
            f"The URI of the asset at {parts.hostname!r} has a password in it; user and password "
            "are left out. Keep them in a connection.",
            UserWarning,
            stacklevel=3,
        )
        place = place.rpartition("@")[2]
    parts = SplitResult(
        scheme=scheme,
        netloc=place,
        path=parts.path.rstrip("/") or "/",
        query=urlencode(sorted(parse_qsl(parts.query))),
        fragment="",
    )
    handler = None if scheme in _PLAIN else _handler(scheme)
    return urlunsplit(parts if handler is None else handler(parts))


def without_password(uri: str) -> str:
    """The URI as it is, but for user and password where there is a password."""
    if "@" not in uri or "://" not in uri:
        return uri
    parts = urlsplit(uri)
    if not parts.password:
        return uri
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


@cache
def _handler(scheme: str) -> Callable[[SplitResult], SplitResult] | None:
    """What an installed provider makes of URIs of that scheme."""
    from slipstream.sdk._provider_info import provided

    for what in ("asset-uris", "dataset-uris"):
        for entry in provided(what):
            path = entry.get("handler")
            if scheme in entry["schemes"] and path:
                return _imported(str(path))
    return None


def _imported(path: str) -> Callable[[SplitResult], SplitResult]:
    from importlib import import_module

    module, _, name = path.rpartition(".")
    found: Callable[[SplitResult], SplitResult] = getattr(import_module(module), name)
    return found
