"""What an import costs: `python -m bench.imports`. Each one in a fresh interpreter.

`sdk` imports the authoring names from `slipstream.sdk`; `airflow` installs the surface and imports
the same names from `airflow.sdk`; `classic` does so from the paths of Airflow 2. Seconds are CPU
seconds since the interpreter began to run code, the best of several; megabytes are the resident
memory at the end, interpreter and all.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROUNDS = 7
NAMES = "DAG, BaseOperator, Param, TaskGroup, Variable, Connection, chain, dag, task"
CASES = {
    "nothing": "pass",
    "sdk": f"from slipstream.sdk import {NAMES}",
    "airflow": f"import slipstream.compat as c; c.install(); from airflow.sdk import {NAMES}",
    "classic": "import slipstream.compat as c; c.install(); from airflow import DAG; "
    "from airflow.operators.bash import BashOperator; "
    "from airflow.operators.empty import EmptyOperator; "
    "from airflow.operators.python import PythonOperator",
    "providers": "import slipstream.compat as c; c.install(); "
    "from airflow.providers_manager import ProvidersManager; ProvidersManager().providers",
}
_MEASURE = """
import sys, time
sys.path.insert(0, {source!r})
begun = time.process_time()
{code}
took = time.process_time() - begun
with open("/proc/self/statm") as file:
    pages = int(file.read().split()[1])
import json, os
print(json.dumps([took, pages * os.sysconf("SC_PAGESIZE") / 2**20]))
"""


def measured(code: str) -> tuple[float, float]:
    """The least seconds and the megabytes of several interpreters that run the code."""
    source = str(Path(__file__).resolve().parents[1] / "src")
    script = _MEASURE.format(source=source, code=code)
    found = [
        json.loads(
            subprocess.run(
                [sys.executable, "-c", script],
                capture_output=True,
                text=True,
                check=True,
                env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            ).stdout
        )
        for _ in range(ROUNDS)
    ]
    return min(seconds for seconds, _mb in found), min(mb for _seconds, mb in found)


def main() -> None:
    """Measure all of them, and print `{figure: value}`."""
    figures = {}
    for name, code in CASES.items():
        seconds, megabytes = measured(code)
        figures[f"{name}_seconds"] = seconds
        figures[f"{name}_mb"] = megabytes
    figures["surface_over_sdk_seconds"] = figures["airflow_seconds"] - figures["sdk_seconds"]
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
