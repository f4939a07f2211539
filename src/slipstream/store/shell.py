"""How the shell of a database is opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import make_url

from slipstream.store.dialects.postgres_url import postgres_url


def shell_command(url: str, schema: str = "") -> tuple[Sequence[str], Mapping[str, str]]:
    """The words that run it, and the variables that it needs.

    No password is among the words: everybody on the machine can read those. `schema` holds the
    tables in a PostgreSQL database; empty for the server's own choice.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return ["sqlite3", parsed.database or ":memory:"], {}
    place = postgres_url(parsed, schema).set(drivername="postgresql")
    password = {} if place.password is None else {"PGPASSWORD": str(place.password)}
    return ["psql", place._replace(password=None).render_as_string(hide_password=False)], password
