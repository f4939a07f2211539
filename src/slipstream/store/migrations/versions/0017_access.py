"""Users with several roles, roles of the deployment's own, access by DAG, tokens."""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create the tables and move the users. DAG files say what they give when they are read."""
    _create_people()
    _create_roles()
    _create_tokens()
    _move_users()
    op.drop_table("user_account")


def _create_people() -> None:
    op.create_table(
        "account",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("first_name", sa.String(), nullable=False),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=True),
        sa.Column("login_count", sa.Integer(), nullable=False),
        sa.Column("failed_login_count", sa.Integer(), nullable=False),
        sa.Column("tokens_valid_after", sa.BigInteger(), nullable=True),
        sa.Column("totp_secret", sa.Text(), nullable=True),
        sa.Column("totp_enrolled", sa.Boolean(), nullable=False),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("username", name="pk_account"),
    )
    op.create_table(
        "account_role",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["username"],
            ["account.username"],
            name="fk_account_role_username",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("username", "role", name="pk_account_role"),
    )
    op.create_index("ix_account_role_role", "account_role", ["role"], unique=False)


def _create_roles() -> None:
    op.create_table(
        "role",
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_role"),
    )
    op.create_table(
        "role_permission",
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["role"], ["role.name"], name="fk_role_permission_role", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("role", "action", "resource", "scope", name="pk_role_permission"),
    )
    op.create_table(
        "dag_access",
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("resource", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_dag_access_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_id", "role", "action", "resource", name="pk_dag_access"),
    )
    op.create_index("ix_dag_access_role", "dag_access", ["role"], unique=False)


def _create_tokens() -> None:
    op.create_table(
        "access_token",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["username"],
            ["account.username"],
            name="fk_access_token_username",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_access_token"),
        sa.UniqueConstraint("token_hash", name="uq_access_token_token_hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_token_username", "access_token", ["username"], unique=False)
    op.create_table(
        "revoked_token",
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name="pk_revoked_token"),
    )


def _move_users() -> None:
    now = time.time_ns() // 1000
    op.execute(
        sa.text(
            "INSERT INTO account (username, password_hash, first_name, last_name, email, source, "
            "is_active, created_at, login_count, failed_login_count, totp_enrolled) "
            "SELECT username, password_hash, '', '', '', 'database', :yes, :now, 0, 0, :no "
            "FROM user_account"
        ).bindparams(yes=True, no=False, now=now)
    )
    op.execute(
        sa.text(
            "INSERT INTO account_role (username, role) SELECT username, CASE lower(role) "
            "WHEN 'viewer' THEN 'Viewer' WHEN 'user' THEN 'User' WHEN 'op' THEN 'Op' "
            "WHEN 'admin' THEN 'Admin' ELSE role END FROM user_account"
        )
    )


def downgrade() -> None:
    """Move those with a password back, each with one role, and drop the tables."""
    op.create_table(
        "user_account",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("username", name="pk_user_account"),
    )
    op.execute(
        sa.text(
            "INSERT INTO user_account (username, password_hash, role) "
            "SELECT username, password_hash, (SELECT min(lower(role)) FROM account_role "
            "WHERE account_role.username = account.username) FROM account "
            "WHERE password_hash IS NOT NULL AND EXISTS (SELECT 1 FROM account_role "
            "WHERE account_role.username = account.username)"
        )
    )
    for table in (
        "revoked_token",
        "access_token",
        "dag_access",
        "role_permission",
        "role",
        "account_role",
        "account",
    ):
        op.drop_table(table)
