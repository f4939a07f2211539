"""Slipstream, as this working tree has it, on the embedded default."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from bench.systems.system import Place

ROOT = Path(__file__).resolve().parents[2]


class Slipstream:
    """`slipstream standalone` on SQLite."""

    name = "slipstream"
    version_words = ("--version",)

    def prepare(self) -> None:
        """Nothing: it runs from the working tree."""

    def environment(self, place: Place, port: int) -> Mapping[str, str]:
        """A home of its own, and the settings that both sides get."""
        return {
            "PYTHONPATH": str(ROOT / "src"),
            "SLIPSTREAM_HOME": str(place.home),
            "SLIPSTREAM__CORE__DAGS_FOLDER": str(place.dags),
            "SLIPSTREAM__CORE__LOAD_EXAMPLES": "False",
            "SLIPSTREAM__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "SLIPSTREAM__CORE__MAX_MAP_LENGTH": "100000",
            "SLIPSTREAM__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "SLIPSTREAM__API__HOST": "127.0.0.1",
            "SLIPSTREAM__API__PORT": str(port),
        }

    def command(self, *words: str) -> Sequence[str]:
        """The installed command, or the module where it is not installed."""
        installed = Path(sys.executable).with_name("slipstream")
        if installed.exists():
            return [str(installed), *words]
        return [sys.executable, "-m", "slipstream", *words]

    def states(self, place: Place, dag_id: str, run_id: str) -> Counter[str]:
        """Read from the SQLite file."""
        with closing(
            sqlite3.connect(f"file:{place.home / 'slipstream.db'}?mode=ro", uri=True)
        ) as db:
            rows = db.execute(
                "SELECT task_instance.state, count(*) FROM task_instance"
                " JOIN dag_run ON dag_run.pk = task_instance.run_pk"
                " WHERE dag_run.dag_id = ? AND dag_run.run_id = ? GROUP BY 1",
                (dag_id, run_id),
            )
            return Counter(dict(rows.fetchall()))

    def install(self, environment: Path) -> None:
        """The project without extras, the newest release of each dependency."""
        python = environment / "bin" / "python"
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--no-compile", str(ROOT)],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
