"""Starting runs and looking at them."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from datetime import UTC, datetime

from slipstream.cli.dags.asking import asker
from slipstream.cli.dags.listing import run_row
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import UsageError
from slipstream.cli.finding import find_dag, find_run
from slipstream.cli.moments import moment
from slipstream.cli.output import show_rows
from slipstream.model.json import JsonValue
from slipstream.model.states import TriggeredBy
from slipstream.store.triggering import RunRequest, requested_run

TRIGGERED_COLUMNS = (
    "dag_id",
    "dag_run_id",
    "run_type",
    "state",
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "start_date",
    "end_date",
    "conf",
    "last_scheduling_decision",
    "triggering_user_name",
)


def trigger(deployment: Deployment, arguments: Namespace) -> None:
    """Create a run; a running server starts it at once."""
    store = deployment.store
    dag = find_dag(store, arguments.dag_id)
    request = RunRequest(
        run_id=arguments.run_id,
        logical_date=(
            moment(arguments.logical_date, deployment.config) if arguments.logical_date else None
        ),
        conf=parse_conf(arguments.conf),
        triggered_by=TriggeredBy.CLI,
        user=user_name(),
    )
    new = requested_run(
        dag,
        request,
        datetime.now(UTC),
        run_id_pattern=deployment.config.text("scheduler", "allowed_run_id_pattern"),
        ask=asker(deployment),
    )
    show_rows([run_row(store.create_run(new))], arguments.output, columns=TRIGGERED_COLUMNS)
    if dag.is_paused:
        why = f" ({dag.pause_reason.rstrip('.')})" if dag.pause_reason else ""
        print(
            f"{dag.dag_id} is paused{why}: the run waits for "
            f"`slipstream dags unpause {dag.dag_id}`.",
            file=sys.stderr,
        )


def show_state(deployment: Deployment, arguments: Namespace) -> None:
    """Print the state of a run, and its configuration where it has one."""
    run = find_run(deployment, arguments.dag_id, arguments.logical_date_or_run_id)
    conf = f", {json.dumps(dict(run.conf))}" if run.conf else ""
    print(f"{run.state.value}{conf}")


def parse_conf(text: str, option: str = "--conf") -> dict[str, JsonValue]:
    """The JSON object of such an option. Raises `UsageError`."""
    try:
        conf = json.loads(text or "{}")
    except ValueError as error:
        raise UsageError(f"{option} is not JSON: {error}.") from error
    if not isinstance(conf, dict):
        raise UsageError(f"{option} is {text}; expected a JSON object as in '{{\"day\": 1}}'.")
    return conf


def user_name() -> str | None:
    """The name of the operating system's user; None where it has none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None
