"""Jobs have a beginning and an end; favorites; what is asked of the server."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables. Heartbeats are not brought over: the next ones come within seconds."""
    op.drop_table("heartbeat")
    op.create_table(
        "job",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("unixname", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("pk", name="pk_job"),
    )
    op.create_index("ix_job_hostname_pid", "job", ["hostname", "pid"], unique=False)
    op.create_index("ix_job_latest", "job", ["latest"], unique=False)
    op.create_table(
        "parse_request",
        sa.Column("fileloc", sa.String(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fileloc", name="pk_parse_request"),
    )
    op.create_table(
        "connection_test",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("conn_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_by", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_connection_test"),
    )
    op.create_index("ix_connection_test_conn_id", "connection_test", ["conn_id"], unique=False)
    op.create_index(
        "ix_connection_test_created_at", "connection_test", ["created_at"], unique=False
    )
    op.create_table(
        "dag_favorite",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_dag_favorite_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("username", "dag_id", name="pk_dag_favorite"),
    )
    op.create_index("ix_dag_favorite_dag_id", "dag_favorite", ["dag_id"], unique=False)


def downgrade() -> None:
    """Drop the tables. Heartbeats come anew within seconds."""
    for table in ("dag_favorite", "connection_test", "parse_request", "job"):
        op.drop_table(table)
    op.create_table(
        "heartbeat",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job", "hostname", name="pk_heartbeat"),
    )
