"""The arguments that commands of providers share with Airflow's own."""

from __future__ import annotations

import os

from slipstream.compat.commands.grammar import Arg
from slipstream.sdk.timezone import parse

ARG_BUNDLE_NAME = Arg(
    ("-B", "--bundle-name"),
    help="only DAGs of this bundle",
    type=str,
    default=None,
    action="append",
)
ARG_DAEMON = Arg(("-D", "--daemon"), help="go on in the background", action="store_true")
ARG_DAG_ID = Arg(("dag_id",), help="the DAG")
ARG_DB_FROM_REVISION = Arg(("--from-revision",), help="where SQL for a migration begins")
ARG_DB_FROM_VERSION = Arg(("--from-version",), help="where SQL for a migration begins")
ARG_DB_REVISION__DOWNGRADE = Arg(("-r", "--to-revision"), help="the revision to go back to")
ARG_DB_REVISION__UPGRADE = Arg(("-r", "--to-revision"), help="the revision to go to")
ARG_DB_SKIP_INIT = Arg(
    ("-s", "--skip-init"), help="remove only", action="store_true", default=False
)
ARG_DB_SQL_ONLY = Arg(
    ("-s", "--show-sql-only"), help="print the SQL only", action="store_true", default=False
)
ARG_DB_USE_MIGRATION_FILES = Arg(
    ("-m", "--use-migration-files"),
    help="make tables by migrations",
    action="store_true",
    default=False,
)
ARG_DB_VERSION__DOWNGRADE = Arg(("-n", "--to-version"), help="the version to go back to")
ARG_DB_VERSION__UPGRADE = Arg(("-n", "--to-version"), help="the version to go to")
ARG_LOGICAL_DATE = Arg(("-l", "--logical-date"), help="the logical date", type=parse)
ARG_LOG_FILE = Arg(("-l", "--log-file"), help="the file for the log")
ARG_OUTPUT = Arg(
    ("-o", "--output"),
    help="format of the output",
    metavar="(table, json, yaml, plain)",
    choices=("table", "json", "yaml", "plain"),
    default="table",
)
ARG_OUTPUT_PATH = Arg(
    ("-o", "--output-path"), help="the folder for the output", type=str, default=os.curdir
)
ARG_PID = Arg(("--pid",), help="the file for the process id", nargs="?")
ARG_SKIP_SERVE_LOGS = Arg(
    ("-s", "--skip-serve-logs"), help="serve no logs", action="store_true", default=False
)
ARG_STDERR = Arg(("--stderr",), help="the file for standard error")
ARG_STDOUT = Arg(("--stdout",), help="the file for standard output")
ARG_VERBOSE = Arg(("-v", "--verbose"), help="say more", action="store_true")
ARG_YES = Arg(("-y", "--yes"), help="do not ask", action="store_true", default=False)
