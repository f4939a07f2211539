"""What a server says about itself: version, settings, components, plugins, providers."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice

import msgspec

from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.jobs import JOB_COLUMNS, check_listing
from slipstream.cli.moments import moment
from slipstream.cli.output import Row, show_fields, show_rows
from slipstream.cli.plugins import COLUMNS as PLUGIN_COLUMNS
from slipstream.cli.remote.finding import find_dag, find_run
from slipstream.cli.remote.server import Server, moment_text, place
from slipstream.cli.settings import is_file
from slipstream.model.json import JsonValue


class _Version(msgspec.Struct, kw_only=True):
    version: str


class _Option(msgspec.Struct, kw_only=True):
    key: str
    value: JsonValue


class _Section(msgspec.Struct, kw_only=True):
    name: str
    options: list[_Option]


class _Config(msgspec.Struct, kw_only=True):
    sections: list[_Section]


class _Job(msgspec.Struct, kw_only=True):
    id: int
    job_type: str | None = None


class _JobInFull(msgspec.Struct, kw_only=True):
    id: int
    job_type: str | None = None
    state: str | None = None
    hostname: str | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    latest_heartbeat: datetime | None = None

    @property
    def row(self) -> Row:
        """It as the command prints it."""
        return {
            "id": self.id,
            "job_type": self.job_type,
            "state": self.state,
            "hostname": self.hostname,
            "start_date": moment_text(self.start_date),
            "end_date": moment_text(self.end_date),
            "latest_heartbeat": moment_text(self.latest_heartbeat),
        }


class _Broken(msgspec.Struct, kw_only=True):
    source: str
    error: str


class _Provider(msgspec.Struct, kw_only=True):
    package_name: str
    description: str = ""
    version: str = ""


class _Partitions(msgspec.Struct, kw_only=True):
    dag_runs_cleared: int
    task_instances_cleared: int


def show_version(server: Server, _arguments: Namespace) -> None:
    """Print the server's version."""
    print(server.get(place("version"), _Version).version)


def show_info(server: Server, arguments: Namespace) -> None:
    """Print what the server is, and how its components are."""
    health = server.get(place("monitor", "health"), dict[str, Mapping[str, JsonValue]])
    fields: dict[str, JsonValue] = {
        "server": server.url,
        "version": server.get(place("version"), _Version).version,
        **{name: said.get("status") for name, said in health.items() if said},
    }
    show_fields(fields, arguments.output)


def list_settings(server: Server, arguments: Namespace) -> None:
    """Print the settings that the server shows; it hides secrets."""
    _require_no_secrets(arguments)
    if is_file(arguments) or arguments.exclude_providers:
        raise UsageError(
            "A server tells names and values alone: run that on its own machine, or use -o yaml."
        )
    found = server.get(place("config"), _Config, section=arguments.section)
    show_rows(
        (
            {
                "section": section.name,
                "key": option.key,
                "value": option.value,
                "source": server.url,
            }
            for section in found.sections
            for option in section.options
        ),
        arguments.output,
        columns=("section", "key", "value", "source"),
    )


def get_value(server: Server, arguments: Namespace) -> None:
    """Print one value and nothing else, for scripts."""
    _require_no_secrets(arguments)
    path = place("config", "section", arguments.section, "option", arguments.option)
    for section in server.get(path, _Config).sections:
        for option in section.options:
            print(option.value)
    if arguments.show_source:
        print(server.url)


def check_jobs(server: Server, arguments: Namespace) -> None:
    """Fail unless a component has said lately that it lives."""
    if arguments.allow_multiple and arguments.limit == 1:
        raise UsageError("--allow-multiple needs a --limit above 1, or 0 for none.")
    if arguments.local:
        raise UsageError("--local is about this machine: leave it out, or leave --server out.")
    alive = list(
        server.every(
            place("jobs"),
            "jobs",
            _Job,
            is_alive=True,
            job_state="running",
            job_type=arguments.job_type,
            hostname=arguments.hostname,
        )
    )
    if not alive:
        raise CommandFailedError("No alive jobs found.")
    if len(alive) > 1 and arguments.job_type and not arguments.allow_multiple:
        raise CommandFailedError(f"Found {len(alive)} alive jobs. Expected only one.")
    print(f"Found {len(alive)} alive jobs." if len(alive) > 1 else "Found one alive job.")


def list_jobs(server: Server, arguments: Namespace) -> None:
    """Print the jobs of components, the newest first."""
    check_listing(arguments)
    found = server.every(
        place("jobs"), "jobs", _JobInFull, job_state=arguments.state, order_by="-id"
    )
    wanted = islice(found, 0 if arguments.dag_id is not None else arguments.limit)
    show_rows((one.row for one in wanted), arguments.output, columns=JOB_COLUMNS)


def show_plugins(server: Server, arguments: Namespace) -> int:
    """Print what the server's plugins add, and say what is wrong with the others."""
    rows: list[Row] = list(server.every(place("plugins"), "plugins", dict[str, JsonValue]))
    if rows:
        shows_all = arguments.output in {"json", "yaml"}
        columns = [name for name in PLUGIN_COLUMNS if shows_all or any(r.get(name) for r in rows)]
        show_rows(rows, arguments.output, columns=columns)
    else:
        print("No plugins loaded")
    errors = list(server.every(place("plugins", "importErrors"), "import_errors", _Broken))
    for one in errors:
        print(f"slipstream: the plugin of {one.source} is not used: {one.error}", file=sys.stderr)
    return 1 if errors else 0


def list_providers(server: Server, arguments: Namespace) -> None:
    """Print the provider packages that are installed beside the server."""
    show_rows(
        (
            {
                "package_name": one.package_name,
                "description": one.description,
                "version": one.version,
            }
            for one in _providers(server)
        ),
        arguments.output,
        columns=("package_name", "description", "version"),
    )


def clear_partitions(server: Server, arguments: Namespace) -> None:
    """Clear the partition of the chosen runs, and say how many they were."""
    start, end = arguments.start_date, arguments.end_date
    if arguments.date is not None:
        if start is not None or end is not None:
            raise UsageError("--date cannot be combined with --start-date and --end-date.")
        start, _, end = arguments.date.partition("~")
        if not start.strip() or not end.strip():
            raise UsageError(
                f"--date is {arguments.date!r}; expected FROM~TO as in 2026-01-01~2026-01-31."
            )
    ways = (arguments.run_id, arguments.partition_key, start or end)
    if sum(way is not None for way in ways) != 1:
        raise UsageError(
            "Choose the runs in one way: by --run-id, by --partition-key, or by a range of "
            "partition dates (--start-date and --end-date, or --date)."
        )
    dag = find_dag(server, arguments.dag_id)
    if arguments.run_id is not None:
        find_run(server, dag.dag_id, arguments.run_id)
    body: dict[str, JsonValue] = {
        "run_id": arguments.run_id,
        "partition_key": arguments.partition_key,
        "partition_date_start": moment_text(moment(start, server.config)) if start else None,
        "partition_date_end": moment_text(moment(end, server.config)) if end else None,
        "clear_task_instances": arguments.clear_task_instances,
        "dry_run": arguments.dry_run,
    }
    done = server.post(place("dags", dag.dag_id, "clearPartitions"), body, _Partitions)
    verb = "Would clear" if arguments.dry_run else "Cleared"
    if arguments.clear_task_instances:
        print(f"{verb} {done.task_instances_cleared} task instances.")
    print(f"{verb} the partitions of {done.dag_runs_cleared} runs.")


def _providers(server: Server) -> Iterator[_Provider]:
    return server.every(place("providers"), "providers", _Provider)


def _require_no_secrets(arguments: Namespace) -> None:
    if arguments.show_secrets:
        raise UsageError(
            "A server does not send secrets: leave --show-secrets out, or ask on the server's own "
            "machine."
        )
