"""Everything that the first version keeps."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
RUN_TYPES = (
    "manual",
    "scheduled",
    "backfill",
    "operator_triggered",
    "asset_triggered",
    "asset_materialization",
)
RUN_STATES = ("queued", "running", "success", "failed")
ACTIVE_RUN_STATES = ("queued", "running")
TASK_STATES = (
    "none",
    "scheduled",
    "queued",
    "running",
    "restarting",
    "up_for_retry",
    "up_for_reschedule",
    "deferred",
    "awaiting_input",
    "success",
    "failed",
    "upstream_failed",
    "skipped",
    "removed",
)
ACTIVE_TASK_STATES = (
    "scheduled",
    "queued",
    "running",
    "restarting",
    "up_for_retry",
    "up_for_reschedule",
    "deferred",
    "awaiting_input",
)
FAILED_TASK_STATES = ("failed", "upstream_failed")


def upgrade() -> None:
    """Create the tables, and the pool that tasks go to by default."""
    _create_dags()
    _create_runs()
    _create_settings()


def one_of(column: str, values: Sequence[str]) -> str:
    """The condition that a column holds one of these."""
    return "(" + " OR ".join(f"{column} = {value!r}" for value in values) + ")"


def missing_first(column: str) -> str | sa.TextClause:
    """A column of an index in which missing values are the smallest, as SQLite has it."""
    if op.get_context().dialect.name == "postgresql":
        return sa.text(f"{column} ASC NULLS FIRST")
    return column


def _create_dags() -> None:
    op.create_table(
        "dag",
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        sa.Column("fileloc", sa.String(), nullable=False),
        sa.Column("relative_fileloc", sa.String(), nullable=False),
        sa.Column("bundle_name", sa.String(), nullable=False),
        sa.Column("latest_version_id", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("owners", sa.Text(), nullable=False),
        sa.Column("last_parsed_at", sa.BigInteger(), nullable=False),
        sa.Column("last_parse_seconds", sa.Float(), nullable=False),
        sa.Column("next_logical_date", sa.BigInteger(), nullable=True),
        sa.Column("next_interval_start", sa.BigInteger(), nullable=True),
        sa.Column("next_interval_end", sa.BigInteger(), nullable=True),
        sa.Column("next_run_after", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("dag_id", name="pk_dag"),
    )
    op.create_index("ix_dag_fileloc", "dag", ["fileloc"], unique=False)
    op.create_table(
        "dag_tag",
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_dag_tag_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dag_id", "tag", name="pk_dag_tag"),
    )
    op.create_index("ix_dag_tag_tag", "dag_tag", ["tag"], unique=False)
    op.create_table(
        "dag_version",
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("spec", sa.LargeBinary(), nullable=False),
        sa.Column("fileloc", sa.String(), nullable=False),
        sa.Column("source_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_dag_version_dag_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("version_id", name="pk_dag_version"),
        sa.UniqueConstraint("dag_id", "number", name="uq_dag_version_dag_id_number"),
    )
    op.create_index("ix_dag_version_source_hash", "dag_version", ["source_hash"], unique=False)
    op.create_table(
        "dag_task",
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("pool", sa.String(), nullable=False),
        sa.Column("pool_slots", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["dag_version.version_id"],
            name="fk_dag_task_version_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("version_id", "task_id", name="pk_dag_task"),
    )
    op.create_table(
        "source_text",
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("text_hash", name="pk_source_text"),
    )
    op.create_table(
        "dag_source",
        sa.Column("source_hash", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["text_hash"], ["source_text.text_hash"], name="fk_dag_source_text_hash"
        ),
        sa.PrimaryKeyConstraint("source_hash", "position", name="pk_dag_source"),
    )
    op.create_index("ix_dag_source_text_hash", "dag_source", ["text_hash"], unique=False)
    op.create_table(
        "dag_file",
        sa.Column("fileloc", sa.String(), nullable=False),
        sa.Column("relative_fileloc", sa.String(), nullable=False),
        sa.Column("bundle_name", sa.String(), nullable=False),
        sa.Column("source_hash", sa.String(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.Column("parsed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("fileloc", name="pk_dag_file"),
    )
    op.create_table(
        "file_error",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("fileloc", sa.String(), nullable=False),
        sa.Column("bundle_name", sa.String(), nullable=False),
        sa.Column("stack_trace", sa.Text(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_file_error"),
        sa.UniqueConstraint("fileloc", name="uq_file_error_fileloc"),
    )


def _create_runs() -> None:
    op.create_table(
        "dag_run",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("dag_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("run_type", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version_id", sa.String(), nullable=False),
        sa.Column("run_after", sa.BigInteger(), nullable=False),
        sa.Column("logical_date", sa.BigInteger(), nullable=True),
        sa.Column("data_interval_start", sa.BigInteger(), nullable=True),
        sa.Column("data_interval_end", sa.BigInteger(), nullable=True),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("start_date", sa.BigInteger(), nullable=True),
        sa.Column("end_date", sa.BigInteger(), nullable=True),
        sa.Column("triggered_by", sa.String(), nullable=False),
        sa.Column("triggering_user", sa.String(), nullable=True),
        sa.Column("conf", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("note_user", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(one_of("run_type", RUN_TYPES), name="ck_dag_run_run_type"),
        sa.CheckConstraint(one_of("state", RUN_STATES), name="ck_dag_run_state"),
        sa.ForeignKeyConstraint(
            ["dag_id"], ["dag.dag_id"], name="fk_dag_run_dag_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["dag_version.version_id"], name="fk_dag_run_version_id"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_dag_run"),
        sa.UniqueConstraint("dag_id", "logical_date", name="uq_dag_run_dag_id_logical_date"),
        sa.UniqueConstraint("dag_id", "run_id", name="uq_dag_run_dag_id_run_id"),
    )
    op.create_index(
        "ix_dag_run_active",
        "dag_run",
        ["run_after"],
        unique=False,
        sqlite_where=sa.text(one_of("state", ACTIVE_RUN_STATES)),
        postgresql_where=sa.text(one_of("state", ACTIVE_RUN_STATES)),
    )
    op.create_index("ix_dag_run_dag_id_run_after", "dag_run", ["dag_id", "run_after"], unique=False)
    op.create_index("ix_dag_run_run_after", "dag_run", ["run_after"], unique=False)
    op.create_index("ix_dag_run_version_id", "dag_run", ["version_id"], unique=False)
    op.create_table(
        "task_instance",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("max_tries", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=True),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("reschedules", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("scheduled_at", sa.BigInteger(), nullable=True),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("start_date", sa.BigInteger(), nullable=True),
        sa.Column("end_date", sa.BigInteger(), nullable=True),
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=True),
        sa.Column("rendered_map_index", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("note_user", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(one_of("state", TASK_STATES), name="ck_task_instance_state"),
        sa.CheckConstraint("map_index >= -1", name="ck_task_instance_map_index"),
        sa.CheckConstraint("try_number >= 0", name="ck_task_instance_try_number"),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_task_instance_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_task_instance"),
        sa.UniqueConstraint(
            "run_pk", "task_id", "map_index", name="uq_task_instance_run_pk_task_id_map_index"
        ),
    )
    op.create_index(
        "ix_task_instance_active",
        "task_instance",
        ["state"],
        unique=False,
        sqlite_where=sa.text(one_of("state", ACTIVE_TASK_STATES)),
        postgresql_where=sa.text(one_of("state", ACTIVE_TASK_STATES)),
    )
    op.create_index(
        "ix_task_instance_failed",
        "task_instance",
        ["state"],
        unique=False,
        sqlite_where=sa.text(one_of("state", FAILED_TASK_STATES)),
        postgresql_where=sa.text(one_of("state", FAILED_TASK_STATES)),
    )
    op.create_index(
        "ix_task_instance_start_date", "task_instance", [missing_first("start_date")], unique=False
    )
    op.create_index(
        "uq_task_instance_attempt_id",
        "task_instance",
        ["attempt_id"],
        unique=True,
        sqlite_where=sa.text("attempt_id IS NOT NULL"),
        postgresql_where=sa.text("attempt_id IS NOT NULL"),
    )
    op.create_table(
        "attempt",
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("queued_at", sa.BigInteger(), nullable=True),
        sa.Column("start_date", sa.BigInteger(), nullable=True),
        sa.Column("end_date", sa.BigInteger(), nullable=True),
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(one_of("state", TASK_STATES), name="ck_attempt_state"),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_attempt_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("attempt_id", name="pk_attempt"),
    )
    op.create_index(
        "ix_attempt_run_pk_task_id_map_index",
        "attempt",
        ["run_pk", "task_id", "map_index"],
        unique=False,
    )
    op.create_table(
        "xcom",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=True),
        sa.Column("is_reference", sa.Boolean(), nullable=False),
        sa.Column("timestamp", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_xcom_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("pk", name="pk_xcom"),
        sa.UniqueConstraint(
            "run_pk", "task_id", "key", "map_index", name="uq_xcom_run_pk_task_id_key_map_index"
        ),
    )
    op.create_table(
        "rendered_fields",
        sa.Column("run_pk", SERIAL, nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("map_index", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("attempt_id", sa.String(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_pk"], ["dag_run.pk"], name="fk_rendered_fields_run_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("run_pk", "task_id", "map_index", name="pk_rendered_fields"),
    )


def _create_settings() -> None:
    op.create_table(
        "variable",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_variable"),
    )
    op.create_table(
        "connection",
        sa.Column("conn_id", sa.String(), nullable=False),
        sa.Column("conn_type", sa.String(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("host", sa.Text(), nullable=True),
        sa.Column("login", sa.Text(), nullable=True),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("schema", sa.Text(), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("extra", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("conn_id", name="pk_connection"),
    )
    pool = op.create_table(
        "pool",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("include_deferred", sa.Boolean(), nullable=False),
        sa.CheckConstraint("slots >= -1", name="ck_pool_slots"),
        sa.PrimaryKeyConstraint("name", name="pk_pool"),
    )
    op.create_table(
        "user_account",
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("username", name="pk_user_account"),
    )
    op.create_table(
        "secret_key",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secret_key"),
    )
    op.create_table(
        "heartbeat",
        sa.Column("job", sa.String(), nullable=False),
        sa.Column("hostname", sa.String(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("latest", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("job", "hostname", name="pk_heartbeat"),
    )
    op.create_table(
        "notice",
        sa.Column("pk", SERIAL, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("pk", name="pk_notice"),
        sqlite_autoincrement=True,
    )
    op.bulk_insert(
        pool,
        [
            {
                "name": "default_pool",
                "slots": 128,
                "description": "Where tasks go that name no pool.",
                "include_deferred": False,
            }
        ],
    )
