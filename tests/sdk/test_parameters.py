"""Every parameter of DAGs, operators and sensors, and what it does.

The names are those of Airflow 3.3.2. Where a parameter's effect takes a run, a process or a
server, the table names the test that shows it.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jinja2
import pytest

from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.states import RunType, TriggerRule, WeightRule
from slipstream.sdk import (
    DAG,
    Asset,
    BaseOperator,
    BaseSensorOperator,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    TaskGroup,
)
from slipstream.sdk._spec import build_spec
from slipstream.sdk.operators.empty import EmptyOperator


def words(text: str) -> list[str]:
    return text.split()


DAG_NAMES = words(
    """
    dag_id description default_args start_date end_date schedule template_searchpath
    template_undefined user_defined_macros user_defined_filters max_active_tasks max_active_runs
    max_consecutive_failed_dag_runs dagrun_timeout deadline catchup on_success_callback
    on_failure_callback doc_md params access_control is_paused_upon_creation
    jinja_environment_kwargs render_template_as_native_obj tags owner_links auto_register fail_fast
    allowed_run_types dag_display_name task_group disable_bundle_versioning
    rerun_with_latest_version
    """
)

OPERATOR_NAMES = words(
    """
    task_id owner email email_on_retry email_on_failure retries retry_delay
    retry_exponential_backoff max_retry_delay retry_policy start_date end_date depends_on_past
    ignore_first_depends_on_past wait_for_past_depends_before_skipping wait_for_downstream dag
    params default_args priority_weight weight_rule queue pool pool_slots execution_timeout
    on_execute_callback on_failure_callback on_success_callback on_retry_callback
    on_skipped_callback pre_execute post_execute trigger_rule resources run_as_user
    map_index_template max_active_tis_per_dag max_active_tis_per_dagrun executor executor_config
    do_xcom_push multiple_outputs inlets outlets task_group doc doc_md doc_json doc_yaml doc_rst
    task_display_name logger_name allow_nested_operators render_template_as_native_obj
    """
)

SENSOR_NAMES = words(
    """
    poke_interval timeout soft_fail mode exponential_backoff max_wait silent_fail never_fail
    """
)

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 2, 1, tzinfo=UTC)


def call(context: Any) -> None: ...


def taken_by(function: Callable[..., Any]) -> set[str]:
    return set(inspect.signature(function).parameters) - {"self", "kwargs", "former"}


def test_every_parameter_of_airflow_is_there_by_its_name() -> None:
    assert taken_by(DAG.__init__) >= set(DAG_NAMES)
    assert taken_by(BaseOperator.__init__) >= set(OPERATOR_NAMES)
    assert taken_by(BaseSensorOperator.__init__) >= set(SENSOR_NAMES)


# ---------------------------------------------------------------- what the scheduler is told

DAG_SPECS: dict[str, tuple[Any, Callable[[DagSpec], Any], Any]] = {
    "description": ("what", lambda spec: spec.description, "what"),
    "default_args": (
        {"retries": 7, "unknown": 1},
        lambda spec: (spec.tasks["t"].retries, spec.details["default_args"]),
        (7, {"retries": 7, "unknown": 1}),
    ),
    "start_date": (MOMENT, lambda spec: spec.start_date, MOMENT),
    "end_date": (MOMENT, lambda spec: spec.end_date, MOMENT),
    "schedule": ("@daily", lambda spec: spec.details["timetable_summary"], "0 0 * * *"),
    "template_searchpath": ("/a", lambda spec: spec.details["template_searchpath"], ["/a"]),
    "max_active_tasks": (3, lambda spec: spec.max_active_tasks, 3),
    "max_active_runs": (2, lambda spec: spec.max_active_runs, 2),
    "max_consecutive_failed_dag_runs": (5, lambda s: s.max_consecutive_failed_dag_runs, 5),
    "dagrun_timeout": (timedelta(hours=1), lambda s: s.dagrun_timeout, timedelta(hours=1)),
    "catchup": (True, lambda spec: spec.catchup, True),
    "on_success_callback": (call, lambda spec: spec.has_success_callback, True),
    "on_failure_callback": ([call], lambda spec: spec.has_failure_callback, True),
    "doc_md": ("# What", lambda spec: spec.doc_md, "# What"),
    "params": ({"n": 3}, lambda spec: spec.params["n"]["value"], 3),
    "access_control": (
        {"team": {"can_read"}, "other": {"DAG Runs": {"can_create"}}},
        lambda spec: spec.access_control,
        {"team": {"DAGs": ["can_read"]}, "other": {"DAG Runs": ["can_create"]}},
    ),
    "is_paused_upon_creation": (False, lambda spec: spec.is_paused_upon_creation, False),
    "render_template_as_native_obj": (
        True,
        lambda spec: spec.details["render_template_as_native_obj"],
        True,
    ),
    "tags": (["b", "a", "b"], lambda spec: spec.tags, ("a", "b")),
    "owner_links": (
        {"me": "https://example.com", "you": "mailto:you@example.com"},
        lambda spec: spec.owner_links,
        {"me": "https://example.com", "you": "mailto:you@example.com"},
    ),
    "fail_fast": (True, lambda spec: spec.fail_fast, True),
    "allowed_run_types": (
        ["manual", RunType.BACKFILL],
        lambda spec: spec.allowed_run_types,
        (RunType.MANUAL, RunType.BACKFILL),
    ),
    "dag_display_name": ("Mine ✨", lambda spec: spec.display_name, "Mine ✨"),
    "disable_bundle_versioning": (
        True,
        lambda spec: spec.details["disable_bundle_versioning"],
        True,
    ),
    "rerun_with_latest_version": (
        False,
        lambda spec: spec.details["rerun_with_latest_version"],
        False,
    ),
}
DAG_ELSEWHERE = {
    "dag_id": "every test",
    "deadline": "test_schedule.py",
    "template_undefined": "test_template.py",
    "user_defined_macros": "test_template.py",
    "user_defined_filters": "test_template.py",
    "jinja_environment_kwargs": "test_template.py",
    "auto_register": "test_collect.py",
    "task_group": "test_a_dag_takes_a_group_as_its_outermost, below",
}


@pytest.mark.parametrize("name", DAG_SPECS)
def test_a_parameter_of_a_dag(name: str) -> None:
    given, read, expected = DAG_SPECS[name]
    with DAG("d", **{name: given}) as dag:
        EmptyOperator(task_id="t")
    assert read(build_spec(dag)) == expected


def task_details(name: str) -> Callable[[TaskSpec], Any]:
    return lambda spec: spec.details.get(name)


RULE = ExceptionRetryPolicy(rules=[RetryRule(exception=ValueError, action=RetryAction.FAIL)])
TASK_SPECS: dict[str, tuple[Any, Callable[[TaskSpec], Any], Any]] = {
    "owner": ("me", lambda spec: spec.owner, "me"),
    "email": (["a@b.c"], task_details("email"), ["a@b.c"]),
    "retries": (4, lambda spec: spec.retries, 4),
    "retry_delay": (30, lambda spec: spec.retry_delay, timedelta(seconds=30)),
    "retry_exponential_backoff": (True, lambda spec: spec.retry_exponential_backoff, 2.0),
    "max_retry_delay": (timedelta(hours=1), lambda s: s.max_retry_delay, timedelta(hours=1)),
    "start_date": (LATER, lambda spec: spec.start_date, LATER),
    "end_date": (LATER, lambda spec: spec.end_date, LATER),
    "depends_on_past": (True, lambda spec: spec.depends_on_past, True),
    "ignore_first_depends_on_past": (False, lambda s: s.ignore_first_depends_on_past, False),
    "wait_for_past_depends_before_skipping": (
        True,
        lambda spec: spec.wait_for_past_depends_before_skipping,
        True,
    ),
    "wait_for_downstream": (
        True,
        lambda spec: (spec.wait_for_downstream, spec.depends_on_past),
        (True, True),
    ),
    "params": (
        {"n": 3},
        lambda spec: spec.details["params"]["n"]["value"],
        3,
    ),
    "default_args": ({"queue": "q"}, lambda spec: spec.queue, "q"),
    "priority_weight": (2**40, lambda spec: spec.priority_weight, 2**31 - 1),
    "weight_rule": ("absolute", lambda spec: spec.weight_rule, WeightRule.ABSOLUTE),
    "queue": ("gpu", lambda spec: spec.queue, "gpu"),
    "pool": ("small", lambda spec: spec.pool, "small"),
    "pool_slots": (3, lambda spec: spec.pool_slots, 3),
    "execution_timeout": (timedelta(60), lambda s: s.execution_timeout, timedelta(60)),
    "on_execute_callback": (call, task_details("callbacks"), ["execute"]),
    "on_failure_callback": (call, task_details("callbacks"), ["failure"]),
    "on_success_callback": ([call], task_details("callbacks"), ["success"]),
    "on_retry_callback": (call, task_details("callbacks"), ["retry"]),
    "on_skipped_callback": (call, task_details("callbacks"), ["skipped"]),
    "pre_execute": (call, lambda spec: spec.is_empty, False),
    "post_execute": (call, lambda spec: spec.is_empty, False),
    "trigger_rule": ("all_done", lambda spec: spec.trigger_rule, TriggerRule.ALL_DONE),
    "resources": ({"cpus": 2}, task_details("resources"), {"cpus": 2}),
    "run_as_user": ("somebody", task_details("run_as_user"), "somebody"),
    "map_index_template": ("{{ x }}", lambda spec: spec.map_index_template, "{{ x }}"),
    "max_active_tis_per_dag": (2, lambda spec: spec.max_active_tis_per_dag, 2),
    "max_active_tis_per_dagrun": (2, lambda spec: spec.max_active_tis_per_dagrun, 2),
    "executor": ("Local", lambda spec: spec.executor, "Local"),
    "executor_config": ({"a": 1}, task_details("executor_config"), {"a": 1}),
    "do_xcom_push": (False, task_details("do_xcom_push"), False),
    "multiple_outputs": (True, task_details("multiple_outputs"), True),
    "doc": ("d", task_details("doc"), "d"),
    "doc_md": ("d", task_details("doc_md"), "d"),
    "doc_json": ("d", task_details("doc_json"), "d"),
    "doc_yaml": ("d", task_details("doc_yaml"), "d"),
    "doc_rst": ("d", task_details("doc_rst"), "d"),
    "task_display_name": ("Mine ✨", task_details("task_display_name"), "Mine ✨"),
    "logger_name": ("mine", task_details("logger_name"), "mine"),
    "inlets": (
        Asset("a"),
        lambda spec: [one["asset"]["name"] for one in spec.details["inlets"]],
        ["a"],
    ),
    "outlets": (
        [Asset("a"), Asset("b")],
        lambda spec: [one["asset"]["name"] for one in spec.details["outlets"]],
        ["a", "b"],
    ),
}
TASK_ELSEWHERE = {
    "task_id": "every test",
    "dag": "test_dag.py",
    "task_group": "test_groups.py",
    "email_on_retry": "runtime/test_alert_mails.py",
    "email_on_failure": "runtime/test_alert_mails.py",
    "retry_policy": "runtime/test_retry_policies.py",
    "allow_nested_operators": "runtime/test_attempts.py",
    "render_template_as_native_obj": "test_template.py",
}


@pytest.mark.parametrize("name", TASK_SPECS)
def test_a_parameter_of_an_operator(name: str) -> None:
    given, read, expected = TASK_SPECS[name]
    with DAG("d", start_date=MOMENT, end_date=datetime(2030, 1, 1, tzinfo=UTC)) as dag:
        EmptyOperator(task_id="t", **{name: given})
        EmptyOperator.partial(task_id="m", **{name: given}).expand_kwargs([{}, {}])
    spec = build_spec(dag)
    assert read(spec.tasks["t"]) == expected
    assert read(spec.tasks["m"]) == expected


@pytest.mark.parametrize("name", sorted(TASK_SPECS.keys() - {"default_args", "params"}))
@pytest.mark.parametrize("level", ["dag", "group", "inner group", "operator"])
def test_a_parameter_of_an_operator_can_stand_in_default_args(name: str, level: str) -> None:
    given, read, expected = TASK_SPECS[name]
    at: dict[str, Any] = {level: {name: given}}
    bounds = {"start_date": MOMENT, "end_date": datetime(2030, 1, 1, tzinfo=UTC)}
    with (
        DAG("d", default_args=at.get("dag"), **({} if name in bounds else bounds)) as dag,
        TaskGroup("outer", default_args=at.get("group"), prefix_group_id=False),
        TaskGroup("inner", default_args=at.get("inner group"), prefix_group_id=False),
    ):
        EmptyOperator(task_id="t", default_args=at.get("operator"))
    if level == "dag" and name in bounds:
        # The DAG itself takes these from its default arguments.
        assert getattr(dag, name) == expected
    else:
        assert read(build_spec(dag).tasks["t"]) == expected


def test_the_tables_hold_every_parameter() -> None:
    assert DAG_SPECS.keys() | DAG_ELSEWHERE.keys() == set(DAG_NAMES)
    assert TASK_SPECS.keys() | TASK_ELSEWHERE.keys() == set(OPERATOR_NAMES)
    here = Path(__file__).parent
    for where in [*DAG_ELSEWHERE.values(), *TASK_ELSEWHERE.values()]:
        if where.endswith(".py"):
            assert (here / where).is_file() or (here.parent / where).is_file(), where


# ---------------------------------------------------------------- one by one


def test_the_nearest_default_wins() -> None:
    with (
        DAG("d", default_args={"queue": "dag", "owner": "dag", "retries": 1, "pool": "dag"}) as dag,
        TaskGroup("g", default_args={"queue": "group", "owner": "group", "retries": 2}),
    ):
        EmptyOperator(
            task_id="t",
            default_args={"queue": "operator", "owner": "operator"},
            queue="argument",
        )
    task = build_spec(dag).tasks["g.t"]
    assert (task.queue, task.owner, task.retries, task.pool) == (
        "argument",
        "operator",
        2,
        "dag",
    )


def test_a_dag_takes_a_group_as_its_outermost() -> None:
    mine = TaskGroup.create_root(DAG("other"))
    dag = DAG("d", task_group=mine)
    assert dag.task_group is mine


def test_documentation_is_read_from_a_file_beside_the_dag_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.md").write_text("# Notes")
    assert DAG("d", doc_md=str(tmp_path / "notes.md")).doc_md == "# Notes"
    module: dict[str, Any] = {"DAG": DAG, "__name__": "somewhere"}
    exec(compile("dag = DAG('d', doc_md='notes.md')", tmp_path / "dag.py", "exec"), module)
    assert module["dag"].doc_md == "# Notes"
    assert DAG("d", doc_md="nowhere.md").doc_md == "nowhere.md"


def test_templates_get_what_the_dag_gives_them() -> None:
    class Loud(jinja2.Undefined):
        def __str__(self) -> str:
            return f"<{self._undefined_name}>"

    dag = DAG(
        "d",
        template_undefined=Loud,
        user_defined_macros={"twice": lambda x: 2 * x},
        user_defined_filters={"loud": str.upper},
        jinja_environment_kwargs={"variable_start_string": "[["},
    )
    template = dag.get_template_env().from_string("[[ twice('a') | loud }} [[ nothing }}")
    assert template.render() == "AA <nothing>"


def test_a_logger_is_named_as_asked() -> None:
    with DAG("d"):
        named = EmptyOperator(task_id="a", logger_name="mine")
        plain = EmptyOperator(task_id="b")
    assert named.log is logging.getLogger("airflow.task.operators.mine")
    assert plain.log.name.endswith("slipstream.sdk.operators.empty.EmptyOperator")


def test_assets_are_joined_with_greater_and_less() -> None:
    a, b, c = Asset("a"), Asset("b"), Asset("c")
    with DAG("d"):
        task = EmptyOperator(task_id="t")
        task > a  # noqa: B015
        task > [b]  # noqa: B015
        task < c  # noqa: B015
    assert (task.outlets, task.inlets) == ([a, b], [c])
    with pytest.raises(TypeError, match="Task 't' writes assets; 3 is of type int"):
        task > 3  # noqa: B015


def sensor(**arguments: Any) -> BaseSensorOperator:
    with DAG("d"):
        return BaseSensorOperator(task_id="s", **arguments)


@pytest.mark.parametrize(
    ("arguments", "read", "expected"),
    [
        ({}, lambda s: (s.poke_interval, s.timeout, s.mode), (60.0, 7 * 86400.0, "poke")),
        ({"poke_interval": timedelta(minutes=2)}, lambda s: s.poke_interval, 120.0),
        ({"timeout": timedelta(minutes=2)}, lambda s: s.timeout, 120.0),
        ({"timeout": 5}, lambda s: s.timeout, 5.0),
        ({"mode": "reschedule"}, lambda s: s.reschedule, True),
        ({"soft_fail": True}, lambda s: s.soft_fail, True),
        ({"exponential_backoff": True}, lambda s: s._get_next_poke_interval(3) > 120, True),
        (
            {"exponential_backoff": True, "max_wait": 70},
            lambda s: s._get_next_poke_interval(9),
            70.0,
        ),
        ({"silent_fail": True}, lambda s: s.silent_fail, True),
        ({"never_fail": True}, lambda s: s.never_fail, True),
        ({"default_args": {"poke_interval": 5}}, lambda s: s.poke_interval, 5.0),
    ],
)
def test_a_parameter_of_a_sensor(
    arguments: dict[str, Any], read: Callable[[Any], Any], expected: Any
) -> None:
    assert read(sensor(**arguments)) == expected
