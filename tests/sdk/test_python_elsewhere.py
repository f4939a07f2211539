"""Functions called in other interpreters: what goes there, what comes back, what goes wrong."""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from slipstream.sdk import DAG, Variable, chain, dag, task
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators._interpreter_values import Arguments, Target, dump
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python_venv import (
    BranchExternalPythonOperator,
    ExternalPythonOperator,
    PythonVirtualenvOperator,
)


def states(run: Any) -> dict[str, str]:
    return {one.task_id: one.state.value for one in run.get_task_instances()}


def returned(run: Any, task_id: str) -> Any:
    return run.get_task_instance(task_id).xcom_pull(task_ids=task_id)


def run_function(function: Any, *args: Any, **kwargs: Any) -> Any:
    """The run of a DAG with this one task."""
    decorator = task.external_python(task_id="there", **{"python": sys.executable, **kwargs})
    with DAG("elsewhere") as made:
        decorator(function)(*args)
    return made.test()


def error_of(caplog: pytest.LogCaptureFixture) -> str:
    errors = [one for one in caplog.records if one.levelno == logging.ERROR]
    return errors[0].getMessage() if errors else ""


def test_a_result_comes_back_and_goes_on() -> None:
    @dag
    def pipeline():
        @task
        def numbers():
            return {"x": [1, 2, 3]}

        @task.external_python(python=sys.executable)
        def total(given, *, power=1):
            import os

            return {"sum": sum(given["x"]) ** power, "pid": os.getpid()}

        @task
        def check(found):
            import os

            assert found["pid"] != os.getpid()
            return found["sum"]

        check(total(numbers(), power=2))

    run = pipeline().test()
    assert run.state == "success"
    assert returned(run, "check") == 36


def test_what_is_of_the_file_is_not_there(caplog: pytest.LogCaptureFixture) -> None:
    def uses_a_global():
        return logging.INFO

    assert run_function(uses_a_global).state == "failed"
    assert "NameError: name 'logging' is not defined" in error_of(caplog)


def test_an_error_brings_its_traceback_along(caplog: pytest.LogCaptureFixture) -> None:
    def breaks():
        def deeper():
            raise ValueError("too deep")

        deeper()

    assert run_function(breaks).state == "failed"
    assert f"breaks() failed in {sys.executable}: ValueError: too deep" in error_of(caplog)
    assert f'{__file__}", line {breaks.__code__.co_firstlineno + 2}, in deeper' in caplog.text
    assert "_interpreter_child" not in caplog.text


def test_output_arrives_line_by_line(caplog: pytest.LogCaptureFixture) -> None:
    def talks():
        import sys

        print("one\ntwo")
        print("to the errors", file=sys.stderr)
        sys.stdout.write("no line break")

    with caplog.at_level(logging.INFO):
        assert run_function(talks).state == "success"
    lines = [one.getMessage() for one in caplog.records]
    assert {"one", "two", "to the errors", "no line break"} <= set(lines)


def test_what_it_leaves_in_the_background_is_not_waited_for() -> None:
    def leaves():
        import subprocess

        return subprocess.Popen(["sleep", "600"]).pid

    import psutil

    run = run_function(leaves)
    left = psutil.Process(returned(run, "there"))
    try:
        assert left.name() == "sleep"
    finally:
        left.kill()


def test_it_gets_what_it_asks_for_of_the_context() -> None:
    def asks(ds, logical_date, params, dag_run, macros, run_id, templates_dict, missing=None):
        import pendulum

        assert isinstance(logical_date, pendulum.DateTime)
        assert dag_run.run_id == run_id
        assert missing is None
        return [ds, macros.ds_add(ds, 1), params["p"], templates_dict["t"]]

    with DAG("d", params={"p": 5}) as made:
        ExternalPythonOperator(
            task_id="there",
            python=sys.executable,
            python_callable=asks,
            templates_dict={"t": "{{ ds_nodash }}"},
        )
    from datetime import UTC, datetime

    run = made.test(logical_date=datetime(2026, 1, 31, tzinfo=UTC))
    assert returned(run, "there") == ["2026-01-31", "2026-02-01", 5, "20260131"]


def test_with_any_name_it_gets_what_can_go() -> None:
    def takes_all(**context):
        return sorted(context)

    names = returned(run_function(takes_all), "there")
    assert {"ds", "ts", "run_id", "logical_date", "params", "dag_run", "macros"} <= set(names)
    assert not {"ti", "task", "dag", "var", "conn"} & set(names)


@pytest.mark.parametrize("name", ["ti", "task", "conn"])
def test_what_cannot_leave_is_refused_before_anything_runs(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    def wants_ti(ti): ...

    def wants_task(task): ...

    def wants_conn(conn): ...

    function = {"ti": wants_ti, "task": wants_task, "conn": wants_conn}[name]
    assert run_function(function).state == "failed"
    assert f"asks for '{name}', which cannot leave the task's process" in error_of(caplog)


def test_arguments_that_do_not_pickle_are_named(caplog: pytest.LogCaptureFixture) -> None:
    def takes(one, two): ...

    assert run_function(takes, 1, lambda: None).state == "failed"
    assert "cannot be serialised with pickle: the one at place 1" in error_of(caplog)


@pytest.mark.parametrize("serializer", ["cloudpickle", "dill"])
def test_other_serializers_take_more(serializer: str) -> None:
    def calls(function):
        class Own(dict):
            pass

        return Own(found=function(20))

    run = run_function(calls, lambda x: x + 1, serializer=serializer)
    assert returned(run, "there") == {"found": 21}


def test_a_serializer_that_does_not_exist_is_refused() -> None:
    with pytest.raises(AirflowException, match="'pickle', 'cloudpickle', 'dill'"), DAG("d"):
        ExternalPythonOperator(
            task_id="x", python=sys.executable, python_callable=states, serializer="json"
        )


def test_use_dill_is_a_serializer_now() -> None:
    with DAG("d"), pytest.warns(DeprecationWarning, match="serializer='dill'"):
        made = ExternalPythonOperator(
            task_id="x", python=sys.executable, python_callable=states, use_dill=True
        )
    assert made.serializer == "dill"


def test_mapped_values_are_fetched_before_they_go() -> None:
    @dag
    def pipeline():
        @task
        def double(x):
            return 2 * x

        @task.external_python(python=sys.executable)
        def add_up(values, pairs):
            return [sum(values), list(pairs)]

        doubled = double.expand(x=[1, 2, 3])
        add_up(doubled, doubled.zip(doubled))

    run = pipeline().test()
    assert returned(run, "add_up") == [12, [(2, 2), (4, 4), (6, 6)]]


def test_it_is_mapped_like_any_other() -> None:
    @dag
    def pipeline():
        @task.external_python(python=sys.executable)
        def square(x, add):
            return x * x + add

        @task
        def collect(found):
            return list(found)

        collect(square.partial(add=1).expand(x=[1, 2, 3]))

    assert returned(pipeline().test(), "collect") == [2, 5, 10]


def test_variables_and_xcoms_answer_there(tmp_path: Any) -> None:
    def asks():
        from airflow.sdk import Variable
        from airflow.sdk.exceptions import AirflowRuntimeError

        Variable.set("told", Variable.get("asked") + "!")
        try:
            Variable.get("nowhere")
        except (KeyError, AirflowRuntimeError) as error:
            return type(error).__name__

    with DAG("d") as made:
        first = task.external_python(python=sys.executable)(asks)()

        @task
        def reads():
            return Variable.get("told")

        chain(first, reads())
    variables = tmp_path / "variables.json"
    variables.write_text('{"asked": "yes"}')
    run = made.test(variable_file_path=str(variables))
    assert returned(run, "reads") == "yes!"
    assert returned(run, "asks")


def test_without_airflow_expected_there_is_none(caplog: pytest.LogCaptureFixture) -> None:
    def imports():
        import airflow.sdk  # noqa: F401

    assert run_function(imports, expect_airflow=False).state == "failed"
    assert "ModuleNotFoundError" in error_of(caplog)


def test_exit_codes_skip_fail_and_succeed(caplog: pytest.LogCaptureFixture) -> None:
    def leaves(code):
        raise SystemExit(code)

    assert states(run_function(leaves, 5, skip_on_exit_code=5)) == {"there": "skipped"}
    assert states(run_function(leaves, 6, skip_on_exit_code=[5, 6])) == {"there": "skipped"}
    assert states(run_function(leaves, 0)) == {"there": "success"}
    assert states(run_function(leaves, 7, skip_on_exit_code=5)) == {"there": "failed"}
    assert "exited with 7" in error_of(caplog)


def test_a_signal_that_ends_it_is_named(caplog: pytest.LogCaptureFixture) -> None:
    def dies():
        import os

        os.kill(os.getpid(), 9)

    assert states(run_function(dies)) == {"there": "failed"}
    assert "was killed by signal 9" in error_of(caplog)


def test_a_time_limit_ends_the_interpreter() -> None:
    import psutil

    def waits():
        import time

        time.sleep(600)

    before = set(psutil.Process().children(recursive=True))
    run = run_function(waits, execution_timeout=timedelta(seconds=1))
    assert states(run) == {"there": "failed"}
    assert set(psutil.Process().children(recursive=True)) <= before


def test_the_environment_is_inherited_unless_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "1")

    def names():
        import os

        return sorted({"FROM_OUTSIDE", "OWN"} & set(os.environ))

    assert returned(run_function(names, env_vars={"OWN": "2"}), "there") == ["FROM_OUTSIDE", "OWN"]
    run = run_function(names, env_vars={"OWN": "2"}, inherit_env=False)
    assert returned(run, "there") == ["OWN"]


def test_string_args_are_a_global_name() -> None:
    def reads():
        return virtualenv_string_args  # noqa: F821 - what the operator promises

    assert returned(run_function(reads, string_args=["a", 2]), "there") == ["a", "2"]


def test_a_coroutine_is_run() -> None:
    async def later():
        import asyncio

        await asyncio.sleep(0)
        return 5

    assert returned(run_function(later), "there") == 5


def test_a_branch_is_chosen_there() -> None:
    @dag
    def pipeline():
        @task.branch_external_python(python=sys.executable)
        def choose(number):
            return "odd" if number % 2 else "even"

        choose(3) >> [EmptyOperator(task_id="odd"), EmptyOperator(task_id="even")]

    run = pipeline().test()
    assert states(run) == {"choose": "success", "odd": "success", "even": "skipped"}


def test_the_classic_branch_operator_chooses_there() -> None:
    def choose():
        return ["b"]

    with DAG("d") as made:
        fork = BranchExternalPythonOperator(
            task_id="fork", python=sys.executable, python_callable=choose
        )
        fork >> [EmptyOperator(task_id="a"), EmptyOperator(task_id="b")]
    assert states(made.test()) == {"fork": "success", "a": "skipped", "b": "success"}


def test_decorators_of_the_authoring_api_stay_here() -> None:
    from slipstream.sdk import setup

    @dag
    def pipeline():
        @setup
        @task.skip_if(lambda context: False)
        @task.external_python(
            python=sys.executable,
            retries=0,
        )
        def works() -> Undefined:  # noqa: F821 - annotations are not looked at
            return 1

        works()

    assert returned(pipeline().test(), "works") == 1


def test_what_only_exists_there_cannot_be_returned(caplog: pytest.LogCaptureFixture) -> None:
    def makes():
        global Own

        class Own:
            pass

        Own.__qualname__ = "Own"
        return Own()

    assert run_function(makes).state == "failed"
    assert "cannot be read here" in error_of(caplog)


@pytest.mark.parametrize("python", ["python3", "/nowhere/python", "/tmp"])
def test_an_interpreter_that_is_none_is_refused(
    python: str, caplog: pytest.LogCaptureFixture
) -> None:
    def nothing(): ...

    assert run_function(nothing, python=python).state == "failed"
    assert python in error_of(caplog)


@pytest.mark.parametrize("function", [len, lambda: 1, type("C", (), {"__call__": len})()])
def test_only_functions_with_a_source_can_go(function: Any) -> None:
    with DAG("d"), pytest.raises(ValueError, match="written with def"):
        ExternalPythonOperator(task_id="x", python=sys.executable, python_callable=function)


def test_a_generator_cannot_go() -> None:
    def yields():
        yield 1

    with DAG("d"), pytest.raises(ValueError, match="is a generator"):
        PythonVirtualenvOperator(task_id="x", python_callable=yields)


def test_python_versions_are_text() -> None:
    with DAG("d"), pytest.raises(AirflowException, match="as a number"):
        PythonVirtualenvOperator(task_id="x", python_callable=states, python_version=3.10)


def test_an_interpreter_that_cannot_run_it_says_what_is_needed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def nothing(): ...

    old = tmp_path / "python"
    old.write_text("#!/bin/sh\necho too old\nexit 1\n")
    old.chmod(0o755)
    with caplog.at_level(logging.INFO):
        assert run_function(nothing, python=str(old)).state == "failed"
    assert "too old" in caplog.text
    assert "It has to be Python 3.7 or newer" in error_of(caplog)


@pytest.mark.parametrize(
    ("python", "pendulum", "expected"),
    [
        ((3, 12, 1), "3.1.0", "pendulum"),
        ((3, 12, 1), "2.1.2", "ZoneInfo"),
        ((3, 12, 1), None, "ZoneInfo"),
        ((3, 8, 18), None, "timezone"),
    ],
)
def test_times_become_what_the_interpreter_knows(
    python: tuple[int, ...], pendulum: str | None, expected: str
) -> None:
    import pickle

    import pendulum as here

    target = Target(python=python, protocol=4, pendulum=pendulum, slipstream=None)
    moment = here.datetime(2026, 7, 1, tz="Europe/Vienna")
    arguments = Arguments(args=[{"at": [moment]}], kwargs={}, spare={})
    found = pickle.loads(dump("pickle", arguments, target))["args"][0]["at"][0]
    assert found == moment
    kind = type(found).__module__ if expected == "pendulum" else type(found.tzinfo).__name__
    assert kind.partition(".")[0] == expected
