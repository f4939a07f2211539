"""`slipstream jobs`."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime, timedelta

from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.grammar import Group

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


def _type_of(job: str) -> str | None:
    return next((name for name, component in JOB_TYPES.items() if component == job), None)


def _host(arguments: Namespace) -> str | None:
    if arguments.local:
        import socket

        return socket.gethostname()
    hostname: str | None = arguments.hostname
    return hostname
