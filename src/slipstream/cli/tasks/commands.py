"""The grammar of `slipstream tasks`."""

from __future__ import annotations

from slipstream.cli.grammar import Group, Parser, lazily
from slipstream.cli.tasks import clearing, listing


def add_commands(group: Group) -> None:
    """The verbs of `tasks`."""
    listed = group.verb("list", listing.list_tasks, "List the tasks of a DAG")
    listed.add_argument("dag_id", help="the DAG's id")
    listed.add_bundle_name()
    state = group.verb("state", listing.show_state, "Print the state of a task instance")
    _add_instance(state)
    states = group.verb(
        "states-for-dag-run", listing.show_states, "List the task instances of a run"
    )
    states.add_argument("dag_id", help="the DAG's id")
    states.add_argument("logical_date_or_run_id")
    states.add_output()
    deps = group.verb("failed-deps", listing.show_reason, "Say why a task instance does not run")
    _add_instance(deps)
    _add_clear(group)
    _add_test(group)
    _add_render(group)


def _add_test(group: Group) -> None:
    test = group.verb(
        "test",
        lazily("slipstream.cli.trial.commands:try_task"),
        "Run one task here and now; nothing of it is kept",
    )
    test.add_argument("dag_id", help="the DAG's id, or its file")
    test.add_argument("task_id", help="the task's id")
    test.add_argument("logical_date_or_run_id", nargs="?", help="default: now")
    test.add_argument("--map-index", type=int, default=-1, help="only this one of a mapped task")
    test.add_argument("-t", "--task-params", default="{}", help="the run's configuration: JSON")
    test.add_argument("--env-vars", default="{}", help="variables of the environment: JSON")
    test.add_argument(
        "-m",
        "--post-mortem",
        action="store_true",
        help="open pdb where the task fails, at this terminal",
    )
    test.add_bundle_name()


def _add_render(group: Group) -> None:
    render = group.verb(
        "render",
        lazily("slipstream.cli.trial.rendering:render"),
        "Print what a task's templates give",
    )
    _add_instance(render)


def _add_clear(group: Group) -> None:
    clear = group.verb("clear", clearing.clear, "Let task instances run again")
    clear.add_argument("dag_id", help="the DAG's id")
    clear.add_argument("-t", "--task-regex", help="only tasks whose id matches")
    clear.add_argument("-s", "--start-date", metavar="MOMENT", help="logical dates from here on")
    clear.add_argument("-e", "--end-date", metavar="MOMENT", help="logical dates up to here")
    clear.add_argument("-u", "--upstream", action="store_true", help="and all before them")
    clear.add_argument("-d", "--downstream", action="store_true", help="and all after them")
    clear.add_argument("-f", "--only-failed", action="store_true", help="only failed ones")
    clear.add_argument("-r", "--only-running", action="store_true", help="only running ones")
    clear.add_argument("--dry-run", action="store_true", help="only say what would run again")
    clear.add_argument(
        "-R", "--dag-regex", action="store_true", help="all DAGs whose id matches DAG_ID"
    )
    clear.add_bundle_name()
    clear.add_confirmation()


def _add_instance(parser: Parser) -> None:
    parser.add_argument("dag_id", help="the DAG's id")
    parser.add_argument("task_id", help="the task's id")
    parser.add_argument("logical_date_or_run_id")
    parser.add_argument("--map-index", type=int, default=-1, help="which of a mapped task")
    parser.add_bundle_name()
