"""Sensors, deferred tasks, and what they leave."""

from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.sensors.bash import BashSensor
from airflow.providers.standard.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import PokeReturnValue, dag, task


@dag(schedule=None)
def waits():
    @task.sensor(poke_interval=0.01, timeout=20)
    def comes(ti=None) -> PokeReturnValue:
        return PokeReturnValue(is_done=True, xcom_value={"try": ti.try_number})

    @task.sensor(poke_interval=0.01, timeout=0.05, soft_fail=True)
    def never_comes() -> bool:
        return False

    comes() >> DateTimeSensor(task_id="moment", target_time="2026-01-01T00:00:00")
    DateTimeSensorAsync(task_id="later", target_time="{{ data_interval_end }}")
    TimeDeltaSensor(task_id="delta", delta=timedelta(0))
    TimeDeltaSensor(task_id="delta_deferred", delta=timedelta(0), deferrable=True)
    FileSensor(task_id="file", filepath=str(Path(__file__)), poke_interval=0.01)
    FileSensor(task_id="file_deferred", filepath=str(Path(__file__)), deferrable=True)
    BashSensor(task_id="shell", bash_command="true", poke_interval=0.01)
    PythonSensor(task_id="function", python_callable=lambda: [1], poke_interval=0.01)
    never_comes() >> BashOperator(task_id="below", bash_command="true")


waits()
