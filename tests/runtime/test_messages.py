"""What people read when a DAG file, a DAG or a task is wrong.

Each message has to name the file with its line, the DAG and the task, say what was found and what
was expected, and what to do where that does not follow.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipstream.model.states import RunState
from slipstream.runtime.dag_modules import dags_of_file
from slipstream.runtime.dag_specs import specs_of
from slipstream.runtime.tracebacks import format_for_user
from slipstream.sdk import DAG, Param, task
from slipstream.sdk._policies import ClusterPolicies, policies_in_force
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.python import PythonOperator

HEAD = """
from datetime import datetime
from slipstream.sdk import DAG, Param, TaskGroup, Variable, task
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python import PythonOperator
from slipstream.sdk.sensors.python import PythonSensor

"""
LINE = HEAD.count("\n") + 1

ETL = "with DAG('etl') as dag: "

FILES: dict[str, tuple[str, list[str]]] = {
    # ------------------------------------------------------------ ids and places
    "two tasks of one id": (
        ETL + "EmptyOperator(task_id='a'), EmptyOperator(task_id='a')",
        ["'a' is taken already in DAG 'etl'", "an id of its own"],
    ),
    "two groups of one id": (
        ETL + "TaskGroup('g'), TaskGroup('g')",
        ["group id 'g' is taken already in DAG 'etl'", "an id of its own"],
    ),
    "two DAGs of one id": (
        "a = DAG('etl'); b = DAG('etl')",
        ["Two DAGs of this file have the id 'etl'", "an id of its own"],
    ),
    "a task id with bad characters": (
        ETL + "EmptyOperator(task_id='load data!')",
        ["task_id 'load data!'", "letters, digits, dashes", "'load_data' would do", "DAG 'etl'"],
    ),
    "a DAG id with bad characters": (
        "DAG('my dag')",
        ["dag_id 'my dag'", "letters, digits, dashes", "'my_dag' would do"],
    ),
    "a group id with bad characters": (
        ETL + "TaskGroup('a.b')",
        ["group_id 'a.b'", "'a_b' would do", "DAG 'etl'"],
    ),
    "a task id that is too long": (
        ETL + "EmptyOperator(task_id='a' * 300)",
        ["aaa…'", "300 characters", "250 is the most", "DAG 'etl'"],
    ),
    "a task id that is no text": (
        ETL + "EmptyOperator(task_id=3)",
        ["task_id has to be a string", "3 is of type int", "DAG 'etl'"],
    ),
    "a task without a DAG": (
        "EmptyOperator(task_id='a') >> EmptyOperator(task_id='b')",
        ["'a', 'b'", "none of them belongs to a DAG", "inside `with DAG(...)`"],
    ),
    "an edge between two DAGs": (
        "EmptyOperator(task_id='a', dag=DAG('x')) >> EmptyOperator(task_id='b', dag=DAG('y'))",
        ["'a', 'b'", "several DAGs ('x', 'y')", "TriggerDagRunOperator"],
    ),
    "an edge to a text": (
        ETL + "EmptyOperator(task_id='a') >> 'b'",
        ["'b' is of type str", "Only tasks, task groups and task outputs"],
    ),
    "an edge between two lists": (
        ETL + "[EmptyOperator(task_id='a')] >> [EmptyOperator(task_id='b')]",
        ["Two lists of tasks", "chain()", "cross_downstream()"],
    ),
    "a cycle": (
        ETL + "a = EmptyOperator(task_id='a'); a >> EmptyOperator(task_id='b') >> a",
        ["DAG 'etl'", "a >> b >> a", "Remove one of these edges"],
    ),
    "a task that is not there": (
        "DAG('etl').get_task('b')",
        ["DAG 'etl' has no task 'b'", "it has none"],
    ),
    # ------------------------------------------------------------ arguments of operators
    "an argument that the operator does not take": (
        ETL + "EmptyOperator(task_id='a', retires=3)",
        ["EmptyOperator takes no argument 'retires'", "'retries' meant?", "task 'a'", "DAG 'etl'"],
    ),
    "an argument that is misspelt and missing": (
        ETL + "BashOperator(task_id='a', bash_comand='ls')",
        ["needs the argument bash_command", "given 'bash_comand'", "task 'a'", "DAG 'etl'"],
    ),
    "no task id": (ETL + "EmptyOperator()", ["EmptyOperator needs the argument task_id", "'etl'"]),
    "an argument without a name": (
        ETL + "EmptyOperator('a')",
        ["keyword arguments only", "Write EmptyOperator(task_id=…, …)", "DAG 'etl'"],
    ),
    "retries that are no number": (
        ETL + "EmptyOperator(task_id='a', retries='many')",
        ["Task 'a' has retries='many'", "expected a whole number", "DAG 'etl'"],
    ),
    "a delay that is a text": (
        ETL + "EmptyOperator(task_id='a', retry_delay='5m')",
        ["retry_delay has to be a timedelta", "'5m' is a str", "task 'a' of DAG 'etl'"],
    ),
    "a flag that is a text": (
        ETL + "EmptyOperator(task_id='a', depends_on_past='no')",
        ["Task 'a' has depends_on_past='no'", "type str", "expected True or False", "DAG 'etl'"],
    ),
    "a pool that is a number": (
        ETL + "EmptyOperator(task_id='a', pool=3)",
        ["Task 'a' has pool=3", "type int", "expected a text", "DAG 'etl'"],
    ),
    "no slots": (
        ETL + "EmptyOperator(task_id='a', pool_slots=0)",
        ["Task 'a' has pool_slots=0", "from 1 on", "DAG 'etl'"],
    ),
    "a date that is none": (
        ETL + "EmptyOperator(task_id='a', start_date='soon')",
        ["start_date is 'soon'", "Expected ISO 8601, such as", "task 'a' of DAG 'etl'"],
    ),
    "a callable that is a text": (
        ETL + "PythonOperator(task_id='a', python_callable='main')",
        ["python_callable of task 'a' has to be a function", "'main'", "DAG 'etl'"],
    ),
    "a callback that is a text": (
        ETL + "EmptyOperator(task_id='a', on_failure_callback='notify')",
        ["has to be a function, a notifier, or a list", "'notify'", "task 'a' of DAG 'etl'"],
    ),
    "a trigger rule that does not exist": (
        ETL + "EmptyOperator(task_id='a', trigger_rule='all_good')",
        ["Task 'a' has the trigger rule 'all_good'", "expected one of 'all_done'", "DAG 'etl'"],
    ),
    "a weight rule that does not exist": (
        ETL + "EmptyOperator(task_id='a', weight_rule='heavy')",
        ["Task 'a' has the weight rule 'heavy'", "expected one of 'absolute'", "DAG 'etl'"],
    ),
    "a mode that does not exist": (
        ETL + "PythonSensor(task_id='a', python_callable=print, mode='pock')",
        ["Sensor 'a' has mode='pock'", "expected one of 'poke', 'reschedule'", "DAG 'etl'"],
    ),
    "an executor_config that is a text": (
        ETL + "EmptyOperator(task_id='a', executor_config='big')",
        ["executor_config has to be a dictionary", "'big'", "task 'a' of DAG 'etl'"],
    ),
    "a constructor that forgets the one above": (
        "class Mine(EmptyOperator):\n    def __init__(self, **kwargs): pass\n"
        + ETL
        + "Mine(task_id='a')",
        ["Mine.__init__() has to call super().__init__(**kwargs)"],
    ),
    # ------------------------------------------------------------ maps
    "a map over a text": (
        ETL + "BashOperator.partial(task_id='a').expand(bash_command='ls')",
        ["'bash_command' is of type str", "into a list, or into partial()", "task 'a' of DAG"],
    ),
    "a function mapped over a text": (
        ETL + "task(print).expand(sep='abc')",
        ["'sep' is of type str", "into a list", "task 'print' of DAG 'etl'"],
    ),
    "a map over an unknown argument": (
        ETL + "BashOperator.partial(task_id='a').expand(bash_comand=['ls'])",
        ["got 'bash_comand'", "'bash_command' meant?", "task 'a' of DAG 'etl'"],
    ),
    "a map over what the scheduler needs": (
        ETL + "EmptyOperator.partial(task_id='a').expand(pool=['a'])",
        ["cannot map over 'pool'", "Pass it to partial()", "task 'a' of DAG 'etl'"],
    ),
    "a map over nothing": (
        ETL + "BashOperator.partial(task_id='a', bash_command='ls').expand()",
        ["needs at least one argument to map over", "task 'a' of DAG 'etl'"],
    ),
    # ------------------------------------------------------------ arguments of DAGs
    "an argument that DAGs do not take": (
        "DAG('etl', shedule='@daily')",
        ["DAG 'etl' was given the argument 'shedule'", "'schedule' meant?"],
    ),
    "an argument of tasks": (
        "DAG('etl', retries=3)",
        ["DAG 'etl' was given the argument 'retries'", "stand in default_args"],
    ),
    "a schedule that is no cron expression": (
        "DAG('etl', schedule='0 0 * *')",
        ["'0 0 * *' is no cron expression", "five fields", "@daily", "DAG 'etl'"],
    ),
    "a schedule that is a number": (
        "DAG('etl', schedule=3)",
        ["3 is no schedule", "Expected a cron expression", "DAG 'etl'"],
    ),
    "a start that is a number": (
        "DAG('etl', start_date=20260101)",
        ["start_date has to be a datetime", "20260101", "DAG 'etl'"],
    ),
    "default_args that are a list": (
        "DAG('etl', default_args=['retries'])",
        ["default_args has to be a dictionary", "DAG 'etl'"],
    ),
    "params that are a list": (
        "DAG('etl', params=['n'])",
        ["params has to be a dictionary", "DAG 'etl'"],
    ),
    "tags that are a text": ("DAG('etl', tags='team')", ["DAG 'etl'", "list of texts"]),
    "a limit that is a text": (
        "DAG('etl', max_active_tasks='many')",
        ["max_active_tasks has to be a whole number", "'many'", "DAG 'etl'"],
    ),
    "a timeout that is a text": (
        "DAG('etl', dagrun_timeout='1h')",
        ["dagrun_timeout has to be a timedelta or a number of seconds", "'1h'", "DAG 'etl'"],
    ),
    "a link that is none": (
        "DAG('etl', owner_links={'me': 'wiki'})",
        ["DAG 'etl' has the link 'wiki' for its owner 'me'", "https://"],
    ),
    "a type of runs that does not exist": (
        "DAG('etl', allowed_run_types=['nightly'])",
        ["DAG 'etl' has 'nightly'", "'manual'"],
    ),
    "access that is a text": (
        "DAG('etl', access_control={'team': 'can_read'})",
        ["DAG 'etl' has access_control", "expected a set of actions"],
    ),
    "a param without its default": (
        "with DAG('etl', schedule='@daily', params={'n': Param(type='integer')}) as dag: pass",
        ["DAG 'etl' has a schedule", "every param needs a default", "'n' has none"],
    ),
    "a default that fails its schema": (
        "with DAG('etl', schedule='@daily', params={'n': Param('x', type='integer')}) as d: pass",
        ["DAG 'etl'", "param n", "'x' is not of type 'integer'"],
    ),
    # ------------------------------------------------------------ Python's own
    "a module that is not installed": (
        "import pandas_of_another_kind",
        ["No module named 'pandas_of_another_kind'", "Install what brings", "plugins folder"],
    ),
    "a variable that is not there": (
        "Variable.get('region')",
        ["Variable 'region' does not exist", "slipstream variables set region"],
    ),
}


@pytest.fixture(autouse=True)
def no_policies() -> Any:
    with policies_in_force(ClusterPolicies()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def import_error(path: Path) -> str:
    """What the server keeps of a file that is wrong."""
    try:
        found = specs_of(dags_of_file(path, path))
    except Exception as error:  # noqa: BLE001 - whatever it is, people get to see it
        trace = error.__traceback__
        return format_for_user(error.with_traceback(trace and trace.tb_next))
    assert found.refused, "nothing is wrong with it"
    return "\n".join(found.refused)


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_is_wrong(case: str, tmp_path: Path) -> None:
    body, words = FILES[case]
    path = tmp_path / "etl.py"
    path.write_text(HEAD + body)
    said = import_error(path)
    for word in words:
        assert word in said, said
    assert str(path) in said or "of this file" in said, said
    last = LINE + body.count("\n")
    assert f'etl.py", line {last}' in said or f"{path} is refused" in said or "this file" in said
    assert "slipstream/sdk" not in said
    assert "slipstream/runtime" not in said


def no_data() -> None: ...


def pushes_what_nothing_can_hold(ti: Any) -> None:
    ti.xcom_push("rows", {"all": [1, object()]})


@task
def gives_a_text() -> str:
    return "abc"


@task
def takes(x: Any) -> None: ...


@task(multiple_outputs=True)
def gives_a_list() -> list[int]:
    return [1]


@task.branch
def chooses() -> str:
    return "nowhere"


RUNS: dict[str, tuple[Callable[[], Any], list[str]]] = {
    "an XCom that does not serialise": (
        lambda: PythonOperator(task_id="gives", python_callable=lambda: object()),
        ["'return_value'", "task 'gives'", "DAG 'etl'", "builtins.object", "Expected is"],
    ),
    "a part of an XCom that does not": (
        lambda: PythonOperator(task_id="a", python_callable=pushes_what_nothing_can_hold),
        ["XCom 'rows'", "task 'a'", "DAG 'etl'", "at ['all'][1]"],
    ),
    "a template with an unknown name": (
        lambda: BashOperator(task_id="a", bash_command="echo {{ region }}"),
        ["'a'", "'bash_command'", "'region' is undefined"],
    ),
    "a template that does not end": (
        lambda: BashOperator(task_id="a", bash_command="echo {{ ds "),
        ["'a'", "'bash_command'", "line 1", "unexpected end of template"],
    ),
    "a template file that is not there": (
        lambda: BashOperator(task_id="a", bash_command="nowhere.sh"),
        ["nowhere.sh", "not found"],
    ),
    "a map over a text": (
        lambda: takes.expand(x=gives_a_text()),
        ["'takes' is mapped over", "'gives_a_text'", "a list or a dictionary", "type str"],
    ),
    "several outputs of a list": (
        gives_a_list,
        ["multiple_outputs is set", "a dictionary", "returned a list"],
    ),
    "a branch to a task that is not there": (
        lambda: chooses() >> BashOperator(task_id="x", bash_command="true"),
        ["'chooses' chose 'nowhere'", "DAG 'etl'", "'x'"],
    ),
}


@pytest.mark.parametrize("case", RUNS)
def test_a_task_that_is_wrong(case: str, caplog: pytest.LogCaptureFixture) -> None:
    make, words = RUNS[case]
    with DAG("etl") as dag:
        make()
    with caplog.at_level(logging.ERROR):
        assert dag.test().state == RunState.FAILED
    for word in words:
        assert word in caplog.text, caplog.text


def test_a_conf_that_fails_its_schema_is_refused_by_name() -> None:
    with DAG("etl", params={"n": Param(3, type="integer", minimum=1)}) as dag:
        PythonOperator(task_id="a", python_callable=no_data)
    with pytest.raises(ValueError, match=r"param n: 'x' is not of type 'integer'"):
        dag.test(run_conf={"n": "x"})


def test_the_package_of_a_missing_provider_is_named(tmp_path: Path) -> None:
    from slipstream.runtime.hints import hint_for

    for module, package in [
        ("airflow.providers.amazon.aws.hooks.s3", "apache-airflow-providers-amazon"),
        ("airflow.providers.cncf.kubernetes.operators", "apache-airflow-providers-cncf-kubernetes"),
        ("airflow.providers.apache.spark.hooks", "apache-airflow-providers-apache-spark"),
    ]:
        hint = hint_for(ModuleNotFoundError(f"No module named {module!r}", name=module))
        assert hint is not None
        assert f"package {package} for" in hint
