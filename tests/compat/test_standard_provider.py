"""The standard provider 1.21.0: its classes, with their parameters and template fields.

`standard_provider.csv` lists them as the provider has them. An interpreter of its own is used, as
an import surface cannot be tested in a shared one.
"""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

CLASSES = Path(__file__).with_name("standard_provider.csv")

SCRIPT = """
import importlib, inspect, sys, warnings
import slipstream.compat; slipstream.compat.install()
warnings.simplefilter("ignore")
{}
"""


def run(code: str) -> str:
    source = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = [{source!r}]\n{SCRIPT.format(code)}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_every_class_takes_what_the_providers_class_takes() -> None:
    with CLASSES.open() as lines:
        rows = list(csv.DictReader(lines, delimiter="|"))
    assert len(rows) > 30
    found = run(f"""
for row in {rows!r}:
    module, _, name = row["path"].rpartition(".")
    made = getattr(importlib.import_module("airflow.providers.standard." + module), name)
    if row["own parameters"]:
        takes = inspect.signature(made.__init__).parameters
        for parameter in row["own parameters"].split():
            if parameter not in takes:
                print(row["path"], "does not take", parameter)
    fields = row["own template fields"].split()
    if fields and list(made.template_fields) != fields:
        print(row["path"], "has the template fields", made.template_fields)
""")
    assert found == ""


@pytest.mark.parametrize(
    "line",
    [
        "airflow.operators:BashOperator",
        "airflow.operators:DummyOperator",
        "airflow.operators:PythonOperator",
        "airflow.operators.dagrun_operator:DagRunOrder",
        "airflow.operators.datetime:BranchDateTimeOperator",
        "airflow.operators.sensors:ExternalTaskSensor",
        "airflow.operators.trigger_dagrun:TriggerDagRunOperator",
        "airflow.sensors.external_task:ExternalTaskMarker",
        "airflow.sensors.external_task_sensor:ExternalTaskSensor",
        "airflow.operators.python_operator:SkipMixin",
        "airflow.operators.sensors:TimeDeltaSensor",
        "airflow.operators.weekday:BranchDayOfWeekOperator",
        "airflow.sensors.bash:BashSensor",
        "airflow.sensors.date_time:DateTimeSensorAsync",
        "airflow.sensors.filesystem:FileSensor",
        "airflow.sensors.time_delta:TimeDeltaSensor",
        "airflow.sensors.time_sensor:TimeSensorAsync",
        "airflow.sensors.weekday:DayOfWeekSensor",
        "airflow.contrib.hooks.fs_hook:FSHook",
        "airflow.contrib.sensors.file_sensor:FileSensor",
        "airflow.contrib.sensors.python_sensor:PythonSensor",
        "airflow.hooks.filesystem:FSHook",
        "airflow.hooks.subprocess:SubprocessHook",
        "airflow.triggers.temporal:DateTimeTrigger",
        "airflow.utils.weekday:WeekDay",
    ],
)
def test_former_places(line: str) -> None:
    module, _, name = line.partition(":")
    found = run(f"from {module} import {name}; print({name}.__name__)")
    assert found == {"DummyOperator": "EmptyOperator"}.get(name, name)


def test_former_modules_can_be_imported_from_their_package() -> None:
    assert run("from airflow.operators import bash_operator as m; print(m.BashOperator.__name__)")


def test_the_version_of_the_provider() -> None:
    code = """
from airflow.providers import standard
from airflow.providers.standard.version_compat import AIRFLOW_V_3_3_PLUS
print(standard.__version__, AIRFLOW_V_3_3_PLUS)
"""
    assert run(code) == "1.21.0 True"
