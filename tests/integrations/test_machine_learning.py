"""MLflow and DVC, as pipelines use them: called by Python and Bash tasks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.integrations.conftest import RunDag


def test_experiments_are_tracked_by_mlflow(try_dag: RunDag, tmp_path: Path) -> None:
    said = try_dag(
        """
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.sdk import dag, task

        @dag
        def d():
            @task
            def train(rate):
                import mlflow

                mlflow.set_experiment("digits")
                with mlflow.start_run(run_name=f"rate {rate}"):
                    mlflow.log_param("rate", rate)
                    mlflow.log_metric("accuracy", 1 - rate)
                return 1 - rate

            @task
            def best(found):
                from mlflow import MlflowClient

                client = MlflowClient()
                experiment = client.get_experiment_by_name("digits")
                (first, *rest) = client.search_runs(
                    [experiment.experiment_id], order_by=["metrics.accuracy DESC"])
                assert first.data.metrics["accuracy"] == max(found)
                assert len(rest) == 2
                return first.data.params["rate"]

            listed = BashOperator(task_id="listed", bash_command="mlflow experiments search")
            chosen = best(train.expand(rate=[0.25, 0.125, 0.5]))
            chosen >> listed >> BashOperator(
                task_id="tell", bash_command="echo the best rate is {{ ti.xcom_pull('best') }}")

        d()
        """,
        MLFLOW_TRACKING_URI=str(tmp_path / "mlruns"),
        MLFLOW_ALLOW_FILE_STORE="true",
        PATH=_path(),
    ).succeeded()
    assert "digits" in said
    assert "the best rate is 0.125" in said


def test_data_is_kept_by_dvc(try_dag: RunDag, tmp_path: Path) -> None:
    """A data set is added and pushed by Bash tasks, and got back from the remote by a Python task."""
    try_dag(
        f"""
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.sdk import dag, task

        HERE = {str(tmp_path / "project")!r}

        @dag
        def d():
            begin = BashOperator(task_id="begin", bash_command=
                "mkdir -p {{{{ params.here }}}} && cd {{{{ params.here }}}} && dvc init -q --no-scm"
                " && dvc remote add -q -d store {tmp_path}/store", params={{"here": HERE}})
            add = BashOperator(task_id="add", cwd=HERE, bash_command=
                "printf 'a,b\\\\n1,2\\\\n' > data.csv && dvc add -q data.csv && dvc push -q"
                " && rm -r data.csv .dvc/cache")

            @task
            def pull():
                import os
                from dvc.repo import Repo

                Repo(HERE).pull()
                with open(os.path.join(HERE, "data.csv")) as file:
                    return file.read()

            @task
            def check(text):
                assert text == "a,b\\n1,2\\n", text

            data = pull()
            begin >> add >> data
            check(data)

        d()
        """,
        PATH=_path(),
        DVC_NO_ANALYTICS="1",
        DVC_SITE_CACHE_DIR=str(tmp_path / "site"),
    ).succeeded()
    assert (tmp_path / "project" / "data.csv.dvc").is_file()


def _path() -> str:
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
