"""How commands of providers print, and how they run in the background."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table


class AirflowConsole(Console):
    """Prints rows as a table, JSON, YAML or plain columns."""

    def __init__(self, show_header: bool = True, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.show_header = show_header
        if not self.is_terminal:
            self._width = 200

    def print_as(
        self,
        data: Sequence[Any],
        output: str,
        mapper: Callable[[Any], Mapping[str, Any]] | None = None,
    ) -> None:
        """Print rows in the format: `table`, `json`, `yaml` or `plain`."""
        printers: dict[str, Callable[[Any], None]] = {
            "json": self.print_as_json,
            "yaml": self.print_as_yaml,
            "table": self.print_as_table,
            "plain": self.print_as_plain_table,
        }
        if output not in printers:
            raise ValueError(f"The format is {output!r}; expected one of {', '.join(printers)}.")
        if not all(isinstance(row, Mapping) for row in data) and mapper is None:
            raise ValueError("The rows are no mappings; give a mapper that makes them.")
        printers[output]([dict(mapper(row) if mapper else row) for row in data])

    def print_as_json(self, data: Any) -> None:
        """Print as JSON."""
        self.print_json(json.dumps(data, default=str), indent=None, highlight=False)

    def print_as_yaml(self, data: Any) -> None:
        """Print as YAML."""
        import yaml

        plain = json.loads(json.dumps(data, default=str))
        self.print(yaml.safe_dump(plain, sort_keys=False), markup=False, highlight=False)

    def print_as_table(self, data: Sequence[Mapping[str, Any]]) -> None:
        """Print as a table."""
        self._print_columns(data, Table(box=SIMPLE, show_header=self.show_header))

    def print_as_plain_table(self, data: Sequence[Mapping[str, Any]]) -> None:
        """Print as columns without lines."""
        self._print_columns(data, Table(box=None, show_header=self.show_header, pad_edge=False))

    def _print_columns(self, data: Sequence[Mapping[str, Any]], table: Table) -> None:
        if not data:
            self.print("No data found")
            return
        for column in data[0]:
            table.add_column(column)
        for row in data:
            table.add_row(*(_text(value) for value in row.values()))
        self.print(table)


def print_export_output(command_type: str, exported_items: Collection[Any], file: TextIO) -> None:
    """Say how much was written, where that does not stand in the output itself."""
    if not file.name.endswith("stdout>"):
        print(f"{len(exported_items)} {command_type} written to {file.name}.")


def setup_locations(
    process: str,
    pid: str | None = None,
    stdout: str | None = None,
    stderr: str | None = None,
    log: str | None = None,
) -> tuple[str, str, str, str]:
    """The files of a process in the background: its id, output, errors and log."""
    from slipstream.config import load_config

    home = str(load_config().home)
    kinds = ((pid, "pid"), (stdout, "out"), (stderr, "err"), (log, "log"))
    first, second, third, fourth = (
        given or os.path.join(home, f"airflow-{process}.{ending}") for given, ending in kinds
    )
    return first, second, third, fourth


def run_command_with_daemon_option(
    *,
    args: Any,
    process_name: str,
    callback: Callable[[], None],
    should_setup_logging: bool = False,
    umask: str = "0o077",
    pid_file: str | None = None,
) -> None:
    """Run the command here, or with `--daemon` in the background."""
    from slipstream.sdk._background import Places, background

    del should_setup_logging  # What workers log goes to standard error.
    if not getattr(args, "daemon", False):
        callback()
        return
    given = (pid_file or args.pid, args.stdout, args.stderr, args.log_file)  # Logs are errors, too.
    pid, stdout, stderr, log = (
        os.path.abspath(os.path.expanduser(path)) for path in setup_locations(process_name, *given)
    )
    places = Places(pid=Path(pid), stdout=Path(stdout), stderr=Path(stderr if args.stderr else log))
    with background(process_name, places, int(umask, 8)) as process:
        process.ready()
        callback()


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple, set)):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
