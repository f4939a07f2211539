from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
import pytest

from slipstream.model.states import RunType
from slipstream.sdk import DAG, Param, TaskGroup, dag, task
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._spec import build_spec
from slipstream.sdk.exceptions import (
    AirflowDagCycleException,
    DuplicateTaskIdFound,
    FailFastDagInvalidTriggerRule,
    ParamValidationError,
    RemovedInAirflow3Warning,
    TaskNotFound,
)
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python import PythonOperator


def empty(task_id: str, **kwargs: Any) -> EmptyOperator:
    return EmptyOperator(task_id=task_id, **kwargs)


# ---------------------------------------------------------------- belonging


def test_a_task_made_inside_with_belongs_to_the_dag() -> None:
    with DAG("d") as made:
        one = empty("one")
    assert one.dag is made
    assert made.task_ids == ["one"]


def test_a_task_given_dag_belongs_to_it() -> None:
    made = DAG("d")
    assert empty("one", dag=made).dag is made


def test_dag_given_by_name_wins_over_the_open_one() -> None:
    other = DAG("other")
    with DAG("d") as made:
        one = empty("one", dag=other)
    assert one.dag is other
    assert made.tasks == []
    assert one.task_group is other.task_group


def test_setting_dag_later_adds_the_task() -> None:
    one = empty("one")
    made = DAG("d")
    one.dag = made
    assert made.get_task("one") is one
    assert one.task_group is made.task_group


def test_an_edge_to_a_task_of_a_dag_takes_the_other_into_it() -> None:
    loose = empty("loose")
    with DAG("d") as made:
        bound = empty("bound")
    bound >> loose
    assert loose.dag is made


def test_edges_between_two_dags_are_refused_by_name() -> None:
    one = empty("one", dag=DAG("a"))
    two = empty("two", dag=DAG("b"))
    with pytest.raises(Exception, match=r"several DAGs \('a', 'b'\)"):
        one >> two


def test_edges_without_any_dag_are_refused() -> None:
    with pytest.raises(Exception, match="none of them belongs to a DAG"):
        empty("one") >> empty("two")


def test_a_second_task_of_an_id_is_refused() -> None:
    with DAG("d"):
        empty("one")
        with pytest.raises(DuplicateTaskIdFound, match="'one' is taken already"):
            empty("one")


def test_the_same_id_in_two_dags_is_fine() -> None:
    for dag_id in ("a", "b"):
        with DAG(dag_id) as made:
            empty("one")
        assert made.task_ids == ["one"]


def test_an_unknown_task_is_named_with_those_there_are() -> None:
    with DAG("d") as made:
        empty("one")
    with pytest.raises(TaskNotFound, match="no task 'two'; it has 'one'"):
        made.get_task("two")


@pytest.mark.parametrize("dag_id", ["a b", "", "a/b", "x" * 251, "ä ö"])
def test_a_dag_id_with_other_characters_is_refused(dag_id: str) -> None:
    with pytest.raises(ValueError, match="dag_id"):
        DAG(dag_id)


@pytest.mark.parametrize("dag_id", ["a.b-c_1", "ünïcode", "x" * 250])
def test_dag_ids_may_have_letters_digits_dots_dashes_and_underscores(dag_id: str) -> None:
    assert DAG(dag_id).dag_id == dag_id


def test_a_dag_id_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="dag_id has to be a string; 7 is of type int"):
        DAG(7)  # type: ignore[arg-type]


# ---------------------------------------------------------------- default arguments


def test_default_args_reach_every_level_of_constructors() -> None:
    class Mine(PythonOperator):
        def __init__(self, *, conn: str, table: str = "t", **kwargs: Any) -> None:
            super().__init__(python_callable=print, **kwargs)
            self.conn, self.table = conn, table

    with DAG("d", default_args={"conn": "c", "retries": 3, "owner": "me", "unknown": 1}):
        mine = Mine(task_id="one", table="x")
    assert (mine.conn, mine.table, mine.retries, mine.owner) == ("c", "x", 3, "me")


def test_an_argument_given_wins_over_every_default() -> None:
    with DAG("d", default_args={"retries": 3}):
        assert empty("one", retries=0).retries == 0
        assert empty("two", default_args={"retries": 5}).retries == 5


def test_group_defaults_win_over_dag_defaults_and_inner_over_outer() -> None:
    with (
        DAG("d", default_args={"retries": 1, "owner": "dag", "pool": "p"}),
        TaskGroup("outer", default_args={"retries": 2, "owner": "outer"}),
        TaskGroup("inner", default_args={"retries": 3}),
    ):
        one = empty("one")
    assert (one.retries, one.owner, one.pool) == (3, "outer", "p")


def test_default_args_are_copied() -> None:
    shared = {"params": {"a": 1}, "retries": 1, "email": ["x"]}
    first = DAG("first", default_args=shared)
    first.default_args["email"].append("y")
    assert DAG("second", default_args=shared).default_args["email"] == ["x"]
    assert shared["params"] == {"a": 1}


def test_params_in_default_args_are_params_of_the_dag() -> None:
    made = DAG("d", default_args={"params": {"a": 1, "b": 2}}, params={"b": 3})
    assert made.params.dump() == {"a": 1, "b": 3}


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(TypeError, match=r"BashOperator needs the argument bash_command .*'one'"):
        BashOperator(task_id="one")


def test_an_unknown_argument_is_named() -> None:
    with pytest.raises(TypeError, match="EmptyOperator takes no argument 'retrys'"):
        empty("one", retrys=3)


def test_arguments_without_a_name_are_refused() -> None:
    with pytest.raises(TypeError, match="keyword arguments only"):
        EmptyOperator("one")  # type: ignore[misc]


def test_a_constructor_has_to_call_the_one_above() -> None:
    class Mine(EmptyOperator):
        def __init__(self, **kwargs: Any) -> None:
            self.x = 1

    with pytest.raises(TypeError, match=r"Mine\.__init__\(\) has to call super"):
        Mine(task_id="t")


def test_template_fields_that_are_one_text_are_one_name() -> None:
    class Mine(EmptyOperator):
        template_fields = "sql"

    with pytest.warns(UserWarning, match="A tuple of one needs a comma"):
        assert Mine(task_id="t").template_fields == ["sql"]


def test_arguments_may_be_used_before_the_constructor_above() -> None:
    class Mine(EmptyOperator):
        def __init__(self, *, table: str, params: Any = None, **kwargs: Any) -> None:
            self.table = table
            self.log.debug("before")
            super().__init__(params=params, **kwargs)

    with DAG("d", default_args={"table": "t", "params": {"a": 1}}):
        mine = Mine(task_id="t", params={"b": 2})
    assert mine.table == "t"
    assert mine.params.dump() == {"a": 1, "b": 2}


def test_classes_of_operators_may_be_mixed_with_others() -> None:
    from abc import ABC, abstractmethod
    from typing import Generic, TypeVar

    T = TypeVar("T")

    class Mixin:
        def __init__(self, *, extra: int = 0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.extra = extra

    class Mine(Mixin, EmptyOperator, Generic[T], ABC):
        @abstractmethod
        def work(self) -> T: ...

    class Done(Mine[int]):
        def work(self) -> int:
            return 1

    with DAG("d", default_args={"retries": 2}):
        done = Done(task_id="t", extra=5)
    assert (done.extra, done.retries, done.work()) == (5, 2, 1)
    with pytest.raises(TypeError, match="abstract"):
        Mine(task_id="u")


# ---------------------------------------------------------------- arguments of the DAG


def test_a_tasks_start_date_comes_from_the_defaults_as_text() -> None:
    made = DAG("d", default_args={"start_date": "2026-01-02"})
    assert made.start_date == datetime(2026, 1, 2, tzinfo=UTC)


def test_the_time_zone_is_that_of_the_start_date() -> None:
    for zone in (ZoneInfo("Europe/Paris"), pendulum.timezone("Europe/Paris")):
        made = DAG("d", start_date=datetime(2026, 1, 2, tzinfo=zone))
        assert made.timezone_name == "Europe/Paris"
    fixed = pendulum.parse("2026-01-01T00:00:00+05:30")
    assert isinstance(fixed, datetime)
    assert DAG("d", start_date=fixed).timezone_name == "+05:30"


def test_a_time_without_zone_is_of_the_default_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TIMEZONE", "Asia/Tokyo")
    from slipstream.sdk import _conf, _times

    _conf.read_settings_anew()
    _times.default_timezone.cache_clear()
    try:
        made = DAG("d", start_date=datetime(2026, 1, 2))
        assert made.timezone_name == "Asia/Tokyo"
        assert build_spec(made).start_date == datetime(2026, 1, 1, 15, tzinfo=UTC)
    finally:
        _times.default_timezone.cache_clear()


def test_a_dag_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ends .* before it begins"):
        DAG("d", start_date=datetime(2026, 1, 2), end_date=datetime(2026, 1, 1))


@pytest.mark.parametrize("timeout", [timedelta(seconds=-5), -5])
def test_a_run_that_may_take_less_than_no_time_is_refused(timeout: timedelta) -> None:
    with pytest.raises(ValueError, match="dagrun_timeout=-5 seconds; expected a length of time"):
        DAG("wrong", dagrun_timeout=timeout)
    assert DAG("right", dagrun_timeout=timedelta(0)).dagrun_timeout == timedelta(0)


def test_an_unknown_argument_of_a_dag_is_refused() -> None:
    with pytest.raises(TypeError, match="DAG 'd' was given the argument 'shedule'"):
        DAG("d", shedule="@daily")


@pytest.mark.parametrize(
    ("argument", "value", "attribute", "expected"),
    [
        ("schedule_interval", "@daily", "schedule", "@daily"),
        ("schedule_interval", None, "schedule", None),
        ("concurrency", 3, "max_active_tasks", 3),
        ("fail_stop", True, "fail_fast", True),
    ],
)
def test_former_arguments_work_with_one_warning(
    argument: str, value: Any, attribute: str, expected: Any
) -> None:
    with pytest.warns(RemovedInAirflow3Warning, match=argument):
        made = DAG("d", **{argument: value})
    assert getattr(made, attribute) == expected
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        DAG("e", **{argument: value})


@pytest.mark.parametrize("argument", ["default_view", "orientation", "sla_miss_callback"])
def test_arguments_without_effect_warn(argument: str) -> None:
    with pytest.warns(RemovedInAirflow3Warning, match=argument):
        DAG("d", **{argument: "x"})


def test_a_fail_fast_dag_takes_only_all_success() -> None:
    with DAG("d", fail_fast=True), pytest.raises(FailFastDagInvalidTriggerRule, match="'one'"):
        empty("one", trigger_rule="all_done")


@pytest.mark.parametrize(
    ("argument", "value", "expected"),
    [
        ("max_active_runs", "3", "a whole number"),
        ("max_active_runs", True, "a whole number"),
        ("max_consecutive_failed_dag_runs", 1.5, "a whole number"),
        ("description", 7, "a text"),
        ("dag_display_name", ["Sales"], "a text"),
        ("template_searchpath", 7, "a folder or a list of folders"),
        ("user_defined_macros", ["upper"], "a dictionary"),
        ("user_defined_filters", "upper", "a dictionary"),
        ("jinja_environment_kwargs", 7, "a dictionary"),
    ],
)
def test_what_a_dag_is_given_has_to_be_of_its_type(
    argument: str, value: Any, expected: str
) -> None:
    kind = type(value).__name__
    with pytest.raises(
        TypeError, match=f"'d' has {argument}=.*of type {kind}; expected {expected}"
    ):
        DAG("d", **{argument: value})


def test_a_search_path_may_be_a_path(tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("hello {{ 1 + 1 }}")
    environment = DAG("d", template_searchpath=tmp_path).get_template_env()
    assert environment.get_template("hello.txt").render() == "hello 2"


def test_tags_have_to_be_a_list() -> None:
    with pytest.raises(TypeError, match="list of texts; 7 is of type int"):
        DAG("d", tags=7)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="list of texts"):
        DAG("d", tags="abc")
    with pytest.raises(ValueError, match="100 is the most"):
        DAG("d", tags=["x" * 101])


def test_every_argument_reaches_the_spec() -> None:
    def callback(context: Any) -> None: ...

    made = DAG(
        "d",
        description="text",
        schedule=None,
        start_date=datetime(2026, 1, 1),
        end_date=datetime(2027, 1, 1),
        max_active_tasks=3,
        max_active_runs=2,
        max_consecutive_failed_dag_runs=4,
        dagrun_timeout=timedelta(hours=1),
        catchup=True,
        on_success_callback=callback,
        on_failure_callback=[callback],
        doc_md="# doc",
        params={"n": Param(3, "how many", type="integer")},
        access_control={"role": {"can_read"}},
        is_paused_upon_creation=False,
        tags=["b", "a", "a"],
        owner_links={"me": "https://example.com"},
        fail_fast=True,
        allowed_run_types=["manual"],
        dag_display_name="A DAG",
    )
    spec = build_spec(made)
    assert spec.description == "text"
    assert spec.start_date == datetime(2026, 1, 1, tzinfo=UTC)
    assert (spec.max_active_tasks, spec.max_active_runs) == (3, 2)
    assert spec.max_consecutive_failed_dag_runs == 4
    assert spec.dagrun_timeout == timedelta(hours=1)
    assert spec.catchup
    assert spec.has_success_callback
    assert spec.has_failure_callback
    assert spec.doc_md == "# doc"
    assert spec.params == {
        "n": {"value": 3, "description": "how many", "schema": {"type": "integer"}}
    }
    assert spec.access_control == {"role": {"DAGs": ["can_read"]}}
    assert spec.is_paused_upon_creation is False
    assert spec.tags == ("a", "b")
    assert spec.owner_links == {"me": "https://example.com"}
    assert spec.fail_fast
    assert spec.allowed_run_types == (RunType.MANUAL,)
    assert spec.display_name == "A DAG"


def test_settings_give_what_a_dag_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__MAX_ACTIVE_RUNS_PER_DAG", "5")
    monkeypatch.setenv("AIRFLOW__CORE__DEFAULT_TASK_RETRIES", "4")
    from slipstream.sdk._conf import read_settings_anew

    read_settings_anew()
    with DAG("d") as made:
        one = empty("one")
    assert made.max_active_runs == 5
    assert one.retries == 4


# ---------------------------------------------------------------- what a DAG must not be


def test_a_cycle_is_named() -> None:
    with DAG("d") as made:
        a, b, c, d = (empty(name) for name in "abcd")
        a >> b >> c >> b
        c >> d
    with pytest.raises(AirflowDagCycleException, match=r"in a circle: (b >> c >> b|c >> b >> c)"):
        build_spec(made)


def test_a_task_after_itself_is_a_cycle() -> None:
    with DAG("d") as made:
        a = empty("a")
        a >> a
    with pytest.raises(AirflowDagCycleException, match="a >> a"):
        build_spec(made)


def test_a_scheduled_dag_needs_a_default_for_every_param() -> None:
    made = DAG("d", schedule="@daily", params={"n": Param(type="integer")})
    with pytest.raises(ParamValidationError, match=r"DAG 'd' has a schedule.*'n' has none"):
        build_spec(made)
    build_spec(DAG("d", schedule=None, params={"n": Param(type="integer")}))


def test_a_scheduled_dags_default_has_to_fit() -> None:
    made = DAG("d", schedule="@daily", params={"n": Param("x", type="integer")})
    with pytest.raises(ParamValidationError, match="DAG 'd': Invalid input for param n: 'x' is"):
        build_spec(made)


def test_tasks_stand_in_the_spec_each_after_what_it_waits_for() -> None:
    with DAG("d") as made:
        c, b, a = (empty(name) for name in "cba")
        a >> b >> c
    assert list(build_spec(made).tasks) == ["a", "b", "c"]


# ---------------------------------------------------------------- @dag


def test_a_dag_function_makes_a_dag_of_its_name_and_docstring() -> None:
    @dag(schedule=None)
    def pipeline() -> None:
        """What it does."""
        empty("one")

    made = pipeline()
    assert made.dag_id == "pipeline"
    assert made.doc_md == "What it does."
    assert made.task_ids == ["one"]


def test_a_bare_dag_decorator_works() -> None:
    @dag
    def pipeline() -> None:
        empty("one")

    assert pipeline().dag_id == "pipeline"


def test_a_dag_functions_parameters_are_params() -> None:
    seen: dict[str, Any] = {}

    @dag(dag_id="x", schedule=None)
    def pipeline(a: int, b: str = "z") -> None:
        @task
        def use(a: int, b: str) -> None: ...

        seen["a"] = a
        use(a, b)

    made = pipeline(a=5)
    assert made.params.dump() == {"a": 5, "b": "z"}
    assert not isinstance(seen["a"], int)


def test_a_dag_functions_parameter_without_default_must_be_given_with_the_run() -> None:
    @dag(schedule=None)
    def pipeline(a: int) -> None: ...

    assert not pipeline().params.get_param("a").has_value


def test_several_dags_from_one_function() -> None:
    def make(number: int) -> DAG:
        @dag(dag_id=f"d{number}", schedule=None)
        def pipeline() -> None:
            empty("one")

        return pipeline()

    assert [make(number).dag_id for number in range(3)] == ["d0", "d1", "d2"]


def test_what_a_dag_and_its_tasks_say_of_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(Path(__file__).parents[1]))
    read_settings_anew()
    with DAG("d", schedule=None) as dag:
        task = EmptyOperator(task_id="a", on_failure_callback=print)
    assert (dag.partial, dag.relative_fileloc) == (False, "sdk/test_dag.py")
    assert (task.has_on_failure_callback, task.has_on_success_callback) == (True, False)
    dag.validate()
    task >> EmptyOperator(task_id="b") >> task
    with pytest.raises(AirflowDagCycleException, match="'d' wait for each other"):
        dag.validate()
