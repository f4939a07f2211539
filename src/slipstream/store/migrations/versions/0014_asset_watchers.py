"""What watches assets is known, and what is wrong with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the table. Watchers are kept with the next versions of their DAGs."""
    op.create_table(
        "asset_watcher",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("asset_pk", SERIAL, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_pk"], ["asset.pk"], name="fk_asset_watcher_asset_pk", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("asset_pk", "name", name="uq_asset_watcher_asset_pk_name"),
        sa.PrimaryKeyConstraint("pk", name="pk_asset_watcher"),
    )
