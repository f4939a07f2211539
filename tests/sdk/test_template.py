from __future__ import annotations

import enum
from collections import namedtuple
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
import pytest
from tests.sdk.memory import MemoryBackend, Running, make_attempt

from slipstream.runtime.task_runner import TaskRun
from slipstream.sdk import DAG, BaseOperator, literal, task
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._template import rendered_fields
from slipstream.sdk.operators.bash import BashOperator

Point = namedtuple("Point", "x y")


class Holder(BaseOperator):
    """Has one template field."""

    template_fields = ("value",)
    template_ext = (".sql",)

    def __init__(self, *, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value


def rendered(value: Any, dag: DAG | None = None, **context: Any) -> Any:
    dag = dag or DAG("d")
    Holder(task_id="t", value=value, dag=dag)
    return Running(dag).render("t", **context).value


class Inner:
    template_fields = ("text", "other")

    def __init__(self, text: str, other: Any = None) -> None:
        self.text = text
        self.other = other


class Colour(enum.Enum):
    RED = "{{ run_id }}"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ run_id }}", "run"),
        ("plain", "plain"),
        ("line\n", "line"),
        ("two\n\n", "two\n"),
        ("a\r\nb", "a\nb"),
        ("{# hidden #}x", "x"),
        ("{% if true %}yes{% endif %}", "yes"),
        ("{% do [1].append(2) %}x", "x"),
        ("{{ none }}", "None"),
        ("{ not a template }", "{ not a template }"),
        ("", ""),
        (None, None),
        (5, 5),
        (True, True),
        (b"{{ run_id }}", b"{{ run_id }}"),
        (["{{ run_id }}", 1], ["run", 1]),
        (("{{ run_id }}", 1), ("run", 1)),
        ({"{{ run_id }}": "{{ run_id }}"}, {"{{ run_id }}": "run"}),
        ({"{{ run_id }}"}, {"run"}),
        ({"a": [{"b": ("{{ ds }}",)}]}, {"a": [{"b": ("2026-01-31",)}]}),
        (Point("{{ run_id }}", 1), Point("run", 1)),
        (literal("{{ run_id }}"), "{{ run_id }}"),
        ([literal("{{ a }}")], ["{{ a }}"]),
        (Colour.RED, Colour.RED),
        ("{{ logical_date | ds }}", "2026-01-31"),
        ("{{ logical_date | ts }}", "2026-01-31T12:00:00+00:00"),
        ("{{ logical_date | ts_nodash }}", "20260131T120000"),
        ("{{ logical_date | ts_nodash_with_tz }}", "20260131T120000+0000"),
        ("{{ dag.dag_id }} {{ task.task_id }} {{ ti.task_id }}", "d t t"),
        ("{{ dag_run.conf.get('x', 'y') }}", "y"),
        ("{{ params }}", "{}"),
        ("{{ [1, 2] | length }} {{ 'a' | upper }} {{ {'a': 1} | tojson }}", '2 A {"a": 1}'),
        ("{% set x = 5 %}{{ x }}{{ run_id }}", "5run"),
        ("{{ task._label }}", "t"),
    ],
)
def test_values_are_rendered(value: Any, expected: Any) -> None:
    found = rendered(value)
    assert found == expected
    assert type(found) is type(expected)


def test_objects_with_template_fields_are_rendered_as_copies() -> None:
    inner = Inner("{{ run_id }}", Inner("{{ ds }}"))
    inner.other.other = inner
    found = rendered({"x": [inner]})["x"][0]
    assert (found.text, found.other.text) == ("run", "2026-01-31")
    assert inner.text == "{{ run_id }}"


def test_objects_without_template_fields_stay_as_they_are() -> None:
    thing = object()
    assert rendered([thing])[0] is thing


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'nothing' is undefined"):
        rendered("{{ nothing }}")


def test_another_treatment_of_unknown_names() -> None:
    dag = DAG("d", template_undefined=jinja2.Undefined)
    assert rendered("-{{ nothing }}-", dag) == "--"


def test_names_with_two_underscores_are_out_of_reach() -> None:
    with pytest.raises(jinja2.exceptions.SecurityError):
        rendered("{{ ''.__class__.__mro__ }}")


def test_macros_and_filters_of_the_author() -> None:
    dag = DAG(
        "d",
        user_defined_macros={"greet": lambda name: f"hello {name}", "run_id": "hidden"},
        user_defined_filters={"twice": lambda text: text * 2},
    )
    assert rendered("{{ greet('x') | twice }} {{ run_id }}", dag) == "hello xhello x run"


def test_options_of_the_engine() -> None:
    dag = DAG("d", jinja_environment_kwargs={"keep_trailing_newline": True})
    assert rendered("x\n", dag) == "x\n"
    dag = DAG(
        "e", jinja_environment_kwargs={"variable_start_string": "<<", "variable_end_string": ">>"}
    )
    assert rendered("<< run_id >> {{ x }}", dag) == "run {{ x }}"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ 1 + 1 }}", 2),
        ("{{ [1, 2] }}", [1, 2]),
        ("{{ logical_date }}", datetime),
        ("{{ params.d }}", {"a": 1}),
        ("{{ run_id }}", "run"),
        ("12", 12),
        ("x{{ 1 }}", "x1"),
    ],
)
def test_native_objects(template: str, expected: Any) -> None:
    dag = DAG("d", render_template_as_native_obj=True, params={"d": {"a": 1}})
    found = rendered(template, dag)
    assert isinstance(found, expected) if isinstance(expected, type) else found == expected


def test_a_task_may_differ_from_its_dag_about_native_objects() -> None:
    dag = DAG("d", render_template_as_native_obj=True)
    Holder(task_id="a", value="{{ 1 }}", dag=dag, render_template_as_native_obj=False)
    Holder(task_id="b", value="{{ 1 }}", dag=dag)
    running = Running(dag)
    assert (running.render("a").value, running.render("b").value) == ("1", 1)


# ---------------------------------------------------------------- files


def test_files_lie_beside_the_dag_or_in_the_search_path(tmp_path: Path) -> None:
    beside, other = tmp_path / "dags", tmp_path / "sql"
    beside.mkdir()
    other.mkdir()
    (beside / "a.sql").write_text("select '{{ run_id }}'\n")
    (other / "b.sql").write_text("{% include 'a.sql' %} -- {{ ds }}")
    dag = DAG("d", template_searchpath=[str(other)])
    dag.fileloc = str(beside / "d.py")
    Holder(task_id="one", value="a.sql", dag=dag)
    Holder(task_id="many", value=["a.sql", "b.sql", "select 1"], dag=dag)
    Holder(task_id="deep", value={"x": "a.sql"}, dag=dag)
    running = Running(dag)
    assert running.render("one").value == "select 'run'"
    assert running.render("many").value == [
        "select 'run'",
        "select 'run' -- 2026-01-31",
        "select 1",
    ]
    assert running.render("deep").value == {"x": "select 'run'"}


def test_an_included_file_sees_what_the_template_has_set(tmp_path: Path) -> None:
    (tmp_path / "part.txt").write_text("{{ x }} {{ run_id }}")
    dag = DAG("d", template_searchpath=str(tmp_path))
    assert rendered("{% set x = 5 %}{% include 'part.txt' %}", dag) == "5 run"


def test_a_file_that_is_not_there_is_named() -> None:
    dag = DAG("d")
    BashOperator(task_id="t", bash_command="gone.sh", dag=dag)
    said = (
        r"task '\w+', field '\w+', template 'gone.sh': there is no template file 'gone\.sh' .*"
        r"A text that ends with '\.sh' names a file; with a space at its end it is taken as it is"
    )
    with pytest.raises(jinja2.TemplateNotFound, match=said):
        Running(dag).render("t")


def test_a_blank_at_the_end_makes_a_path_a_command() -> None:
    dag = DAG("d")
    BashOperator(task_id="t", bash_command="/opt/run.sh ", dag=dag)
    assert Running(dag).render("t").bash_command == "/opt/run.sh "


def test_prepare_template_sees_the_file_before_rendering(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("{{ run_id }}")
    seen = []

    class Mine(Holder):
        def prepare_template(self) -> None:
            seen.append(self.value)

    dag = DAG("d", template_searchpath=str(tmp_path))
    Mine(task_id="t", value="a.sql", dag=dag)
    assert Running(dag).render("t").value == "run"
    assert seen == ["{{ run_id }}"]


# ---------------------------------------------------------------- what goes wrong


def test_a_template_field_without_an_attribute_is_named() -> None:
    class Broken(BaseOperator):
        template_fields = ("gone",)

    dag = DAG("d")
    Broken(task_id="t", dag=dag)
    with pytest.raises(AttributeError, match="Broken has 'gone' among its template_fields"):
        Running(dag).render("t")


def test_an_error_in_a_template_is_logged_with_the_field(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(jinja2.TemplateSyntaxError):
        rendered("{{ run_id")
    assert "Field 'value' of t could not be rendered; its template is '{{ run_id'" in caplog.text


@pytest.mark.parametrize(
    ("template", "kind", "message"),
    [
        (
            "first\n{{ nothing }}",
            jinja2.UndefinedError,
            "task 't', field 'value', line 2, template 'first\\n{{ nothing }}': "
            "'nothing' is undefined",
        ),
        (
            ["{{ ds }}", {"k": "{{ params.no.such }}"}],
            jinja2.UndefinedError,
            "task 't', field 'value', line 1, template ['{{ ds }}', {'k': '{{ params.no.such }}'}]"
            ": 'dict object' has no attribute 'no'",
        ),
        (
            "{% if %}",
            jinja2.TemplateSyntaxError,
            "task 't', field 'value', line 1, template '{% if %}': "
            "Expected an expression, got 'end of statement block'",
        ),
        (
            "{{ ''.__class__ }}",
            jinja2.exceptions.SecurityError,
            "task 't', field 'value', line 1, template \"{{ ''.__class__ }}\": "
            "access to attribute '__class__' of 'str' object is unsafe.",
        ),
        (
            "{% include 'gone.txt' %}",
            jinja2.TemplateNotFound,
            "task 't', field 'value', line 1, template \"{% include 'gone.txt' %}\": "
            "there is no template file 'gone.txt'",
        ),
        (
            Inner("{{ nothing }}"),
            jinja2.UndefinedError,
            "task 't', field 'value': a Inner, field 'text', line 1, template '{{ nothing }}': "
            "'nothing' is undefined",
        ),
    ],
    ids=["undefined", "nested", "syntax", "unsafe", "file", "object"],
)
def test_an_error_names_task_field_line_and_what_is_wrong(
    template: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind) as caught:
        rendered(template)
    assert str(caught.value).startswith(message)


def test_an_error_of_what_a_template_calls_keeps_its_type_and_gets_a_note() -> None:
    dag = DAG("d", user_defined_macros={"fail": lambda: {}["k"]})
    with pytest.raises(KeyError) as caught:
        rendered("\n\n{{ fail() }}", dag)
    (note,) = caught.value.__notes__
    assert note == (
        "In a template: task 't', field 'value', line 3, template '\\n\\n{{ fail() }}'."
    )


def test_a_variable_that_is_not_there_fails_the_task_with_the_place_of_its_template() -> None:
    dag = DAG("d")
    Holder(task_id="t", value="{{ var.value.nothing }}", dag=dag)
    outcome: Any = TaskRun(make_attempt(dag, "t"), dag, MemoryBackend()).run().outcome
    assert outcome.message.endswith(
        "(In a template: task 't', field 'value', line 1, template '{{ var.value.nothing }}')"
    )
    assert "nothing" in outcome.message.partition("(")[0]


def test_how_much_of_a_field_is_shown_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__MAX_TEMPLATED_FIELD_LENGTH", "5")
    read_settings_anew()
    dag = DAG("d")
    Holder(task_id="t", value="x" * 8, dag=dag)
    shown = rendered_fields(Running(dag).render("t"))
    assert shown == {"value": "xxxxx … (3 more characters)"}


def test_what_was_rendered_can_be_shown() -> None:
    dag = DAG("d")
    Holder(task_id="t", value={"a": [1, {"{{ ds }}"}, print], "b": None, "c": Point}, dag=dag)
    operator = Running(dag).render("t")
    shown = rendered_fields(operator)
    assert shown["value"]["a"] == [1, ["2026-01-31"], "<callable builtins.print>"]
    operator.value = "x" * 5000
    assert rendered_fields(operator, limit=10)["value"] == "x" * 10 + " … (4990 more characters)"


class Pair(BaseOperator):
    """Has two template fields."""

    template_fields = ("value", "other")

    def __init__(self, *, value: Any = None, other: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value
        self.other = other


def test_what_a_map_takes_from_another_task_is_data_and_no_template() -> None:
    """As in Airflow (3.3.2): what an upstream task pushed is never rendered."""

    @task
    def give() -> Any: ...

    @task
    def use(x: Any) -> Any:
        return x

    with DAG("d") as dag:
        given = give()
        Pair.partial(task_id="own", other="{{ run_id }}").expand(value=["{{ ds }}", ["{{ ds }}"]])
        Pair.partial(task_id="pulled", other="{{ run_id }}").expand(value=given)
        Pair.partial(task_id="mixed").expand(value=["{{ ds }}", given])
        Pair.partial(task_id="kwargs").expand_kwargs([{"value": "{{ ds }}", "other": given}])
        Pair.partial(task_id="pulled_kwargs").expand_kwargs(give.override(task_id="rows")())
        Pair(task_id="plain", value=given, other="{{ ti.xcom_pull('give') }}")
        use.expand(x=given)
    running = Running(dag)
    pushed = ["{{ ds }}", {"a": "{{ ds }}"}]
    running.push("give", pushed)
    running.push("rows", [{"value": "{{ ds }}", "other": ["{{ ds }}"]}])

    def fields(task_id: str, index: int = -1) -> tuple[Any, Any]:
        operator: Any = running.render(task_id, index)
        return operator.value, operator.other

    assert fields("own", 0) == ("2026-01-31", "run")
    assert fields("own", 1) == (["2026-01-31"], "run")
    assert fields("pulled", 0) == ("{{ ds }}", "run")
    assert fields("pulled", 1) == ({"a": "{{ ds }}"}, "run")
    assert fields("mixed", 0) == ("2026-01-31", None)
    assert fields("mixed", 1) == (pushed, None)
    assert fields("kwargs", 0) == ("2026-01-31", pushed)
    assert fields("pulled_kwargs", 0) == ("{{ ds }}", ["{{ ds }}"])
    assert fields("plain") == (pushed, str(pushed))
    assert [running.execute("use", index) for index in range(2)] == pushed


def test_the_command_that_a_function_gave_is_shown_as_it_was_run() -> None:
    with DAG("d", schedule=None) as dag:

        @task.bash
        def t() -> str:
            return "echo {{ run_id }}; true"

        t()
    end = TaskRun(make_attempt(dag, "t"), dag, MemoryBackend()).run()
    assert end.rendered is not None
    assert end.rendered["bash_command"] == "echo run; true"
