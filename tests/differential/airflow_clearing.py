"""Airflow's answers to orders to clear and to mark: its own REST API on a database of its own.

Run in an environment with Airflow: `python airflow_clearing.py HOME`. A case on each line of
standard input, an answer on each line out; see `clearing_cases.py`. It imports nothing of ours.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from airflow_side import _configure
from clearing_cases import DATES, RUNS, about

_RAN = datetime(2026, 2, 1, tzinfo=UTC)
BUNDLE = "dags-folder"


def main() -> None:
    """Answer until standard input ends."""
    folder = _configure(Path(sys.argv[1]))
    os.environ.update(
        AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS="True",
        AIRFLOW__API_AUTH__JWT_SECRET="a secret of this comparison alone, and of nothing else",
    )
    from airflow.utils import db

    db.initdb()
    logging.disable(logging.CRITICAL)
    from airflow.api_fastapi.app import create_app
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from starlette.testclient import TestClient

    DagBundlesManager().sync_bundles_to_db()
    with TestClient(create_app(), base_url="http://testserver") as client:
        token = client.get("/auth/token").json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        for line in sys.stdin:
            case = json.loads(line)
            try:
                _record(case, folder)
                said = [_answer(client, case, request) for request in case["requests"]]
                said.append(_states(case["dag_id"]))
            except Exception as error:  # noqa: BLE001
                import traceback

                said = [f"{type(error).__name__}: {error}", traceback.format_exc()]
            print(json.dumps(said), flush=True)


def _record(case: dict, folder: Path) -> None:
    """The DAG, its three runs and their instances, as a scheduler would have left them."""
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.sdk.definitions._internal.types import NOTSET  # noqa: F401 - it is imported first
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
    from airflow.utils.session import create_session
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    path = folder / f"{case['dag_id']}.py"
    text = case["source"].replace("{sdk}", "airflow.sdk").replace("{dag_id}", case["dag_id"])
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    lazy = LazyDeserializedDAG.from_dag(module.dag)
    with create_session() as session:
        SerializedDAG.bulk_write_to_db(BUNDLE, None, [lazy], session=session)
        session.flush()
        SerializedDagModel.write_dag(lazy, bundle_name=BUNDLE, session=session)
        session.commit()
        dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(module.dag))
        for run_id, date in zip(RUNS, DATES, strict=True):
            moment = datetime.fromisoformat(date)
            run = dag.create_dagrun(
                run_id=run_id,
                logical_date=moment,
                data_interval=(moment, moment),
                run_after=moment,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state="success",
                start_date=_RAN,
                session=session,
            )
            for one in run.get_task_instances(session=session):
                one.state = case["states"][run_id][f"{one.task_id}|{one.map_index}"]
            session.merge(run)
        session.query(DagRun).filter(DagRun.dag_id == case["dag_id"]).update({"end_date": _RAN})


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
