"""An Airflow of its own, with its REST API, and runs as a scheduler would have left them.

It runs in an environment with Airflow and imports nothing of ours.
"""

from __future__ import annotations

import importlib.util
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from airflow_side import _configure

RAN = datetime(2026, 2, 1, tzinfo=UTC)
BUNDLE = "dags-folder"


@contextmanager
def client(home: Path) -> Iterator[tuple]:
    """A client of its API that may do all, and the folder of its DAG files."""
    folder = _configure(home)
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
    app = create_app()
    with TestClient(app, base_url="http://test", raise_server_exceptions=False) as found:
        token = found.get("/auth/token").json()["access_token"]
        found.headers["Authorization"] = f"Bearer {token}"
        yield found, folder


def record(case: dict, folder: Path) -> None:
    """The DAGs of a file, and runs of the one that the case names, with their instances."""
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
    dags = getattr(module, "dags", None) or [module.dag]
    lazy = [LazyDeserializedDAG.from_dag(dag) for dag in dags]
    with create_session() as session:
        SerializedDAG.bulk_write_to_db(BUNDLE, None, lazy, session=session)
        session.flush()
        for one in lazy:
            SerializedDagModel.write_dag(one, bundle_name=BUNDLE, session=session)
        session.commit()
        (meant,) = (dag for dag in dags if dag.dag_id == case["dag_id"])
        dag = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(meant))
        for run_id, date in case["runs"].items():
            moment = datetime.fromisoformat(date)
            run = dag.create_dagrun(
                run_id=run_id,
                logical_date=moment,
                data_interval=(moment, moment),
                run_after=moment,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.TEST,
                state="success",
                start_date=RAN,
                session=session,
            )
            for one in run.get_task_instances(session=session):
                one.state = case["states"][run_id][f"{one.task_id}|{one.map_index}"]
                if one.state is not None:
                    one.try_number, one.start_date, one.queued_dttm = 1, RAN, RAN
                    one.end_date = RAN
            session.merge(run)
        ended = {"end_date": RAN, "queued_at": RAN}
        session.query(DagRun).filter(DagRun.dag_id == case["dag_id"]).update(ended)
