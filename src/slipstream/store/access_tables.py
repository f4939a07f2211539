"""The tables of who may sign in and what they may do; see `tables`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
)

from slipstream.store.tables import SERIAL, TIME, metadata

account = Table(
    "account",
    metadata,
    Column("username", String, primary_key=True),
    Column("password_hash", String),
    Column("first_name", String, nullable=False),
    Column("last_name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("source", String, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("last_login_at", TIME),
    Column("login_count", Integer, nullable=False),
    Column("failed_login_count", Integer, nullable=False),
    Column("tokens_valid_after", TIME),
    Column("totp_secret", Text),  # sealed
    Column("totp_enrolled", Boolean, nullable=False),
    Column("totp_step", BigInteger),
)
"""Who may sign in. Without a password hash somebody else vouches for them (`source`)."""

account_role = Table(
    "account_role",
    metadata,
    Column("username", ForeignKey("account.username", ondelete="CASCADE"), primary_key=True),
    Column("role", String, primary_key=True, index=True),
)

role = Table(
    "role",
    metadata,
    Column("name", String, primary_key=True),
)
"""Roles of the deployment's own, and built-in ones that were changed."""

role_permission = Table(
    "role_permission",
    metadata,
    Column("role", ForeignKey("role.name", ondelete="CASCADE"), primary_key=True),
    Column("action", String, primary_key=True),
    Column("resource", String, primary_key=True),
    Column("scope", String, primary_key=True),
)
"""`scope` is empty for everywhere, `dag:` and a DAG's id, or `tag:` and a tag."""

dag_access = Table(
    "dag_access",
    metadata,
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("role", String, primary_key=True, index=True),
    Column("action", String, primary_key=True),
    Column("resource", String, primary_key=True),
)
"""What DAG files give to roles: `access_control`, in the words that they say it in."""

access_token = Table(
    "access_token",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column(
        "username", ForeignKey("account.username", ondelete="CASCADE"), nullable=False, index=True
    ),
    Column("name", String, nullable=False),
    Column("token_hash", String, nullable=False, unique=True),
    Column("scope", Text),  # JSON list of texts; NULL for all that the user may do
    Column("created_at", TIME, nullable=False),
    Column("expires_at", TIME),
    Column("last_used_at", TIME),
    sqlite_autoincrement=True,
)
"""Personal access tokens. Nobody can tell a token from its hash."""

revoked_token = Table(
    "revoked_token",
    metadata,
    Column("token_id", String, primary_key=True),
    Column("expires_at", TIME, nullable=False),
)
"""Signed tokens that were signed out of before they expired."""
