"""Airflow's answers to orders to clear and to mark: its own REST API on a database of its own.

Run in an environment with Airflow: `python airflow_clearing.py HOME`. A case on each line of
standard input, an answer on each line out; see `clearing_cases.py`. It imports nothing of ours.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow_recording import client, record
from clearing_cases import about


def main() -> None:
    """Answer until standard input ends."""
    with client(Path(sys.argv[1])) as (api, folder):
        for line in sys.stdin:
            case = json.loads(line)
            try:
                record(case, folder)
                said = [_answer(api, case, request) for request in case["requests"]]
                said.append(_states(case["dag_id"]))
            except Exception as error:  # noqa: BLE001
                import traceback

                said = [f"{type(error).__name__}: {error}", traceback.format_exc()]
            print(json.dumps(said), flush=True)


def _answer(client, case: dict, request: dict) -> object:
    path = f"/api/v2/dags/{case['dag_id']}{request['path']}"
    answer = client.request(request["method"], path, json=request["body"])
    if answer.status_code != 200:
        return answer.status_code
    found = answer.json()
    # What was done is told by the states that follow: Airflow's answer names less, or more.
    return "done" if request.get("done") else about(found)


def _states(dag_id: str) -> dict:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        instances = session.scalars(select(TaskInstance).where(TaskInstance.dag_id == dag_id))
        found = {f"{one.run_id}|{one.task_id}|{one.map_index}": one.state for one in instances}
        runs = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id))
        return found | {run.run_id: str(run.state) for run in runs}


if __name__ == "__main__":
    main()
