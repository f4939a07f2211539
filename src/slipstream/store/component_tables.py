"""The tables of what works for the deployment, and of what is asked of it; see `tables`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, Text

from slipstream.store.tables import SERIAL, TIME, metadata

job = Table(
    "job",
    metadata,
    Column("pk", SERIAL, primary_key=True),
    Column("job", String, nullable=False),
    Column("hostname", String, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("unixname", String, nullable=False),
    Column("state", String, nullable=False),
    Column("started_at", TIME, nullable=False),
    Column("latest", TIME, nullable=False),
    Column("ended_at", TIME),
    Index("ix_job_hostname_pid", "hostname", "pid"),
    Index("ix_job_latest", "latest"),
)
"""Components, each from its start to its end, and when they last said that they live."""

parse_request = Table(
    "parse_request",
    metadata,
    Column("fileloc", String, primary_key=True),
    Column("requested_at", TIME, nullable=False),
)
"""DAG files that somebody wants loaded again though they have not changed."""

connection_test = Table(
    "connection_test",
    metadata,
    Column("token_hash", String, primary_key=True),
    Column("conn_id", String, nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("message", Text),
    Column("created_at", TIME, nullable=False, index=True),
    Column("ends_by", TIME, nullable=False),
)
"""Tries of connections. What they are tried with is never stored."""

dag_favorite = Table(
    "dag_favorite",
    metadata,
    Column("username", String, primary_key=True),
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True, index=True),
)
"""The DAGs that people have put first for themselves."""
