from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.sdk import DAG, BaseOperator, XComArg, _provider_info, task, teardown
from slipstream.sdk._decorated_operator import DecoratedOperator, get_unique_task_id
from slipstream.sdk._task import TaskDecoratorCollection
from slipstream.sdk._task_decorator import task_decorator_factory
from slipstream.sdk.operators.python import PythonOperator


def test_a_decorated_function_keeps_its_own_function() -> None:
    @task
    def work(x: int) -> int:
        """Doc."""
        return x + 1

    assert work.function(1) == 2
    assert (work.__name__, work.__doc__) == ("work", "Doc.")
    assert work.__wrapped__(2) == 3


def test_arguments_of_the_decorator_are_the_operators() -> None:
    @task(task_id="renamed", retries=3, trigger_rule="all_done")
    def work() -> None: ...

    with DAG("d") as dag:
        found = work()
    assert isinstance(found, XComArg)
    operator = dag.get_task("renamed")
    assert (operator.retries, operator.trigger_rule) == (3, "all_done")


def test_override_leaves_the_original_alone() -> None:
    @task(retries=1)
    def work() -> None: ...

    changed = work.override(retries=5, multiple_outputs=True, task_id="x")
    assert (work.kwargs["retries"], work.multiple_outputs) == (1, False)
    assert (changed.kwargs["retries"], changed.multiple_outputs) == (5, True)


def test_a_method_cannot_be_a_task() -> None:
    with pytest.raises(TypeError, match="takes self"):

        class Holder:
            @task
            def work(self) -> None: ...


@pytest.mark.parametrize("value", [staticmethod(lambda: 1), 5])
def test_only_functions_can_be_tasks(value: Any) -> None:
    with pytest.raises(TypeError, match="goes on a function"):
        task(value)


def test_a_task_function_called_outside_of_a_dag_belongs_to_none() -> None:
    @task
    def work() -> None: ...

    assert work().operator.dag is None


def test_a_classic_operator_and_a_function_mix() -> None:
    @task
    def give() -> int:
        return 5

    with DAG("d") as dag:
        classic = PythonOperator(
            task_id="classic", python_callable=lambda x: x * 2, op_kwargs={"x": give()}
        )

        @task
        def use(x: int) -> int:
            return x + 1

        use(classic.output)
    running = Running(dag)
    running.execute("give")
    running.execute("classic")
    assert running.execute("use") == 11


# ---------------------------------------------------------------- kinds


def test_the_standard_kinds_are_there() -> None:
    assert set(dir(task)) >= {
        "python",
        "bash",
        "branch",
        "short_circuit",
        "sensor",
        "stub",
        "run_if",
        "skip_if",
    }


def test_an_unknown_kind_is_named_with_those_there_are() -> None:
    with pytest.raises(AttributeError, match=r"no @task\.dokcer\. Known are bash, branch"):
        task.dokcer  # noqa: B018 - the attribute is looked up


class Shouting(BaseOperator):
    """An operator that a provider might bring."""

    template_fields = ("suffix",)

    def __init__(self, *, suffix: str = "!", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.suffix = suffix

    def shout(self, text: str) -> str:
        return text.upper() + self.suffix


class _Shouting(DecoratedOperator, Shouting):
    template_fields = (*DecoratedOperator.template_fields, *Shouting.template_fields)
    custom_operator_name = "@task.shout"

    def execute(self, context: Any) -> str:
        return self.shout(self.python_callable(*self.op_args, **self.op_kwargs))


def shout_task(python_callable: Any = None, multiple_outputs: Any = None, **kwargs: Any) -> Any:
    return task_decorator_factory(
        python_callable=python_callable,
        multiple_outputs=multiple_outputs,
        decorated_operator_class=_Shouting,
        **kwargs,
    )


def test_a_provider_adds_a_kind() -> None:
    kinds = TaskDecoratorCollection()
    kinds.register("shout", shout_task)

    @kinds.shout(suffix="{{ '?' }}")
    def say(text: str) -> str:
        return text

    with DAG("d") as dag:
        say("hello")
        say.partial().expand(text=["a", "b"])
    running = Running(dag)
    assert running.execute("say") == "HELLO?"
    assert [running.execute("say__1", index) for index in (0, 1)] == ["A?", "B?"]
    assert dag.get_task("say").operator_name == "@task.shout"


def test_a_kind_may_be_imported_late() -> None:
    kinds = TaskDecoratorCollection()
    kinds.register("again", "slipstream.sdk._task_kinds:python_task")
    kinds.add_source(lambda name: shout_task if name == "shout" else None)
    assert kinds.again(lambda: 1).operator_class.__name__ == "_PythonDecoratedOperator"
    assert kinds.shout(lambda: 1).operator_class is _Shouting


def test_installed_providers_bring_kinds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    _write_provider(
        tmp_path,
        "loud",
        "def info():\n"
        "    return {'task-decorators': [{'name': 'loud', 'class-name': 'loud_provider.loud'}]}\n"
        "def loud(python_callable=None, **kwargs):\n"
        "    return ('loud', python_callable)\n",
    )
    _write_provider(tmp_path, "broken", "def info(): raise RuntimeError('broken')\n")
    monkeypatch.syspath_prepend(tmp_path)
    _provider_info.providers.cache_clear()
    try:
        kinds = TaskDecoratorCollection()
        assert kinds.loud(len) == ("loud", len)
        with pytest.raises(AttributeError, match=r"no @task\.louder"):
            kinds.louder  # noqa: B018 - the attribute is looked up
        assert "broken_provider:info does not say what it has" in caplog.text
    finally:
        _provider_info.providers.cache_clear()


def _write_provider(folder: Path, name: str, code: str) -> None:
    """A provider package as it is installed."""
    (folder / f"{name}_provider.py").write_text(code)
    info = folder / f"{name}_provider-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-provider\nVersion: 1.0\n")
    entry = f"[apache_airflow_provider]\nprovider_info={name}_provider:info\n"
    (info / "entry_points.txt").write_text(entry)


def test_the_source_of_a_function_comes_without_decorators() -> None:
    with DAG("d"):

        @task(retries=3)
        def work(x: int) -> int:
            return x

        operator = work(1).operator
    assert operator.get_python_source() == "def work(x: int) -> int:\n    return x\n"


def test_conditions_go_above_a_task() -> None:
    with pytest.raises(TypeError, match="go above @task"):
        task.run_if(lambda context: True)(lambda: 1)


def test_a_stub_has_no_code() -> None:
    @task.stub
    def elsewhere() -> None: ...

    with DAG("d") as dag:
        elsewhere()
    with pytest.raises(Exception, match="'elsewhere' is a stub"):
        Running(dag).execute("elsewhere")


def test_a_stub_takes_an_empty_function_alone() -> None:
    def returns() -> int:
        return 1

    async def waits() -> None: ...

    def documented() -> None:
        """Doc."""

    for function in (returns, waits):
        with DAG("d"), pytest.raises(ValueError, match="is never called"):
            task.stub(function)()
    with DAG("d"), pytest.raises(ValueError, match="Use retries"):
        task.stub(retry_policy=object())(documented)()
    with DAG("d") as dag:
        task.stub(queue="go")(documented)()
    assert dag.get_task("documented").queue == "go"


def test_decorators_of_the_author_stay_in_the_source() -> None:
    def own(function: Any) -> Any:
        return function

    with DAG("d"):

        @task(
            retries=3,
        )
        @own
        def work() -> int:
            return 1

        operator = work().operator
    assert operator.get_python_source() == "@own\ndef work() -> int:\n    return 1\n"


def test_a_dag_makes_tasks_of_its_own() -> None:
    dag = DAG("d")

    @dag.task
    def first() -> int:
        return 1

    @dag.task.bash(task_id="second")
    def command(x: int) -> str:
        return f"echo {x}"

    @dag.task.skip_if(lambda context: True)
    @dag.task(retries=2)
    def third() -> None: ...

    command(first()) >> third()
    assert {"first", "second", "third"} == dag.task_dict.keys()
    assert dag.get_task("third").retries == 2
    run = dag.test()
    assert run.get_task_instance("second").xcom_pull(task_ids="second") == "1"
    assert run.get_task_instance("third").state == "skipped"


def test_a_teardown_takes_no_trigger_rule() -> None:
    @teardown
    @task(trigger_rule="all_done")
    def remove() -> None: ...

    with DAG("d"), pytest.raises(ValueError, match="takes no trigger_rule"):
        remove()


def test_whether_a_task_is_a_coroutine_can_be_asked() -> None:
    async def later() -> None: ...

    def now() -> None: ...

    with DAG("d") as dag:
        task(later)()
        task(now)()
    assert dag.get_task("later").is_async
    assert not dag.get_task("now").is_async


def test_unique_ids() -> None:
    with DAG("d") as dag:

        @task
        def work() -> None: ...

        assert get_unique_task_id("work") == "work"
        work()
        assert get_unique_task_id("work") == "work__1"
    assert get_unique_task_id("work", dag) == "work__1"
