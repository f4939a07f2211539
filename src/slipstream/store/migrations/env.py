"""What Alembic runs to reach the database: the connection that it was handed."""

from __future__ import annotations

from alembic import context

from slipstream.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # the caller's transaction is around all of it
)
context.run_migrations()
