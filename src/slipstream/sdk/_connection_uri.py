"""Connections as URIs: `postgres://user:password@host:5432/schema?sslmode=require`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

if TYPE_CHECKING:
    from slipstream.sdk._connection import Connection

EXTRA_KEY = "__extra__"
"""The query key of a URI that holds a whole `extra` as JSON."""


def uri_of(connection: Connection) -> str:
    """The connection as a URI that gives the same connection again."""
    scheme = connection.conn_type.lower().replace("_", "-")
    uri = f"{scheme}://" if scheme else "//"
    protocol, separator, host = (connection.host or "").rpartition("://")
    uri += f"{protocol}://" if separator else ""
    uri += _authority(connection.login, connection.password)
    uri += quote(host, safe="")
    uri += f":{connection.port}" if connection.port else ""
    if connection.schema:
        uri += f"/{quote(connection.schema, safe='')}"
    query = _query(connection.extra)
    return f"{uri}{'' if connection.schema or not query else '/'}{f'?{query}' if query else ''}"


def take_uri(connection: Connection, uri: str) -> None:
    """Set the connection's fields from a URI."""
    scheme, _, rest = uri.partition("://")
    parts = urlsplit(uri)
    connection.conn_type = _conn_type(scheme if rest else parts.scheme)
    protocol, inner, after = rest.partition("://")
    if inner and protocol.isalnum():
        # `type://protocol://host…`: the host keeps its own protocol.
        parts = urlsplit(f"//{after}")
    else:
        protocol = ""
    host = _host_of(parts.netloc)
    connection.host = f"{protocol}://{host}" if protocol else host
    connection.login = None if parts.username is None else unquote(parts.username)
    connection.password = None if parts.password is None else unquote(parts.password)
    connection.port = parts.port
    connection.schema = unquote(parts.path[1:]) if len(parts.path) > 1 else ""
    if parts.query:
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        connection.extra = query[EXTRA_KEY] if EXTRA_KEY in query else json.dumps(query)


def _query(extra: str | None) -> str:
    if not extra:
        return ""
    try:
        value = json.loads(extra)
    except ValueError:
        return urlencode({EXTRA_KEY: extra})
    if not value:
        return ""
    if isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
        plain = urlencode(value)
        if dict(parse_qsl(plain, keep_blank_values=True)) == value:
            return plain
    return urlencode({EXTRA_KEY: extra})


def _conn_type(scheme: str) -> str:
    """The type that a URI's scheme stands for: `postgresql` is `postgres`, `-` becomes `_`."""
    name = scheme.lower().replace("-", "_")
    return "postgres" if name == "postgresql" else name


def _host_of(netloc: str) -> str:
    """The host as written, percent signs resolved: `urlsplit` would lower its case."""
    host = netloc.rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return unquote(host.partition(":")[0])


def _authority(login: str | None, password: str | None) -> str:
    if login is None and password is None:
        return ""
    text = quote(login or "", safe="")
    if password is not None:
        text += f":{quote(password, safe='')}"
    return f"{text}@"
