"""A DAG whose task says whether anything of real Airflow is loaded where it runs."""

import sys
import sysconfig
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task

AIRFLOW = Path(sysconfig.get_path("purelib")) / "airflow"


@dag
def which_airflow():
    @task
    def look():
        files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        loaded = [Path(file) for file in files if file and AIRFLOW in Path(file).parents]
        assert AIRFLOW.is_dir(), f"there is no Airflow in {AIRFLOW}"
        theirs = [file for file in loaded if AIRFLOW / "providers" not in file.parents]
        assert not theirs, theirs
        print("nothing is Airflow's")

    look() >> BashOperator(task_id="shell", bash_command="true")


tested = which_airflow()

if __name__ == "__main__":
    tested.test()
