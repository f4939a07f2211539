"""What a PostgreSQL URL that was written for any driver is in psycopg's words."""

from __future__ import annotations

from sqlalchemy.engine import URL

_ONLY_ASYNCPG = frozenset(
    {
        "async_fallback",
        "command_timeout",
        "max_cacheable_statement_size",
        "max_cached_statement_lifetime",
        "prepared_statement_cache_size",
        "prepared_statement_name_func",
        "statement_cache_size",
    }
)
"""How it keeps statements and waits for them; nothing of it is needed to reach the server."""
_SAME_IN_LIBPQ = {"ssl": "sslmode", "timeout": "connect_timeout"}


def postgres_url(url: URL, schema: str = "") -> URL:
    """The URL for psycopg, with the tables in that schema; empty for the server's own choice.

    Deployments of Airflow name the drivers psycopg2 and asyncpg.
    """
    if url.drivername.endswith("+asyncpg"):
        url = url.set(
            query={
                _SAME_IN_LIBPQ.get(name, name): value
                for name, value in url.query.items()
                if name not in _ONLY_ASYNCPG
            }
        )
    if schema:
        options = url.query.get("options", "")
        given = options if isinstance(options, str) else " ".join(options)
        path = f"-csearch_path={_escaped(schema)}"
        url = url.update_query_dict({"options": f"{given} {path}".strip()})
    return url.set(drivername="postgresql+psycopg")


def _escaped(schema: str) -> str:
    """A schema's name as one word of libpq's `options`, in SQL's quotes."""
    quoted = '"' + schema.replace('"', '""') + '"'
    return quoted.replace("\\", "\\\\").replace(" ", "\\ ")
