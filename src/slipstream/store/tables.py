"""The schema, once, for every database.

Times are integers (microseconds since 1970, UTC), JSON is text, states are their names under a
CHECK constraint. What belongs to a run goes with it by `ON DELETE CASCADE`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from slipstream.model.states import RunState, RunType, TaskState
from slipstream.store.moments import now_micros

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite hands out row numbers only to a column of exactly the type INTEGER.
SERIAL = BigInteger().with_variant(Integer, "sqlite")
TIME = BigInteger


def one_of(column: str, values: Iterable[StrEnum]) -> str:
    """The SQL condition that a column holds one of these; text, so that indexes can match it.

    SQLite builds a table in memory for every row that it checks against an `IN` of more than two
    values; a chain of comparisons halves the cost of an update.
    """
    return "(" + " OR ".join(f"{column} = {value.value!r}" for value in values) + ")"


def updated_at() -> Column[int]:
    """The column that says when the row was written last; each statement that does keeps it."""
    return Column("updated_at", TIME, index=True, default=now_micros(), onupdate=now_micros())


ACTIVE_TASK_STATES = (
    TaskState.SCHEDULED,
    TaskState.QUEUED,
    TaskState.RUNNING,
    TaskState.RESTARTING,
    TaskState.UP_FOR_RETRY,
    TaskState.UP_FOR_RESCHEDULE,
    TaskState.DEFERRED,
    TaskState.AWAITING_INPUT,
)
"""States of an instance that is under way; few rows are, so an index of its own finds them."""
FAILED_TASK_STATES = (TaskState.FAILED, TaskState.UPSTREAM_FAILED)
ACTIVE_TASKS = one_of("task_instance.state", ACTIVE_TASK_STATES)
FAILED_TASKS = one_of("task_instance.state", FAILED_TASK_STATES)
ACTIVE_RUNS = one_of("dag_run.state", (RunState.QUEUED, RunState.RUNNING))


_WHERE = "where"


def partial_index(name: str, column: Column[Any], condition: str, *, unique: bool = False) -> Index:
    # Inside of the index definition the columns stand without their table.
    where = text(condition.replace(f"{column.table.name}.", ""))
    return Index(name, column, unique=unique, info={_WHERE: where})


def restrict_partial_indexes(dialect: str) -> None:
    """Tell the partial indexes their conditions in the words of that dialect.

    To be called before tables are made. An index that names a dialect's option imports the whole
    dialect, so none names one that is not in use.
    """
    for table in metadata.tables.values():
        for index in table.indexes:
            if _WHERE in index.info:
                index.dialect_kwargs[f"{dialect}_where"] = index.info[_WHERE]


dag = Table(
    "dag",
    metadata,
    Column("dag_id", String, primary_key=True),
    Column("is_paused", Boolean, nullable=False),
    Column("is_stale", Boolean, nullable=False),
    Column("fileloc", String, nullable=False, index=True),
    Column("relative_fileloc", String, nullable=False),
    Column("bundle_name", String, nullable=False),
    Column("latest_version_id", String, nullable=False),
    Column("display_name", String, nullable=False),
    Column("owners", Text, nullable=False),  # JSON list, in alphabetical order
    Column("last_parsed_at", TIME, nullable=False),
    Column("last_parse_seconds", Float, nullable=False),
    Column("next_logical_date", TIME),
    Column("next_interval_start", TIME),
    Column("next_interval_end", TIME),
    Column("next_run_after", TIME),
    Column("schedule_problem", Text),
    Column("timetable_type", String),
)

dag_pause = Table(
    "dag_pause",
    metadata,
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("reason", Text, nullable=False),
)
"""Why a DAG is paused that nobody has paused by hand."""

dag_tag = Table(
    "dag_tag",
    metadata,
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("tag", String, primary_key=True, index=True),
)

dag_version = Table(
    "dag_version",
    metadata,
    Column("version_id", String, primary_key=True),
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("spec", LargeBinary, nullable=False),  # as `wire.dag` encodes it
    Column("fileloc", String, nullable=False),
    Column("source_hash", String, nullable=False, index=True),
    Column("created_at", TIME, nullable=False),
    UniqueConstraint("dag_id", "number"),
)

dag_task = Table(
    "dag_task",
    metadata,
    Column(
        "version_id", ForeignKey("dag_version.version_id", ondelete="CASCADE"), primary_key=True
    ),
    Column("task_id", String, primary_key=True),
    Column("pool", String, nullable=False),
    Column("pool_slots", Integer, nullable=False),
    Column("queue", String, nullable=False),
    Column("operator", String),
    Column("operator_name", String),
    Column("executor", String),
    Column("display_name", String),
)
"""What task instances are searched and summed by, of the tasks of every version."""

source_text = Table(
    "source_text",
    metadata,
    Column("text_hash", String, primary_key=True),
    Column("text", LargeBinary, nullable=False),  # a file need not be valid UTF-8
)

dag_source = Table(
    "dag_source",
    metadata,
    Column("source_hash", String, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("path", String, nullable=False),
    Column("text_hash", ForeignKey("source_text.text_hash"), nullable=False, index=True),
)
"""The files behind a source hash, the DAG file first; equal texts are kept once."""

dag_file = Table(
    "dag_file",
    metadata,
    Column("fileloc", String, primary_key=True),
    Column("relative_fileloc", String, nullable=False),
    Column("bundle_name", String, nullable=False),
    Column("source_hash", String, nullable=False),
    Column("warnings", Text, nullable=False),  # JSON list
    Column("parsed_at", TIME, nullable=False),
)

file_error = Table(
    "file_error",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("fileloc", String, nullable=False, unique=True),
    Column("bundle_name", String, nullable=False),
    Column("stack_trace", Text, nullable=False),
    Column("timestamp", TIME, nullable=False),
)

dag_run = Table(
    "dag_run",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), nullable=False),
    Column("run_id", String, nullable=False),
    Column("run_type", String, nullable=False),
    Column("state", String, nullable=False),
    Column("version_id", ForeignKey("dag_version.version_id"), nullable=False, index=True),
    Column("run_after", TIME, nullable=False, index=True),
    Column("logical_date", TIME),
    Column("data_interval_start", TIME),
    Column("data_interval_end", TIME),
    Column("queued_at", TIME),
    Column("start_date", TIME),
    Column("end_date", TIME, index=True),
    Column("triggered_by", String, nullable=False),
    Column("triggering_user", String),
    Column("conf", Text, nullable=False),  # JSON object
    Column("note", Text),
    Column("note_user", String),
    Column("reason", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("partition_key", String),
    Column("partition_date", TIME),
    Column("backfill_pk", BigInteger),
    Column("clear_number", Integer, nullable=False, server_default="0"),
    updated_at(),
    UniqueConstraint("dag_id", "run_id"),
    UniqueConstraint("dag_id", "logical_date"),
    CheckConstraint(one_of("state", RunState), name="state"),
    CheckConstraint(one_of("run_type", RunType), name="run_type"),
    Index("ix_dag_run_dag_id_run_after", "dag_id", "run_after"),
)
partial_index("ix_dag_run_active", dag_run.c.run_after, ACTIVE_RUNS)
partial_index("ix_dag_run_partition_key", dag_run.c.partition_key, "partition_key IS NOT NULL")

task_instance = Table(
    "task_instance",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), nullable=False),
    Column("task_id", String, nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("max_tries", Integer, nullable=False),
    Column("attempt_id", String),
    Column("losses", Integer, nullable=False),
    Column("reschedules", Integer, nullable=False),
    Column("not_before", TIME),
    Column("scheduled_at", TIME),
    Column("queued_at", TIME),
    Column("start_date", TIME),
    Column("end_date", TIME),
    Column("hostname", String, nullable=False),
    Column("pid", BigInteger),
    Column("rendered_map_index", Text),
    Column("note", Text),
    Column("note_user", String),
    Column("reason", Text, nullable=False),
    updated_at(),
    UniqueConstraint("run_pk", "task_id", "map_index"),
    CheckConstraint(one_of("state", TaskState), name="state"),
    CheckConstraint("map_index >= -1", name="map_index"),
    CheckConstraint("try_number >= 0", name="try_number"),
)
partial_index("ix_task_instance_active", task_instance.c.state, ACTIVE_TASKS)
partial_index("ix_task_instance_failed", task_instance.c.state, FAILED_TASKS)
partial_index(
    "uq_task_instance_attempt_id",
    task_instance.c.attempt_id,
    "attempt_id IS NOT NULL",
    unique=True,
)
# Every listing sorts missing times as the smallest; PostgreSQL must be told so.
Index("ix_task_instance_start_date", task_instance.c.start_date).ddl_if(dialect="sqlite")
Index("ix_task_instance_start_date", task_instance.c.start_date.asc().nulls_first()).ddl_if(
    dialect="postgresql"
)

attempt = Table(
    "attempt",
    metadata,
    Column("attempt_id", String, primary_key=True),
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), nullable=False),
    Column("task_id", String, nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("queued_at", TIME),
    Column("start_date", TIME),
    Column("end_date", TIME),
    Column("hostname", String, nullable=False),
    Column("pid", BigInteger),
    Column("reason", Text, nullable=False),
    CheckConstraint(one_of("state", TaskState), name="state"),
    Index("ix_attempt_run_pk_task_id_map_index", "run_pk", "task_id", "map_index"),
)
"""Attempts that their instance has left behind; the latest one is the instance's own row."""

deferral = Table(
    "deferral",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), nullable=False),
    Column("task_id", String, nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("attempt_id", String, nullable=False),
    Column("classpath", String, nullable=False),
    Column("kwargs", Text, nullable=False),  # sealed
    Column("created_at", TIME, nullable=False),
    Column("timeout_at", TIME),
    Column("queue", String),
    Column("next_method", String, nullable=False),
    Column("next_kwargs", Text, nullable=False),  # sealed
    Column("event", Text),  # sealed
    UniqueConstraint("run_pk", "task_id", "map_index"),
)
"""What an instance waits on, or in this try has waited on: few instances have a row."""

xcom = Table(
    "xcom",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), nullable=False),
    Column("task_id", String, nullable=False),
    Column("map_index", Integer, nullable=False),
    Column("key", String, nullable=False),
    Column("value", Text, nullable=False),  # JSON, or the object's name
    Column("length", BigInteger),
    Column("is_reference", Boolean, nullable=False),
    Column("timestamp", TIME, nullable=False),
    UniqueConstraint("run_pk", "task_id", "key", "map_index"),
)

owed_callback = Table(
    "owed_callback",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), nullable=False, index=True),
    Column("succeeded", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("task_id", String),
    Column("map_index", Integer),
    Column("attempt_id", String),
    Column("try_number", Integer),
    Column("max_tries", Integer),
    Column("deadline_pk", BigInteger),
    sqlite_autoincrement=True,
)
"""Callbacks that are still to be called; without a task id they are the DAG's own. A number is
never given twice: who has seen one looks for higher ones."""

task_state_store = Table(
    "task_state_store",
    metadata,
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), primary_key=True),
    Column("task_id", String, primary_key=True),
    Column("map_index", Integer, primary_key=True, autoincrement=False),
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
    Column("updated_at", TIME, nullable=False),
    Column("expires_at", TIME, index=True),
)
"""What task instances remember across their tries."""

asset_state_store = Table(
    "asset_state_store",
    metadata,
    Column("asset_name", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("asset_uri", String, nullable=False, index=True),
    Column("value", Text, nullable=False),  # JSON
    Column("updated_at", TIME, nullable=False),
    Column("writer_kind", String, nullable=False),
    Column("dag_id", String),
    Column("run_id", String),
    Column("task_id", String),
    Column("map_index", Integer),
)
"""What tasks remember of assets across runs, and who wrote it last."""

dag_warning = Table(
    "dag_warning",
    metadata,
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("warning_type", String, primary_key=True),
    Column("message", Text, nullable=False),
    Column("timestamp", TIME, nullable=False),
)
"""What is not as the author of a DAG may think, although the DAG runs."""

rendered_fields = Table(
    "rendered_fields",
    metadata,
    Column("run_pk", ForeignKey("dag_run.pk", ondelete="CASCADE"), primary_key=True),
    Column("task_id", String, primary_key=True),
    Column("map_index", Integer, primary_key=True, autoincrement=False),
    Column("attempt_id", String, nullable=False),
    Column("fields", Text, nullable=False),  # JSON object
)

variable = Table(
    "variable",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", Text, nullable=False),  # sealed, as `crypto` does
    Column("description", Text),
    Column("team_name", String, index=True),
)

connection = Table(
    "connection",
    metadata,
    Column("conn_id", String, primary_key=True),
    Column("conn_type", String, nullable=False),
    Column("description", Text),
    Column("host", Text),
    Column("login", Text),
    Column("password", Text),  # sealed
    Column("schema", Text),
    Column("port", Integer),
    Column("extra", Text),  # sealed
    Column("team_name", String, index=True),
)

pool = Table(
    "pool",
    metadata,
    Column("name", String, primary_key=True),
    Column("slots", Integer, nullable=False),
    Column("description", Text),
    Column("include_deferred", Boolean, nullable=False),
    Column("team_name", String, index=True),
    CheckConstraint("slots >= -1", name="slots"),
)

team = Table("team", metadata, Column("name", String, primary_key=True))
"""Teams. What belongs to one names it; the verbs of `teams` see to it that it is there."""

notice = Table(
    "notice",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    sqlite_autoincrement=True,
)

secret_key = Table(
    "secret_key",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", Text, nullable=False),  # sealed
)

schema_revision = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False, primary_key=True),
)
"""Alembic's own table; here so that a fresh database can be stamped without Alembic.

Its primary key has the name that Alembic gives it.
"""
schema_revision.primary_key.name = "alembic_version_pkc"
