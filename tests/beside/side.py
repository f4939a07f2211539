"""Runs DAG files with `DAG.test()`, under Airflow or under Slipstream, one job per line of input.

It runs in an environment that has both. The first argument is the descriptor of the channel for
answers, the second a folder for the home; `BESIDE_SIDE` says which one is to be used. A job is
`{"path", "logical_date"}`; an answer has `dags`, `{dag_id: run, states, tries and xcoms}`, or
`error` where the file cannot be loaded, and `foreign`: modules of real Airflow that are loaded.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sqlite3
import sys
import sysconfig
import traceback
import warnings
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

OURS = os.environ["BESIDE_SIDE"] == "slipstream"
AIRFLOW = Path(sysconfig.get_path("purelib")) / "airflow"


def main() -> None:
    """Answer until standard input ends."""
    channel, home = os.fdopen(int(sys.argv[1]), "w"), Path(sys.argv[2])
    _configure(home)
    channel.write(json.dumps({"ready": True}) + "\n")
    channel.flush()
    for line in sys.stdin:
        answer = {**_answer(json.loads(line)), "foreign": foreign()}
        channel.write(json.dumps(answer) + "\n")
        channel.flush()


def _configure(home: Path) -> None:
    folder = home / "dags"
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.update(
        AIRFLOW_HOME=str(home),
        SLIPSTREAM_HOME=str(home),
        AIRFLOW__CORE__DAGS_FOLDER=str(folder),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__UNIT_TEST_MODE="False",
        AIRFLOW__LOGGING__LOGGING_LEVEL="CRITICAL",
    )
    if OURS:
        from slipstream import compat

        compat.install()
    else:
        from airflow.utils import db

        db.initdb()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def _answer(job: dict) -> dict:
    from airflow.dag_processing.dagbag import DagBag

    if not OURS:
        _as_new()
    original = Path(job["path"])
    folder = Path(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    for old in folder.glob("*.py"):
        old.unlink()
    path = Path(shutil.copy(original, folder))  # Airflow tests only what its DAGs folder has.
    sys.path.insert(0, str(original.parent))
    date = datetime.fromisoformat(job["logical_date"]).replace(tzinfo=UTC)
    try:
        bag = DagBag(dag_folder=str(path))
        if bag.import_errors:
            return {"error": next(iter(bag.import_errors.values()))}
        return {"dags": {of: _tested(dag, date) for of, dag in sorted(bag.dags.items())}}
    except BaseException as error:  # noqa: BLE001 - whatever a DAG file may raise is its answer
        return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    finally:
        sys.path.remove(str(original.parent))


def _as_new() -> None:
    """Give Airflow the database that it had before the first file, at the second one and later."""
    database = Path(os.environ["AIRFLOW_HOME"]) / "airflow.db"
    kept = database.with_suffix(".new")
    source, target = (database, kept) if not kept.exists() else (kept, database)
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def _tested(dag, date: datetime) -> dict:
    if OURS:
        from slipstream_side import told
    else:
        from airflow_side import told
    try:
        return {**told(dag.test(run_after=date, logical_date=date)), "trace": []}
    except BaseException as error:  # noqa: BLE001
        return {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}


def foreign() -> list[str]:
    """Modules of this process whose files are real Airflow's own, not a provider package's."""
    files = {name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}
    parents = {name: Path(file).parents for name, file in files.items() if file}
    providers = AIRFLOW / "providers"
    return sorted(name for name, of in parents.items() if AIRFLOW in of and providers not in of)


if __name__ == "__main__":
    main()
