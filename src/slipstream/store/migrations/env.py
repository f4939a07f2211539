"""What Alembic runs to reach the database: the connection that it was handed.

A migration names every constraint itself and knows nothing of the tables as they are today.
"""

from __future__ import annotations

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transactional_ddl=False,  # the caller's transaction is around all of it
)
context.run_migrations()
