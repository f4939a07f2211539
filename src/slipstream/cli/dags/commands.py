"""The grammar of `slipstream dags`."""

from __future__ import annotations

from slipstream.cli import jobs
from slipstream.cli.dags import (
    dependencies,
    editing,
    listing,
    parsing,
    pausing,
    running,
    showing,
    upcoming,
)
from slipstream.cli.grammar import Group, Parser, lazily
from slipstream.model.states import RunState


def add_commands(group: Group) -> None:
    """The verbs of `dags`."""
    _add_listings(group)
    _add_runs(group)
    _add_changes(group)
    _add_graph(group)


def _add_listings(group: Group) -> None:
    listed = group.verb("list", listing.list_dags, "List the DAGs")
    listed.add_argument(
        "--columns",
        type=lambda text: tuple(text.split(",")),
        default=listing.DAG_COLUMNS,
        help=f"with commas between, of: {', '.join(listing.ALL_DAG_COLUMNS)}",
    )
    listed.add_argument(
        "-l", "--local", action="store_true", help="load the files now instead of asking the store"
    )
    listed.add_bundle_name()
    listed.add_output()
    details = group.verb("details", listing.show_details, "Show everything about a DAG")
    _add_dag_id(details)
    details.add_output()
    report = group.verb("report", listing.report, "Show what each DAG file holds and costs")
    report.add_bundle_name()
    report.add_output()
    broken = group.verb(
        "list-import-errors", listing.list_import_errors, "List the files that failed to load"
    )
    broken.add_argument(
        "-l", "--local", action="store_true", help="load the files now instead of asking the store"
    )
    broken.add_bundle_name()
    broken.add_output()
    jobs.add_listing(group.verb("list-jobs", jobs.list_jobs, "List the jobs of components"))
    soon = group.verb("next-execution", upcoming.show_next, "Show when a DAG runs next")
    _add_dag_id(soon)
    soon.add_argument("-n", "--num-executions", type=int, default=1, help="how many (default: 1)")
    soon.add_argument(
        "--field",
        choices=upcoming.FIELDS,
        help="what of a run to print (default: its logical date, or its partition)",
    )
    soon.add_argument("--table", action="store_true", help="print all of it as a table")


def _add_runs(group: Group) -> None:
    trigger = group.verb("trigger", running.trigger, "Start a run")
    _add_dag_id(trigger)
    trigger.add_argument("-c", "--conf", default="{}", help="the run's configuration: JSON")
    trigger.add_argument("-r", "--run-id", help="the id of the run (default: made from the date)")
    trigger.add_argument(
        "-l", "-e", "--logical-date", "--exec-date", metavar="MOMENT", help="ISO 8601"
    )
    trigger.add_argument(
        "--no-replace-microseconds",
        dest="replace_microseconds",
        action="store_false",
        help="accepted; microseconds are kept",
    )
    trigger.add_output()
    _add_test(group)
    runs = group.verb("list-runs", listing.list_runs, "List the runs of a DAG")
    _add_dag_id(runs)
    runs.add_argument("--state", choices=[state.value for state in RunState])
    runs.add_argument("-s", "--start-date", metavar="MOMENT", help="logical dates from here on")
    runs.add_argument("-e", "--end-date", metavar="MOMENT", help="logical dates up to here")
    runs.add_argument("--no-backfill", action="store_true", help="leave backfills out")
    runs.add_output()
    state = group.verb("state", running.show_state, "Print the state of a run")
    _add_dag_id(state)
    state.add_argument("logical_date_or_run_id")
    clear = group.verb("clear", editing.clear, "Let runs start over")
    _add_dag_id(clear)
    clear.add_argument("--run-id", help="only this run")
    clear.add_argument("--partition-key", help="only the runs about this partition")
    clear.add_argument(
        "--partition-date-start", metavar="MOMENT", help="only runs about partitions from here on"
    )
    clear.add_argument(
        "--partition-date-end", metavar="MOMENT", help="only runs about partitions up to here"
    )
    clear.add_argument("-f", "--only-failed", action="store_true", help="only failed tasks")
    clear.add_argument("-r", "--only-running", action="store_true", help="only running tasks")
    clear.add_argument("--dry-run", action="store_true", help="only say what would run again")
    clear.add_confirmation()


def _add_test(group: Group) -> None:
    test = group.verb(
        "test",
        lazily("slipstream.cli.trial.commands:try_dag"),
        "Run a whole DAG here and now; nothing of it is kept",
    )
    test.add_argument("dag_id", help="the DAG's id, or its file")
    test.add_argument("logical_date", nargs="?", help="ISO 8601 (default: now)")
    test.add_argument("-c", "--conf", default="{}", help="the run's configuration: JSON")
    test.add_argument("-f", "--dagfile-path", metavar="FILE", help="the DAG's file")
    test.add_argument(
        "--mark-success-pattern",
        metavar="PATTERN",
        help="tasks whose id matches succeed without being run",
    )
    test.add_argument(
        "--use-executor", action="store_true", help="accepted; tasks always have their own process"
    )
    test.add_argument(
        "--show-dagrun", action="store_true", help="print the run as DOT, tasks in their colours"
    )
    test.add_argument(
        "--save-dagrun", metavar="FILE", help="write that to a .dot file, which Graphviz draws"
    )
    test.add_argument(
        "--imgcat-dagrun", action="store_true", help="show that as a picture, by dot and imgcat"
    )
    test.add_bundle_name()


def _add_changes(group: Group) -> None:
    for verb, run in (("pause", pausing.pause), ("unpause", pausing.unpause)):
        parser = group.verb(verb, run, f"{verb.capitalize()} DAGs")
        _add_dag_id(parser)
        parser.add_argument(
            "--treat-dag-id-as-regex", action="store_true", help="all DAGs whose id matches"
        )
        parser.add_confirmation()
        parser.add_output()
    again = group.verb("reserialize", parsing.reserialize, "Load all DAG files and store them")
    again.add_bundle_name()
    delete = group.verb("delete", editing.delete, "Remove a DAG with its whole history")
    _add_dag_id(delete)
    delete.add_confirmation()


_IMGCAT = "show it as a picture in the terminal, by dot and imgcat"


def _add_graph(group: Group) -> None:
    show = group.verb("show", showing.show, "Draw a DAG's tasks and what they wait for")
    _add_dag_id(show)
    show.add_argument(
        "-s", "--save", metavar="FILE", help="write it to a .dot or .mmd (Mermaid) file"
    )
    show.add_argument("--imgcat", action="store_true", help=_IMGCAT)
    among = group.verb(
        "show-dependencies",
        dependencies.show_dependencies,
        "Print which DAGs wait for which others, by assets, as DOT",
    )
    among.add_argument("-s", "--save", metavar="FILE", help="write it to a .dot file")
    among.add_argument("--imgcat", action="store_true", help=_IMGCAT)


def _add_dag_id(parser: Parser) -> None:
    parser.add_argument("dag_id", help="the DAG's id")
