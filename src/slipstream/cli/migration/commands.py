"""`slipstream migrate`."""

from __future__ import annotations

from pathlib import Path

from slipstream.cli.errors import UsageError
from slipstream.cli.grammar import Group, lazily

PARTS = ("connections", "variables", "pools", "paused", "history")


def add_commands(group: Group) -> None:
    """The verbs of `migrate`."""
    airflow = group.verb(
        "from-airflow",
        lazily("slipstream.cli.migration.from_airflow:migrate"),
        "Bring over what an Airflow deployment has in its database, which is only read",
    )
    airflow.add_argument(
        "--airflow-home",
        type=Path,
        metavar="DIR",
        help="the folder of airflow.cfg, which names the database and the key "
        "(default: AIRFLOW_HOME, or ~/airflow)",
    )
    airflow.add_argument(
        "--database-url",
        metavar="URL",
        help="the database, as in [database] sql_alchemy_conn; Airflow's own environment variables "
        "work too, and keep a password out of the list of processes",
    )
    airflow.add_argument(
        "--fernet-key-file",
        type=Path,
        metavar="FILE",
        help="a file with the Fernet keys that sealed its secrets, one in a line",
    )
    airflow.add_argument(
        "--only",
        type=_parts,
        default=PARTS,
        metavar="PARTS",
        help=f"some of {','.join(PARTS)}, with commas between them",
    )
    airflow.add_argument(
        "--since", metavar="DATE", help="leave out runs that began before, such as 2026-01-31"
    )
    airflow.add_argument(
        "--overwrite",
        action="store_true",
        help="connections, variables, pools and flags that are here already become Airflow's",
    )
    airflow.add_argument(
        "--dry-run", action="store_true", help="say what would be brought over, and bring nothing"
    )
    airflow.add_output()


def _parts(text: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [part for part in chosen if part not in PARTS]
    if unknown or not chosen:
        raise UsageError(f"--only is {text!r}; expected some of {', '.join(PARTS)}.")
    return chosen
