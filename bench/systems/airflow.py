"""Apache Airflow in an environment of its own: default settings, or tuned on PostgreSQL."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import venv
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from bench.systems.system import Place, free_port

PEERS = Path(__file__).resolve().parents[1] / ".peers"
RELEASE = "3.3.2"
REQUIREMENT = f"apache-airflow=={RELEASE}"
NEWEST = "apache-airflow>=3"
INSTALL_LIMIT_SECONDS = 900
DARK = {"PYTHONPATH", "VIRTUAL_ENV"}


class Airflow:
    """`airflow standalone` on its default SQLite."""

    name = "airflow"
    version_words = ("version",)

    def prepare(self) -> None:
        """Make the environment if it is not there."""
        if not self._program("airflow").exists():
            venv.create(self._environment, with_pip=True, clear=True)
            self.install(self._environment)

    def environment(self, place: Place, port: int) -> Mapping[str, str]:
        """A home of its own, the settings that both sides get, and no port that others use."""
        return {
            "PATH": f"{self._environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(place.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(place.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__MAX_MAP_LENGTH": "100000",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        }

    def command(self, *words: str) -> Sequence[str]:
        """The command of its environment."""
        return [str(self._program("airflow")), *words]

    def states(self, place: Place, dag_id: str, run_id: str) -> Counter[str]:
        """Read from the SQLite file."""
        with closing(sqlite3.connect(f"file:{place.home / 'airflow.db'}?mode=ro", uri=True)) as db:
            rows = db.execute(
                "SELECT state, count(*) FROM task_instance"
                " WHERE dag_id = ? AND run_id = ? GROUP BY 1",
                (dag_id, run_id),
            )
            return Counter(dict(rows.fetchall()))

    def install(self, environment: Path) -> None:
        """The release that we compare with, or the newest where that is not to be had."""
        python = str(environment / "bin" / "python")
        pip = [python, "-m", "pip", "install", "--quiet", "--no-compile"]
        variables = {name: value for name, value in os.environ.items() if name not in DARK}
        for requirement in (REQUIREMENT, NEWEST):
            done = subprocess.run(
                [*pip, requirement],
                env=variables,
                check=False,
                timeout=INSTALL_LIMIT_SECONDS,
                stdout=subprocess.DEVNULL,
                stderr=sys.stderr if requirement == NEWEST else subprocess.DEVNULL,
            )
            if done.returncode == 0:
                return
        raise RuntimeError(f"{NEWEST} could not be installed")

    @property
    def python(self) -> Path:
        """The interpreter of its environment."""
        return self._program("python")

    @property
    def _environment(self) -> Path:
        return PEERS / f"airflow-{RELEASE}"

    def _program(self, name: str) -> Path:
        return self._environment / "bin" / name
