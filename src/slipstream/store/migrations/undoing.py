"""Taking a migration back.

Most of them only add; what they did, backwards, undoes them. Those that also remove or fill
something say by a `downgrade` of their own how that is undone.
"""

from __future__ import annotations

from types import ModuleType

from alembic.operations import Operations
from alembic.operations.ops import MigrateOperation
from alembic.runtime.migration import MigrationContext


def apply(migration: ModuleType, context: MigrationContext) -> None:
    """Carry it out."""
    with Operations.context(context):
        migration.upgrade()


def undo(migration: ModuleType, context: MigrationContext) -> None:
    """Take it back."""
    if hasattr(migration, "downgrade"):
        with Operations.context(context):
            migration.downgrade()
        return
    recorded: list[MigrateOperation] = []
    with Operations.context(context) as operations:
        operations.invoke = recorded.append  # type: ignore[assignment,method-assign]  # only written down
        migration.upgrade()
    operations = Operations(context)
    for operation in reversed(recorded):
        operations.invoke(operation.reverse())
