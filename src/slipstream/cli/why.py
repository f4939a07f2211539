"""`slipstream why DAG RUN TASK`: what a task instance waits for, in one sentence."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime, timedelta

from slipstream.cli.deployment import Deployment
from slipstream.cli.finding import find_run
from slipstream.cli.grammar import Group


def add_commands(group: Group) -> None:
    """A command without verbs."""
    parser = group.command(say_why)
    parser.add_argument("dag_id")
    parser.add_argument("run_id", metavar="logical_date_or_run_id")
    parser.add_argument("task_id")
    parser.add_argument("--map-index", type=int, default=-1, help="of a mapped task")


def say_why(deployment: Deployment, arguments: Namespace) -> None:
    """Print the sentence."""
    from slipstream.cli.server.bundles import team_of
    from slipstream.core.waiting import why
    from slipstream.model.run import TaskKey
    from slipstream.store.surroundings import instance_or_plan, surroundings

    run = find_run(deployment, arguments.dag_id, arguments.run_id)
    key = TaskKey(arguments.task_id, arguments.map_index)
    found = instance_or_plan(deployment.store, run, key)
    threshold = deployment.config.number("scheduler", "scheduler_health_check_threshold")
    facts = surroundings(
        deployment.store,
        found,
        datetime.now(UTC),
        alive_within=timedelta(seconds=threshold),
        team_of=team_of(deployment),
    )
    print(why(facts))
