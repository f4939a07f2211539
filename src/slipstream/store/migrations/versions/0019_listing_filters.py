"""Runs and task instances are found by when they changed; DAGs and tasks by their kinds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from slipstream.core.timetable_types import timetable_type
from slipstream.wire.dag import decode_dag

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the columns, filled from what is known: the latest time of a row, a version's spec."""
    for table in ("dag_run", "task_instance"):
        op.add_column(table, sa.Column("updated_at", sa.BigInteger(), nullable=True))
        op.execute(
            f"UPDATE {table} SET updated_at = "  # noqa: S608  # names of this file
            "COALESCE(end_date, start_date, queued_at)"
        )
        op.create_index(f"ix_{table}_updated_at", table, ["updated_at"], unique=False)
    for name in ("operator", "operator_name", "executor", "display_name"):
        op.add_column("dag_task", sa.Column(name, sa.String(), nullable=True))
    op.add_column("dag", sa.Column("timetable_type", sa.String(), nullable=True))
    _fill()


def downgrade() -> None:
    """Drop the columns."""
    op.drop_column("dag", "timetable_type")
    for name in ("display_name", "executor", "operator_name", "operator"):
        op.drop_column("dag_task", name)
    for table in ("task_instance", "dag_run"):
        op.drop_index(f"ix_{table}_updated_at", table)
        op.drop_column(table, "updated_at")


def _fill() -> None:
    if op.get_context().as_sql:
        op.get_context().impl.static_output(
            "-- Filters by operator and timetable find DAGs of before by their next versions.\n"
        )
        return
    connection = op.get_bind()
    dags = connection.execute(sa.text("SELECT latest_version_id, dag_id FROM dag")).all()
    latest = {str(version_id): str(dag_id) for version_id, dag_id in dags}
    versions = connection.execute(sa.text("SELECT version_id FROM dag_version")).scalars().all()
    for version_id in versions:
        data = connection.execute(
            sa.text("SELECT spec FROM dag_version WHERE version_id = :id"), {"id": version_id}
        ).scalar_one()
        spec = decode_dag(bytes(data))
        tasks = [
            {
                "version_id": version_id,
                "task_id": task.task_id,
                "operator": task.class_name,
                "operator_name": task.operator_name,
                "executor": task.executor,
                "display_name": str(task.details.get("task_display_name") or task.task_id),
            }
            for task in spec.tasks.values()
        ]
        if tasks:
            connection.execute(
                sa.text(
                    "UPDATE dag_task SET operator = :operator, operator_name = :operator_name, "
                    "executor = :executor, display_name = :display_name "
                    "WHERE version_id = :version_id AND task_id = :task_id"
                ),
                tasks,
            )
        if version_id in latest:
            connection.execute(
                sa.text("UPDATE dag SET timetable_type = :kind WHERE dag_id = :dag_id"),
                {"kind": timetable_type(spec.schedule), "dag_id": latest[version_id]},
            )
