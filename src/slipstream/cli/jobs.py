"""`slipstream jobs`."""

from __future__ import annotations

import sys
from argparse import Namespace
from datetime import UTC, datetime, timedelta

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.grammar import Group, Parser
from slipstream.cli.output import as_text, show_rows
from slipstream.cli.paging import every

JOB_TYPES = {
    "SchedulerJob": "scheduler",
    "DagProcessorJob": "dag_processor",
    "TriggererJob": "triggerer",
}
"""Airflow's names of job types, and the names under which components say that they live."""


def add_commands(group: Group) -> None:
    """The verbs of `jobs`."""
    check = group.verb("check", check_jobs, "Check that a component is alive")
    check.add_argument("--job-type", choices=tuple(JOB_TYPES), help="only this kind")
    host = check.add_mutually_exclusive_group()
    host.add_argument("--hostname", help="only on this host")
    host.add_argument("--local", action="store_true", help="only on this machine")
    check.add_argument("--limit", type=int, default=1, help="accepted, as in Airflow")
    check.add_argument("--allow-multiple", action="store_true", help="more than one may be alive")


def check_jobs(deployment: Deployment, arguments: Namespace) -> None:
    """Fail unless a component has said lately that it lives."""
    if arguments.allow_multiple and arguments.limit == 1:
        raise UsageError("--allow-multiple needs a --limit above 1, or 0 for none.")
    threshold = timedelta(
        seconds=deployment.config.integer("scheduler", "scheduler_health_check_threshold")
    )
    alive = [
        component
        for component in deployment.store.health()
        if arguments.job_type in (None, _type_of(component.job))
        and _host(arguments) in (None, component.hostname)
        and component.latest is not None
        and datetime.now(UTC) - component.latest <= threshold
    ]
    if not alive:
        raise CommandFailedError("No alive jobs found.")
    if len(alive) > 1 and arguments.job_type and not arguments.allow_multiple:
        raise CommandFailedError(f"Found {len(alive)} alive jobs. Expected only one.")
    print(f"Found {len(alive)} alive jobs." if len(alive) > 1 else "Found one alive job.")


JOB_COLUMNS = ("id", "job_type", "state", "hostname", "start_date", "end_date", "latest_heartbeat")
NO_DAGS_JOBS = "Runs need no jobs of their own; slipstream dags list-runs shows them."


def add_listing(parser: Parser) -> None:
    """The options of `dags list-jobs`."""
    parser.add_argument("-d", "--dag-id", help="accepted; jobs belong to no DAG")
    parser.add_argument(
        "--state", choices=("running", "success", "failed"), help="only jobs of this state"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the newest so many")
    parser.add_output()


def list_jobs(deployment: Deployment, arguments: Namespace) -> None:
    """Print the jobs of components, the newest first."""
    from slipstream.store.component_records import JobFilter

    check_listing(arguments)
    which = JobFilter(state=arguments.state)
    found = every(
        lambda window: deployment.store.list_jobs(which, window),
        order_by=("-id",),
        limit=arguments.limit,
    )
    show_rows(
        (
            {
                "id": job.pk,
                "job_type": _type_of(job.job) or job.job,
                "state": job.state.value,
                "hostname": job.hostname,
                "start_date": as_text(job.started_at),
                "end_date": as_text(job.ended_at),
                "latest_heartbeat": as_text(job.latest),
            }
            for job in found
            if arguments.dag_id is None
        ),
        arguments.output,
        columns=JOB_COLUMNS,
    )


def check_listing(arguments: Namespace) -> None:
    """Say what there cannot be. Raises `UsageError`."""
    if arguments.limit is not None and arguments.limit < 1:
        raise UsageError(f"--limit is {arguments.limit}; expected 1 or more.")
    if arguments.dag_id is not None:
        print(NO_DAGS_JOBS, file=sys.stderr)


def _type_of(job: str) -> str | None:
    return next((name for name, component in JOB_TYPES.items() if component == job), None)


def _host(arguments: Namespace) -> str | None:
    if arguments.local:
        import socket

        return socket.gethostname()
    hostname: str | None = arguments.hostname
    return hostname
