from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from slipstream.api.payloads.params import shown_params
from slipstream.model.states import TriggerRule, WeightRule
from slipstream.sdk import (
    DAG,
    BaseOperator,
    BaseOperatorLink,
    PriorityWeightStrategy,
    TaskGroup,
    task,
)
from slipstream.sdk._spec import build_spec, plain
from slipstream.sdk.exceptions import (
    AirflowDagInconsistent,
    AirflowException,
    RemovedInAirflow3Warning,
)
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python import PythonOperator
from slipstream.wire.dag import decode_dag, encode_dag


def only(dag: DAG) -> Any:
    (found,) = build_spec(dag).tasks.values()
    return found


def spec_of(**kwargs: Any) -> Any:
    with DAG("d", start_date=datetime(2026, 1, 1)) as dag:
        EmptyOperator(task_id="t", **kwargs)
    return only(dag)


@pytest.mark.parametrize(
    ("argument", "value", "expected"),
    [
        ("trigger_rule", "all_done", TriggerRule.ALL_DONE),
        ("trigger_rule", TriggerRule.ONE_FAILED, TriggerRule.ONE_FAILED),
        ("retries", 3, 3),
        ("retries", None, 0),
        ("retries", "2", 2),
        ("retry_delay", timedelta(seconds=5), timedelta(seconds=5)),
        ("retry_delay", 5, timedelta(seconds=5)),
        ("retry_exponential_backoff", True, 2.0),
        ("retry_exponential_backoff", 3, 3.0),
        ("retry_exponential_backoff", False, 0.0),
        ("max_retry_delay", 60, timedelta(minutes=1)),
        ("execution_timeout", timedelta(hours=1), timedelta(hours=1)),
        ("pool", "p", "p"),
        ("pool_slots", 3, 3),
        ("priority_weight", 7, 7),
        ("weight_rule", "absolute", WeightRule.ABSOLUTE),
        ("max_active_tis_per_dag", 2, 2),
        ("max_active_tis_per_dagrun", 2, 2),
        ("depends_on_past", True, True),
        ("wait_for_downstream", True, True),
        ("ignore_first_depends_on_past", False, False),
        ("start_date", datetime(2026, 2, 1), datetime(2026, 2, 1, tzinfo=UTC)),
        ("start_date", datetime(2025, 2, 1), None),
        ("end_date", datetime(2026, 2, 1), datetime(2026, 2, 1, tzinfo=UTC)),
        ("queue", "q", "q"),
        ("executor", "e", "e"),
        ("owner", "me", "me"),
        ("map_index_template", "{{ x }}", "{{ x }}"),
    ],
)
def test_what_decides_when_a_task_runs_is_in_the_spec(
    argument: str, value: Any, expected: Any
) -> None:
    assert getattr(spec_of(**{argument: value}), argument) == expected


def test_waiting_for_downstream_means_depending_on_the_past() -> None:
    assert spec_of(wait_for_downstream=True).depends_on_past


def test_a_growing_delay_has_a_limit() -> None:
    assert spec_of(retry_exponential_backoff=True).max_retry_delay == timedelta(days=1)
    assert spec_of().max_retry_delay is None


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("trigger_rule", "bogus", "has the trigger rule 'bogus'; expected one of 'all_done'"),
        ("weight_rule", "bogus", "has the weight rule 'bogus'; expected one of 'absolute'"),
        ("retries", "many", "retries='many'; expected a whole number"),
        ("retry_delay", "1", "retry_delay has to be a timedelta"),
        ("retry_exponential_backoff", -1, "retry_exponential_backoff=-1"),
        ("execution_timeout", "1", "execution_timeout has to be a timedelta"),
        ("pool_slots", 0, "pool_slots=0; expected a number from 1 on"),
        ("start_date", 5, "start_date has to be a datetime"),
    ],
)
def test_wrong_arguments_are_refused_by_name(argument: str, value: Any, message: str) -> None:
    with pytest.raises((AirflowException, ValueError, TypeError), match=message):
        spec_of(**{argument: value})


@pytest.mark.parametrize(
    ("former", "today"),
    [("none_failed_or_skipped", "none_failed_min_one_success"), ("dummy", "always")],
)
def test_former_trigger_rules_still_count(former: str, today: str) -> None:
    with pytest.warns(RemovedInAirflow3Warning, match=former):
        assert spec_of(trigger_rule=former).trigger_rule == today


def test_the_enumeration_has_the_former_names_too() -> None:
    assert TriggerRule.NONE_FAILED_OR_SKIPPED is TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    assert TriggerRule.DUMMY is TriggerRule.ALWAYS
    assert len(list(TriggerRule)) == 13


# ---------------------------------------------------------------- nothing to run


def callback(context: Any) -> None: ...


class Quiet(EmptyOperator):
    """A subclass may do anything."""


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({}, True),
        ({"retries": 3, "trigger_rule": "all_done", "doc_md": "x", "params": {"a": 1}}, True),
        ({"on_failure_callback": callback}, True),
        ({"on_execute_callback": callback}, False),
        ({"on_success_callback": [callback]}, False),
        ({"on_skipped_callback": callback}, False),
        ({"pre_execute": callback}, False),
        ({"post_execute": callback}, False),
        ({"outlets": ["x"]}, False),
    ],
)
def test_which_empty_operators_need_no_process(kwargs: dict[str, Any], expected: bool) -> None:
    assert spec_of(**kwargs).is_empty is expected


def test_other_operators_need_a_process() -> None:
    with DAG("d") as dag:
        Quiet(task_id="a")
        BashOperator(task_id="b", bash_command="x")
        EmptyOperator.partial(task_id="c").expand(doc_md=["a", "b"])
    assert not any(one.is_empty for one in build_spec(dag).tasks.values())


# ---------------------------------------------------------------- weights


def weights(rule: str, weight: dict[str, int] | None = None) -> dict[str, int]:
    with DAG("d", default_args={"weight_rule": rule}) as dag:
        a, b, c, d = (
            EmptyOperator(task_id=name, priority_weight=(weight or {}).get(name, 1))
            for name in "abcd"
        )
        a >> [b, c] >> d
    return {name: one.total_weight for name, one in build_spec(dag).tasks.items()}


def test_each_task_below_or_above_counts_once() -> None:
    assert weights("downstream") == {"a": 4, "b": 2, "c": 2, "d": 1}
    assert weights("upstream") == {"a": 1, "b": 2, "c": 2, "d": 4}
    assert weights("absolute", {"b": 7}) == {"a": 1, "b": 7, "c": 1, "d": 1}
    assert weights("downstream", {"b": 10, "d": -3}) == {"a": 9, "b": 7, "c": -2, "d": -3}


def test_sums_are_cut_where_the_database_would() -> None:
    assert weights("downstream", {"d": 2**40})["a"] == 2**31 - 1


class Second(PriorityWeightStrategy):
    """Twice the task's own."""

    def get_weight(self, ti: Any) -> int:
        return int(ti.task.priority_weight * 2)


@pytest.mark.parametrize("strategy", [Second, Second(), f"{__name__}.Second"])
def test_a_strategy_of_ones_own(strategy: Any) -> None:
    found = spec_of(weight_rule=strategy, priority_weight=5)
    assert found.total_weight == 10
    assert found.weight_rule == f"{__name__}.Second"


class Broken(PriorityWeightStrategy):
    """Fails."""

    def get_weight(self, ti: Any) -> int:
        raise KeyError("no")


class Worded(PriorityWeightStrategy):
    """Gives a text."""

    def get_weight(self, ti: Any) -> Any:
        return "high"


@pytest.mark.parametrize(
    ("strategy", "said"),
    [
        (Broken, "The weight rule Broken of task 't' in DAG 'd' failed: KeyError: 'no'"),
        (Worded, "task 't' in DAG 'd' must give a number; it gave 'high'"),
    ],
)
def test_a_strategy_that_fails_is_named(strategy: Any, said: str) -> None:
    with DAG("d") as dag:
        EmptyOperator(task_id="t", weight_rule=strategy)
    with pytest.raises(AirflowException, match=re.escape(said)):
        build_spec(dag)


def test_an_import_path_that_names_no_strategy_is_refused() -> None:
    for path in ("nowhere.at.all", "os.path"):
        with pytest.raises(AirflowException, match=f"has the weight rule '{path}'"):
            EmptyOperator(task_id="t", weight_rule=path)


def test_weights_of_a_large_dense_dag_are_computed_quickly() -> None:
    with DAG("d") as dag:
        layers = [[EmptyOperator(task_id=f"t{i}_{j}") for j in range(30)] for i in range(30)]
        for left, right in pairwise(layers):
            for one in left:
                one >> right
    assert build_spec(dag).tasks["t0_0"].total_weight == 1 + 29 * 30


# ---------------------------------------------------------------- maps have the same settings


def test_a_mapped_task_has_the_settings_of_its_instances() -> None:
    with DAG("d", default_args={"retries": 4, "owner": "me"}) as dag:
        BashOperator.partial(
            task_id="b",
            pool="p",
            retry_delay=5,
            trigger_rule="all_done",
            max_active_tis_per_dagrun=2,
            doc_md="doc",
        ).expand(bash_command=["x"])
    found = only(dag)
    assert (found.retries, found.owner, found.pool) == (4, "me", "p")
    assert found.retry_delay == timedelta(seconds=5)
    assert found.trigger_rule is TriggerRule.ALL_DONE
    assert found.max_active_tis_per_dagrun == 2
    assert found.operator_name == "BashOperator"
    assert found.details["ui_color"] == BashOperator.ui_color
    assert found.details["template_fields"] == ["bash_command", "env", "cwd"]
    assert found.details["doc_md"] == "doc"


def test_settings_may_be_changed_after_the_task_was_made() -> None:
    with DAG("d") as dag:
        mapped = BashOperator.partial(task_id="b").expand(bash_command=["x"])
        plain_task = EmptyOperator(task_id="e")
    for one in (mapped, plain_task):
        one.doc_md = "later"
        one.trigger_rule = TriggerRule.ALL_DONE
        one.retries = 9
    for found in build_spec(dag).tasks.values():
        assert found.details["doc_md"] == "later"
        assert (found.trigger_rule, found.retries) == ("all_done", 9)


# ---------------------------------------------------------------- what people see


class Docs(BaseOperatorLink):
    name = "Docs"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        return "https://example.com"


class Linked(BaseOperator):
    """Has a link."""

    operator_extra_links = (Docs(),)
    ui_color = "#123456"
    template_fields = ("sql",)
    template_fields_renderers = {"sql": "sql"}  # noqa: RUF012 - as providers write it

    def __init__(self, *, sql: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sql = sql


def test_details_of_a_task() -> None:
    with DAG("d", params={"a": 1}) as dag:
        Linked(
            task_id="t",
            sql="x",
            task_display_name="A task",
            email=["a@b.c"],
            on_failure_callback=callback,
            executor_config={"k": {1, 2}},
            do_xcom_push=False,
            run_as_user="u",
        )
    assert only(dag).details == {
        "class_ref": {"module_path": __name__, "class_name": "Linked"},
        "template_fields": ["sql"],
        "template_fields_renderers": {"sql": "sql"},
        "ui_color": "#123456",
        "ui_fgcolor": "#000",
        "task_display_name": "A task",
        "params": {"a": {"value": 1, "description": None, "schema": {}}},
        "extra_links": ["Docs"],
        "extra_link_keys": {"Docs": "_link_Docs"},
        "email": ["a@b.c"],
        "executor_config": {"k": [1, 2]},
        "run_as_user": "u",
        "callbacks": ["failure"],
        "do_xcom_push": False,
    }


def test_details_of_a_dag() -> None:
    with DAG("d", default_args={"owner": "me", "retry_delay": timedelta(minutes=1)}) as dag:
        a = EmptyOperator(task_id="a")
        EmptyOperator(task_id="b", owner="you")
        dag.set_edge_info("a", "b", {"label": "x"})
        a.doc = "x"
    details = build_spec(dag).details
    assert details["owners"] == ["me", "you"]
    assert details["default_args"] == {"owner": "me", "retry_delay": "PT1M"}
    assert details["edge_info"] == {"a": {"b": {"label": "x"}}}


def test_groups_in_the_spec() -> None:
    with DAG("d") as dag, TaskGroup("g", tooltip="tip", ui_color="red", group_display_name="G!"):
        EmptyOperator(task_id="a")
    found = build_spec(dag).groups["g"]
    assert (found.label, found.tooltip, found.ui_color) == ("G!", "tip", "red")
    assert build_spec(dag).tasks["g.a"].group_id == "g"


def test_a_decorated_tasks_docstring_is_its_doc() -> None:
    @task
    def work() -> None:
        """What it does."""

    with DAG("d") as dag:
        work()
    assert only(dag).details["doc_md"] == "What it does."
    assert only(dag).operator_name == "@task"


def test_setups_and_teardowns_are_marked() -> None:
    with DAG("d") as dag:
        s, t = EmptyOperator(task_id="s"), EmptyOperator(task_id="t")
        s.as_setup() >> t.as_teardown(on_failure_fail_dagrun=True)
    tasks = build_spec(dag).tasks
    assert tasks["s"].is_setup
    assert tasks["t"].is_teardown
    assert tasks["t"].on_failure_fail_dagrun


def test_what_follows_a_setup_has_to_wait_for_its_success() -> None:
    with DAG("d") as dag:
        EmptyOperator(task_id="s").as_setup() >> EmptyOperator(task_id="w", trigger_rule="all_done")
    with pytest.raises(AirflowDagInconsistent, match="'w' of DAG 'd' comes right after the setup"):
        build_spec(dag)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"b": 1, 2: [None, True]}, {"b": 1, "2": [None, True]}),
        ({3, 1, 2}, [1, 2, 3]),
        (float("nan"), "nan"),
        (timedelta(minutes=1), 60.0),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00"),
        (callback, f"{__name__}.callback"),
        (Quiet, f"{__name__}.Quiet"),
    ],
)
def test_values_for_people_are_json(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_an_object_is_named_without_its_address() -> None:
    assert plain(object()) == "<builtins.object>"


PROGRAM = """
from slipstream.sdk import DAG, task
from slipstream.sdk._spec import build_spec
from slipstream.sdk.operators.python import PythonOperator
from slipstream.wire.dag import decode_dag, encode_dag
with DAG("d", tags={"c", "a", "b"}, default_args={"x": {"q", "r"}, "f": lambda: 1}) as dag:
    tasks = [PythonOperator(task_id=n, python_callable=print, executor_config={"s": set("xyz")})
             for n in "abcdef"]
    tasks[0] >> tasks[1:5] >> tasks[5]
dag.fileloc = "f"
print(encode_dag(build_spec(dag)).decode())
"""


def test_a_spec_is_the_same_in_every_process() -> None:
    def run(seed: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONPATH": "src", "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    assert run("1") == run("2")


def test_specs_of_equal_dags_are_equal() -> None:
    def make() -> bytes:
        with DAG("d") as dag:
            PythonOperator(task_id="a", python_callable=callback)
        return encode_dag(build_spec(dag))

    assert make() == make()


def test_params_keep_the_order_in_which_the_file_has_them() -> None:
    with DAG("d", params={"to": 1, "from": 2, "at": 3}) as dag:
        EmptyOperator(task_id="t")
    with DAG("e", params={"a": 1, "b": 2}) as sorted_already:
        EmptyOperator(task_id="t")
    spec = decode_dag(encode_dag(build_spec(dag)))
    order = spec.details["params_order"]
    assert order == ["to", "from", "at"]
    assert list(shown_params(spec.params, order)) == ["to", "from", "at"]
    assert list(shown_params(spec.params, None)) == ["at", "from", "to"]
    assert "params_order" not in build_spec(sorted_already).details
