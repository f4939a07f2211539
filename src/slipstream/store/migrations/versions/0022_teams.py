"""Teams, and what belongs to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_OWNED = ("variable", "connection", "pool")


def upgrade() -> None:
    """Create the table of teams, and columns that name one."""
    op.create_table(
        "team",
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_team")),
    )
    op.add_column("triggerer", sa.Column("team_name", sa.String(), nullable=True))
    for table in _OWNED:
        op.add_column(table, sa.Column("team_name", sa.String(), nullable=True))
        op.create_index(f"ix_{table}_team_name", table, ["team_name"], unique=False)


def downgrade() -> None:
    """Drop them: what belonged to a team belongs to all."""
    for table in _OWNED:
        op.drop_index(f"ix_{table}_team_name", table)
        op.drop_column(table, "team_name")
    op.drop_column("triggerer", "team_name")
    op.drop_table("team")
