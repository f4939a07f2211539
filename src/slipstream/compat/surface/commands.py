"""`airflow.cli.*`: what providers write their groups of commands with."""

from __future__ import annotations

from slipstream.compat.surface._table import Table

_ARGUMENTS = "slipstream.compat.commands.arguments"
_CONSOLE = "slipstream.compat.commands.console"
_GRAMMAR = "slipstream.compat.commands.grammar"
_NOT_HERE = "slipstream.compat.adapters.database_models"
_ARGS = (
    "ARG_BUNDLE_NAME ARG_DAEMON ARG_DAG_ID ARG_DB_FROM_REVISION ARG_DB_FROM_VERSION "
    "ARG_DB_REVISION__DOWNGRADE ARG_DB_REVISION__UPGRADE ARG_DB_SKIP_INIT ARG_DB_SQL_ONLY "
    "ARG_DB_USE_MIGRATION_FILES ARG_DB_VERSION__DOWNGRADE ARG_DB_VERSION__UPGRADE "
    "ARG_LOGICAL_DATE ARG_LOG_FILE ARG_OUTPUT ARG_OUTPUT_PATH ARG_PID ARG_SKIP_SERVE_LOGS "
    "ARG_STDERR ARG_STDOUT ARG_VERBOSE ARG_YES"
)

TABLE: Table = {
    "airflow.cli": {},
    "airflow.cli.cli_config": {
        _GRAMMAR: "ActionCommand Arg CLICommand DefaultHelpParser GroupCommand lazy_load_command "
        "positive_int",
        _ARGUMENTS: _ARGS,
    },
    "airflow.cli.cli_parser": {
        _GRAMMAR: "ActionCommand AirflowHelpFormatter DefaultHelpParser GroupCommand "
        "_add_command=add_command get_parser"
    },
    "airflow.cli.simple_table": {_CONSOLE: "AirflowConsole"},
    "airflow.cli.utils": {_CONSOLE: "print_export_output"},
    "airflow.cli.commands.daemon_utils": {_CONSOLE: "run_command_with_daemon_option"},
    "airflow.cli.commands.db_command": {
        _NOT_HERE: "run_db_downgrade_command run_db_migrate_command"
    },
    "airflow.utils.cli": {
        _GRAMMAR: "action_cli get_bagged_dag suppress_logs_and_warning",
        _CONSOLE: "setup_locations",
    },
}
