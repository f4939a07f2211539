"""`slipstream db clean`, and the archives that it leaves."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from slipstream.cli.asking import confirm
from slipstream.cli.deployment import Deployment
from slipstream.cli.errors import CommandFailedError, UsageError
from slipstream.cli.grammar import Group
from slipstream.cli.moments import moment
from slipstream.cli.output import show_rows

_AIRFLOWS_NAMES: Final = {"log": "event_log"}


def add_cleaning(group: Group) -> None:
    """The verbs around it."""
    clean = group.verb("clean", clean_database, "Remove what ended before a moment")
    clean.add_argument("--clean-before-timestamp", required=True, metavar="MOMENT", help="ISO 8601")
    clean.add_argument("-t", "--tables", help="only these tables, with commas between")
    some = clean.add_mutually_exclusive_group()
    some.add_argument("--dag-ids", help="only what these DAGs left, with commas between")
    some.add_argument("--exclude-dag-ids", help="not what these DAGs left, with commas between")
    clean.add_argument("--dry-run", action="store_true", help="only count")
    clean.add_argument(
        "--skip-archive", action="store_true", help="do not keep what is removed in archives"
    )
    clean.add_argument(
        "--batch-size", type=int, metavar="N", help="so many runs or rows in one transaction (200)"
    )
    clean.add_argument(
        "--error-on-cleanup-failure",
        action="store_true",
        help="accepted; a failure always ends the command with an error",
    )
    clean.add_confirmation()
    clean.add_output()
    export = group.verb("export-archived", export_archives, "Write what db clean has kept to files")
    export.add_argument("--export-format", choices=("csv",), default="csv", help="their format")
    export.add_argument(
        "--output-path", type=Path, required=True, metavar="DIR", help="the folder for them"
    )
    export.add_argument("--drop-archives", action="store_true", help="remove the archives then")
    drop = group.verb("drop-archived", drop_archives, "Remove what db clean has kept")
    for parser in (export, drop):
        parser.add_argument("-t", "--tables", help="only of these tables, with commas between")
        parser.add_confirmation()


def clean_database(deployment: Deployment, arguments: Namespace) -> None:
    """Remove old history, and say how many rows of which table."""
    before = moment(arguments.clean_before_timestamp, deployment.config)
    if arguments.batch_size is not None and arguments.batch_size < 1:
        raise UsageError(f"--batch-size is {arguments.batch_size}; expected 1 or more.")
    if before > datetime.now(UTC):
        raise CommandFailedError(f"{before.isoformat()} is in the future; nothing was removed.")
    if not arguments.dry_run:
        kept = "lost" if arguments.skip_archive else "moved to archives"
        confirm(f"What ended before {before.isoformat()} will be {kept}. Go on?", yes=arguments.yes)
    removed = deployment.store.clean(
        before,
        tables=_tables(arguments),
        dry_run=arguments.dry_run,
        dag_ids=_words(arguments.dag_ids) or (),
        exclude_dag_ids=_words(arguments.exclude_dag_ids) or (),
        batch_size=arguments.batch_size,
        archive=not arguments.skip_archive,
    )
    show_rows(
        ({"table": table, "rows": rows} for table, rows in removed.items()),
        arguments.output,
        columns=("table", "rows"),
    )


def export_archives(deployment: Deployment, arguments: Namespace) -> None:
    """Write each archive to a file of its name."""
    import csv

    store = deployment.store
    names = store.list_archives(_tables(arguments))
    if arguments.drop_archives and names:
        confirm(
            f"{len(names)} archives will be removed once they are written. Go on?",
            yes=arguments.yes,
        )
    try:
        arguments.output_path.mkdir(parents=True, exist_ok=True)
        for name in names:
            file = arguments.output_path / f"{name}.{arguments.export_format}"
            file.touch(mode=0o600)
            with file.open("w", newline="", encoding="utf-8") as opened:
                csv.writer(opened).writerows(store.read_archive(name))
            print(f"Wrote {file}.")
    except OSError as error:
        raise CommandFailedError(
            f"{arguments.output_path} cannot be written: {error.strerror}. No archive was removed."
        ) from error
    if arguments.drop_archives:
        store.drop_archives(names)
    print(f"{'Moved' if arguments.drop_archives else 'Exported'} {len(names)} archives.")


def drop_archives(deployment: Deployment, arguments: Namespace) -> None:
    """Remove archives for ever."""
    names = deployment.store.list_archives(_tables(arguments))
    if names:
        confirm(f"{', '.join(names)} will be lost. Go on?", yes=arguments.yes)
    deployment.store.drop_archives(names)
    print(f"Removed {len(names)} archives.")


def _tables(arguments: Namespace) -> list[str] | None:
    named = _words(arguments.tables)
    return None if named is None else [_AIRFLOWS_NAMES.get(name, name) for name in named]


def _words(given: str | None) -> list[str] | None:
    return None if given is None else [word.strip() for word in given.split(",") if word.strip()]
