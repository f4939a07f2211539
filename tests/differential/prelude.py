"""What stands at the top of every generated file: its imports, and what its tasks do."""

PRELUDE = """\
import asyncio
import os
from datetime import datetime, time, timedelta

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
    ExceptionRetryPolicy,
    Label,
    Param,
    PokeReturnValue,
    RetryAction,
    RetryRule,
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
from airflow.sdk.bases.decorator import DecoratedOperator, task_decorator_factory
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.triggers.base import (
    BaseTrigger,
    TaskFailedEvent,
    TaskSkippedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)

SEEN, ABOUT = object(), object()
NO_TIME = timedelta(0)


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
    day = get_current_context()["logical_date"].day
    if outcome == "early" and day == 4 or outcome == "late" and day > 4:
        raise ValueError(outcome)
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
    own = {"run_id": ti.run_id, "dag_id": ti.dag_id}
    for pull in pulls:
        named = {of: own[of] if value == "own" else value for of, value in pull.items()}
        seen.append(show(ti.xcom_pull(**named)))
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


class Soon(BaseTrigger):
    def __init__(self, payload, how="fire"):
        super().__init__()
        self.payload, self.how = payload, how

    def serialize(self):
        return f"{type(self).__module__}.Soon", {"payload": self.payload, "how": self.how}

    async def run(self):
        await asyncio.sleep(0)
        if self.how == "raise":
            raise KeyError("trigger")
        elif self.how == "succeed":
            yield TaskSuccessEvent()
        elif self.how == "give":
            yield TaskSuccessEvent(xcoms={"more": self.payload})
        elif self.how == "fail":
            yield TaskFailedEvent(xcoms={"why": "asked to"})
        elif self.how == "skip":
            yield TaskSkippedEvent()
        elif self.how != "end":
            yield TriggerEvent(self.payload)


class Waits(Plain):
    def __init__(self, *, waits=1, how="fire", more=None, **kwargs):
        super().__init__(**kwargs)
        self.waits, self.how, self.more = waits, how, more

    def execute(self, context):
        ti = context["ti"]
        ti.xcom_push(key="before", value=[ti.try_number, show(self.given)])
        self.wait({"waited": 1, "where": [ti.task_id, ti.map_index]})

    def wait(self, payload):
        how = self.how if payload["waited"] == self.waits else "fire"
        kwargs = None if self.more is None else {"more": self.more}
        self.defer(trigger=Soon(payload, how), method_name="resumed", kwargs=kwargs)

    def resumed(self, context, event=None, more="nothing"):
        if event["waited"] < self.waits:
            self.wait({**event, "waited": event["waited"] + 1})
        trace("resumed", show(event), show(more))
        value = work(self.outcomes, self.result, self.given, pulls=self.pulls)
        return event if value is None else value


class Loud(DecoratedOperator, PythonOperator):
    custom_operator_name = "@task.loud"

    def __init__(self, *, python_callable, op_args, op_kwargs, **kwargs):
        given = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=given, **given, **kwargs)

    def execute(self, context):
        value = super().execute(context)
        trace("loud", context["ti"].task_id, context["ti"].map_index)
        return value


def loud(python_callable=None, **kwargs):
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=Loud, **kwargs
    )


def before(context):
    trace("before", context["ti"].task_id, context["ti"].map_index)


def after(context, result=None):
    trace("after", context["ti"].task_id, context["ti"].map_index, show(result))


def skips_before(context):
    raise AirflowSkipException("before")


class Choose(BaseBranchOperator):
    def __init__(self, *, outcomes=("ok",), choice=None, **kwargs):
        super().__init__(**kwargs)
        self.outcomes, self.choice = outcomes, choice

    def choose_branch(self, context):
        end(self.outcomes)
        return self.choice
"""

_STANDARD = "from airflow.providers.standard"
IMPORTS = {
    "dow": f"{_STANDARD}.operators.weekday import BranchDayOfWeekOperator\n",
    "moment": f"{_STANDARD}.operators.datetime import BranchDateTimeOperator\n",
    "asks": f"{_STANDARD}.operators.trigger_dagrun import TriggerDagRunOperator\n",
    "far": f"{_STANDARD}.sensors.date_time import DateTimeSensorAsync\n",
    "brief": f"{_STANDARD}.sensors.time_delta import TimeDeltaSensorAsync\n",
}
"""By the kind of task that needs it: imported where it is used."""
