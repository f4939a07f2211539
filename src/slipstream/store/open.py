"""Opening a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slipstream.store.interface import Store
    from slipstream.store.times import Clock

POOL_SIZE = 8
XCOM_THRESHOLD_BYTES = 64 * 1024
"""An XCom whose text is longer goes to the object store."""


def open_store(
    url: str,
    *,
    fernet_keys: Sequence[str] = (),
    xcom_url: str,
    xcom_threshold_bytes: int = XCOM_THRESHOLD_BYTES,
    pool_size: int = POOL_SIZE,
    schema: str = "",
    dags_paused_at_creation: bool = True,
    cached_versions: int = 2000,
    clock: Clock | None = None,
) -> Store:
    """The store behind a database URL: `sqlite:////absolute/path`, `postgresql://…`.

    `sqlite://` alone is a database in memory. `fernet_keys` seal secrets, the first one seals and
    all of them open; without any secrets are kept in the clear. `xcom_url` is a folder, or a URL
    that fsspec knows. `pool_size` is how many threads can read at once. `schema` is the one of a
    PostgreSQL database that holds the tables; empty for the first of the server's search path.
    Nothing is created yet: see `AdminStore.migrate`. Raises
    `slipstream.store.errors.UnsupportedUrlError`.
    """
    from slipstream.store.connect import connect

    return connect(
        url,
        fernet_keys=fernet_keys,
        xcom_url=xcom_url,
        xcom_threshold_bytes=xcom_threshold_bytes,
        pool_size=pool_size,
        schema=schema,
        dags_paused_at_creation=dags_paused_at_creation,
        cached_versions=cached_versions,
        clock=clock,
    )
