"""What stands at the top of every generated file: its imports, and what its tasks do."""

PRELUDE = """\
import os
from datetime import timedelta

from jinja2 import StrictUndefined
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.latest_only import LatestOnlyOperator
from airflow.providers.standard.operators.python import (
    BranchPythonOperator,
    PythonOperator,
    ShortCircuitOperator,
)
from airflow.providers.standard.sensors.python import PythonSensor
from airflow.sdk import (
    DAG,
    BaseBranchOperator,
    BaseOperator,
    Label,
    Param,
    PokeReturnValue,
    TaskGroup,
    chain,
    chain_linear,
    cross_downstream,
    get_current_context,
    setup,
    task,
    task_group,
    teardown,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

SEEN, ABOUT = object(), object()


def trace(*words):
    with open(os.environ["DIFFERENTIAL_TRACE"], "a") as file:
        file.write(" ".join(str(word) for word in words) + "\\n")


def told(name):
    def callback(context):
        ti = context.get("ti")
        of_task = ti is not None and not name.startswith("dag")
        where = f"{ti.task_id}|{ti.map_index} try {ti.try_number}" if of_task else ""
        reason = type(context["exception"]).__name__ if of_task and context.get("exception") else ""
        trace(name, where, reason)

    return callback


def show(value):
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, dict):
        return {str(key): show(of) for key, of in value.items()}
    if isinstance(value, tuple):
        return ["tuple", *(show(of) for of in value)]
    if hasattr(value, "__iter__"):
        return [show(of) for of in value]
    return str(value)


def end(outcomes):
    ti = get_current_context()["ti"]
    outcome = outcomes[max(ti.map_index, 0) % len(outcomes)]
    if outcome == "fail" or (outcome == "once" and ti.try_number == 1):
        raise ValueError(outcome)
    if outcome == "hard":
        raise AirflowFailException(outcome)
    if outcome == "skip":
        raise AirflowSkipException(outcome)


def work(outcomes, result, *given, pulls=()):
    context = get_current_context()
    ti = context["ti"]
    seen = [show(value) for value in given]
    seen += [show(ti.xcom_pull(**pull)) for pull in pulls]
    ti.xcom_push(key="seen", value=seen)
    end(outcomes)
    return seen if result is SEEN else about() if result is ABOUT else result


def about():
    context = get_current_context()
    ti, run = context["ti"], context["dag_run"]
    return [
        context["ds"], context["ts"], context["run_id"], show(dict(context["params"])),
        show(run.conf), ti.task_id, ti.map_index, ti.try_number, ti.max_tries,
        getattr(context["task"].trigger_rule, "value", None),
        str(context["logical_date"]), str(context["data_interval_start"]),
        str(context["data_interval_end"]),
        context["task_instance_key_str"],
    ]


def plus_one(value):
    return [value, 1]


def not_two(value):
    if value == 2 or value == ("b", 2):
        raise AirflowSkipException("two")
    return value


def boom(value):
    raise ValueError("boom")


def as_kwargs(value):
    return {"a": value}


class Plain(BaseOperator):
    template_fields = ("outcomes", "given")

    def __init__(self, *, outcomes=("ok",), result=None, given=None, pulls=(), **kwargs):
        super().__init__(**kwargs)
        self.outcomes, self.result, self.given, self.pulls = outcomes, result, given, pulls

    def execute(self, context):
        return work(self.outcomes, self.result, self.given, pulls=self.pulls)


class Choose(BaseBranchOperator):
    def __init__(self, *, outcomes=("ok",), choice=None, **kwargs):
        super().__init__(**kwargs)
        self.outcomes, self.choice = outcomes, choice

    def choose_branch(self, context):
        end(self.outcomes)
        return self.choice
"""

WEEKDAY = "from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator\n"
"""Imported where it is used."""
