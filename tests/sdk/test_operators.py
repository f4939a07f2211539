from __future__ import annotations

import logging
import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.sdk.memory import Running

from slipstream.model.states import RunType
from slipstream.sdk import (
    DAG,
    BaseAsyncOperator,
    BaseBranchOperator,
    BaseOperator,
    SkipMixin,
    TaskGroup,
    task,
)
from slipstream.sdk._context import running as running_scope
from slipstream.sdk._process_tree import descendants
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowSkipException,
    RemovedInAirflow3Warning,
    TaskDeferralError,
    TaskDeferralTimeout,
    TaskDeferred,
)
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.latest_only import LatestOnlyOperator
from slipstream.sdk.operators.python import (
    BranchPythonOperator,
    PythonOperator,
    ShortCircuitOperator,
)

# ---------------------------------------------------------------- python


def test_a_function_gets_arguments_and_context() -> None:
    def function(a: int, b: int, *, run_id: str, **rest: Any) -> Any:
        return a, b, run_id, "ti" in rest

    with DAG("d") as dag:
        PythonOperator(
            task_id="t", python_callable=function, op_args=[1], op_kwargs={"b": "{{ 1 + 1 }}"}
        )
    assert Running(dag).execute("t") == (1, "2", "run", True)


def test_a_templates_dict_reaches_the_function() -> None:
    with DAG("d") as dag:
        PythonOperator(
            task_id="t",
            python_callable=lambda templates_dict: templates_dict,
            templates_dict={"day": "{{ ds }}"},
        )
    assert Running(dag).execute("t") == {"day": "2026-01-31"}


def test_provide_context_is_accepted_with_a_warning() -> None:
    with DAG("d") as dag, pytest.warns(RemovedInAirflow3Warning, match="provide_context"):
        PythonOperator(
            task_id="t", python_callable=lambda **kwargs: kwargs["ds"], provide_context=True
        )
    assert Running(dag).execute("t") == "2026-01-31"


def test_a_function_whose_first_parameter_bears_a_contexts_name_is_told() -> None:
    with DAG("d") as dag:
        PythonOperator(task_id="t", python_callable=lambda ds, **_: ds, op_args=["x"])
    with pytest.raises(ValueError, match="gets its argument 'ds' by position and by name"):
        Running(dag).execute("t")


def test_a_keyword_after_many_positional_arguments_is_passed_by_its_name() -> None:
    def told(first: str, *rest: str, last: str = "none") -> list[str]:
        return [first, *rest, last]

    with DAG("d") as dag:
        PythonOperator(
            task_id="t", python_callable=told, op_args=["a", "b", "c"], op_kwargs={"last": "z"}
        )
    assert Running(dag).execute("t") == ["a", "b", "c", "z"]


def test_what_cannot_be_called_is_refused() -> None:
    with pytest.raises(TypeError, match="'t' has to be a function; 5 cannot be called"):
        PythonOperator(task_id="t", python_callable=5)


def test_arguments_that_only_other_releases_know_do_not_get_lost() -> None:
    with pytest.warns(RemovedInAirflow3Warning):
        one = BashOperator(task_id="t", bash_command="x", task_concurrency=2, xcom_push=False)
    assert (one.max_active_tis_per_dag, one.do_xcom_push) == (2, False)


def test_hooks_before_and_after_the_work() -> None:
    seen: list[Any] = []
    with DAG("d") as dag:
        PythonOperator(
            task_id="t",
            python_callable=lambda: 5,
            pre_execute=lambda context: seen.append(context["ds"]),
            post_execute=lambda context, result: seen.append(result),
        )
    Running(dag).execute("t")
    assert seen == ["2026-01-31", 5]


def test_a_coroutine_operator() -> None:
    class Mine(BaseAsyncOperator):
        async def aexecute(self, context: Any) -> str:
            return str(context["ds"])

    with DAG("d") as dag:
        Mine(task_id="t")
    assert Running(dag).execute("t") == "2026-01-31"


def test_an_operator_without_execute_says_so() -> None:
    with DAG("d") as dag:
        BaseOperator(task_id="t")
    with pytest.raises(NotImplementedError, match="BaseOperator does not say what to execute"):
        Running(dag).execute("t")


# ---------------------------------------------------------------- deferral


class Deferring(BaseOperator):
    def execute(self, context: Any) -> None:
        self.defer(
            trigger="a trigger",
            method_name="go_on",
            kwargs={"x": 1},
            timeout=timedelta(seconds=5),
        )

    def go_on(self, context: Any, x: int, event: Any = None) -> Any:
        return x, event


def test_a_task_defers_and_goes_on() -> None:
    with DAG("d") as dag:
        Deferring(task_id="t")
    running = Running(dag)
    with pytest.raises(TaskDeferred) as caught:
        running.execute("t")
    assert (caught.value.trigger, caught.value.method_name) == ("a trigger", "go_on")
    assert (caught.value.kwargs, caught.value.timeout) == ({"x": 1}, timedelta(seconds=5))
    operator = running.render("t")
    context = running.context("t")
    assert operator.resume_execution("go_on", {"x": 1, "event": "e"}, context) == (1, "e")
    late = {"error": "Trigger timeout", "trigger": "a.Trigger", "given_seconds": 89.8}
    with pytest.raises(
        TaskDeferralTimeout,
        match=r"^The trigger a\.Trigger of task 't' did not fire in time\. It was given 90 s\.$",
    ):
        operator.resume_execution("__fail__", late, context)
    failed = {"error": "Trigger failure", "trigger": "a.Trigger", "cause": "ValueError: no."}
    with pytest.raises(
        TaskDeferralError, match=r"^The trigger a\.Trigger of task 't' failed: ValueError: no\.$"
    ):
        operator.resume_execution("__fail__", failed, context)
    # As a release before this one has kept them.
    with pytest.raises(
        TaskDeferralTimeout, match=r"^The trigger of task 't' did not fire in time\.$"
    ):
        operator.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    with pytest.raises(TaskDeferralError, match="it broke"):
        operator.resume_execution("__fail__", {"error": "it broke"}, context)
    with pytest.raises(AirflowException, match="'gone', which Deferring does not have"):
        operator.resume_execution("gone", {}, context)


# ---------------------------------------------------------------- branches


def skipped(running: Running, task_id: str, map_index: int = -1) -> list[str]:
    context = running.context(task_id, map_index)
    running.execute_in(context)
    return sorted(context["ti"].decisions.skip)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("a", ["b", "g.d", "g.e"]),
        (["a", "b"], ["g.d", "g.e"]),
        (None, ["a", "b", "g.d", "g.e"]),
        ([], ["a", "b", "g.d", "g.e"]),
        ("g", ["a", "b"]),
        ("join", ["a", "b", "g.d", "g.e"]),
    ],
)
def test_a_branch_skips_what_it_did_not_choose(choice: Any, expected: list[str]) -> None:
    with DAG("d") as dag:
        branch = BranchPythonOperator(task_id="branch", python_callable=lambda: choice)
        a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
        join = EmptyOperator(task_id="join")
        with TaskGroup("g") as g:
            EmptyOperator(task_id="d")
            EmptyOperator(task_id="e")
        branch >> [a, b, g] >> join
    assert skipped(Running(dag), "branch") == expected


def test_a_task_below_the_chosen_one_is_not_skipped() -> None:
    with DAG("d") as dag:

        @task.branch
        def branch() -> str:
            return "a"

        a, join = EmptyOperator(task_id="a"), EmptyOperator(task_id="join")
        branch() >> [a, join]
        a >> join
    running = Running(dag)
    assert skipped(running, "branch") == []
    assert running.value("branch") == "a"
    assert running.value("branch", key="skipmixin_key") == {"followed": ["a", "join"]}


def test_a_branch_with_nothing_below_it_notes_no_decision() -> None:
    with DAG("d") as dag:
        BranchPythonOperator(task_id="branch", python_callable=lambda: [])
    running = Running(dag)
    assert skipped(running, "branch") == []
    assert running.value("branch", key="skipmixin_key") is None


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("nobody", r"chose 'nobody', which DAG 'd' does not have. It can choose among 'a'"),
        (5, "it returned 5 of type int"),
        ([5], "ids, which are texts"),
    ],
)
def test_a_wrong_choice_is_named(choice: Any, message: str) -> None:
    with DAG("d") as dag:
        BranchPythonOperator(task_id="branch", python_callable=lambda: choice) >> EmptyOperator(
            task_id="a"
        )
    with pytest.raises(AirflowException, match=message):
        Running(dag).execute("branch")


def test_a_branch_operator_of_ones_own() -> None:
    class Mine(BaseBranchOperator):
        def choose_branch(self, context: Any) -> str:
            return "b"

    with DAG("d") as dag:
        Mine(task_id="branch") >> [EmptyOperator(task_id="a"), EmptyOperator(task_id="b")]
    assert skipped(Running(dag), "branch") == ["a"]


def test_skip_of_former_releases_still_skips() -> None:
    class Mine(BaseOperator, SkipMixin):
        def execute(self, context: Any) -> str:
            self.skip(context["dag_run"], context["logical_date"], self.downstream_list)
            return "went on"

    with DAG("d") as dag:
        Mine(task_id="m") >> EmptyOperator(task_id="a")
    running = Running(dag)
    assert skipped(running, "m") == ["a"]
    assert running.value("m") == "went on"


@pytest.mark.parametrize(
    ("answer", "ignore", "expected"),
    [(True, True, []), (0, True, ["a", "b"]), (None, False, ["a"]), ("yes", False, [])],
)
def test_a_short_circuit(answer: Any, ignore: bool, expected: list[str]) -> None:
    with DAG("d") as dag:
        check = ShortCircuitOperator(
            task_id="check",
            python_callable=lambda: answer,
            ignore_downstream_trigger_rules=ignore,
        )
        a, b, t = (EmptyOperator(task_id=name) for name in "abt")
        check >> a >> b >> t.as_teardown()
    assert skipped(Running(dag), "check") == expected


def test_only_the_newest_scheduled_run_goes_on() -> None:
    with DAG("d", schedule="@daily", start_date=datetime(2026, 1, 1)) as dag:
        LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="a")
    old = datetime(2026, 1, 1, tzinfo=UTC)
    new = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    scheduled = {"run_type": RunType.SCHEDULED}
    for moment, kind, expected in (
        (old, scheduled, ["a"]),
        (new, scheduled, []),
        (old, {}, []),
    ):
        running = Running(
            dag,
            logical_date=moment,
            data_interval_start=moment,
            data_interval_end=moment,
            **kind,
        )
        assert skipped(running, "latest") == expected


# ---------------------------------------------------------------- bash


def bash(command: str, **kwargs: Any) -> Any:
    with DAG("d") as dag:
        BashOperator(task_id="t", bash_command=command, **kwargs)
    return Running(dag).execute("t")


def test_the_last_line_is_what_a_command_gives(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        assert bash("echo one; echo two >&2; echo '  three  '") == "  three"
    assert [record.message for record in caplog.records if record.message in ("one", "two")] == [
        "one",
        "two",
    ]


def test_a_command_that_says_nothing_gives_an_empty_text() -> None:
    assert bash("true") == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"env": {"X": "{{ ds }}", "PATH": os.environ["PATH"]}}, "2026-01-31-"),
        ({"env": {"X": "1"}, "append_env": True}, "1-outer"),
        ({}, "-outer"),
    ],
)
def test_the_environment_of_a_command(
    arguments: dict[str, Any], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTER", "outer")
    assert bash("echo $X-$OUTER", **arguments) == expected


def test_a_command_knows_its_task() -> None:
    assert (
        bash("echo $AIRFLOW_CTX_DAG_ID.$AIRFLOW_CTX_TASK_ID@$AIRFLOW_CTX_DAG_RUN_ID") == "d.t@run"
    )


def test_the_folder_of_a_command(tmp_path: Path) -> None:
    assert bash("pwd", cwd=str(tmp_path)) == str(tmp_path)
    own = bash("pwd")
    assert not Path(own).exists()
    with pytest.raises(AirflowException, match="does not exist"):
        bash("true", cwd=str(tmp_path / "gone"))
    (tmp_path / "file").touch()
    with pytest.raises(AirflowException, match="is no folder"):
        bash("true", cwd=str(tmp_path / "file"))


@pytest.mark.parametrize(
    ("code", "arguments", "error"),
    [
        (1, {}, AirflowException),
        (99, {}, AirflowSkipException),
        (99, {"skip_on_exit_code": None}, AirflowException),
        (7, {"skip_on_exit_code": [6, 7]}, AirflowSkipException),
        (7, {"skip_on_exit_code": 7}, AirflowSkipException),
    ],
)
def test_exit_codes(code: int, arguments: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error, match=f"exit code {code}") as caught:
        bash(f"exit {code}", **arguments)
    assert type(caught.value) is error


def test_the_last_line_may_be_processed() -> None:
    assert bash("echo 5", output_processor=int) == 5


def test_a_decorated_function_gives_the_command() -> None:
    @task.bash(env={"X": "5"}, append_env=True)
    def command(greeting: str, ti: Any = None) -> str:
        return f"echo {greeting} $X {{{{ ds }}}} {ti.task_id}"

    with DAG("d") as dag:
        command("hello")
    assert Running(dag).execute("command") == "hello 5 2026-01-31 command"


def test_a_decorated_function_that_gives_no_command_is_told() -> None:
    @task.bash
    def command() -> Any:
        return 5

    with DAG("d") as dag:
        command()
    with pytest.raises(TypeError, match="it returned 5"):
        Running(dag).execute("command")


def test_killing_a_command_ends_all_that_it_started(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with DAG("d") as dag:
        BashOperator(
            task_id="t", bash_command=f"(sleep 60 & sleep 60 & touch {ready}; wait) & wait"
        )
    running = Running(dag)
    context = running.context("t")
    operator = running.prepare(context)
    assert isinstance(operator, BashOperator)
    ended: list[BaseException] = []

    def run() -> None:
        with running_scope(context):
            try:
                operator.execute(context)
            except BaseException as error:  # noqa: BLE001 - looked at below
                ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 20
    while not ready.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process = operator.subprocess_hook.sub_process
    assert process is not None
    pids = [process.pid, *descendants(process.pid)]
    assert len(pids) >= 3
    operator.on_kill()
    thread.join(timeout=20)
    assert isinstance(ended[0], AirflowException)
    # A signal is sent before its receiver is gone.
    while any(map(_alive, pids)):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_an_interrupted_command_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    class InterruptedError_(BaseException):
        pass

    def interrupt(number: int, frame: Any) -> None:
        raise InterruptedError_

    with DAG("d") as dag:
        BashOperator(task_id="t", bash_command="echo runs; sleep 90")
    running = Running(dag)
    context = running.context("t")
    operator = running.prepare(context)
    assert isinstance(operator, BashOperator)

    class Interrupting(logging.Handler):
        """Sends the signal once the command has said that it runs."""

        def emit(self, record: logging.LogRecord) -> None:
            if record.getMessage() == "runs":
                os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, interrupt)
    handler, log = Interrupting(), operator.subprocess_hook.log
    caplog.set_level(logging.INFO, log.name)
    log.addHandler(handler)
    try:
        with running_scope(context), pytest.raises(InterruptedError_):
            operator.execute(context)
    finally:
        log.removeHandler(handler)
        signal.signal(signal.SIGUSR1, before)
    process = operator.subprocess_hook.sub_process
    assert process is not None
    assert not _alive(process.pid)


# ---------------------------------------------------------------- conditions


@pytest.mark.parametrize(
    ("decorator", "answer", "runs"),
    [
        (task.run_if, True, True),
        (task.run_if, False, False),
        (task.skip_if, True, False),
        (task.skip_if, (False, "m"), True),
    ],
)
def test_conditions_decide_when_the_task_is_to_run(decorator: Any, answer: Any, runs: bool) -> None:
    @decorator(lambda context: answer, "not today")
    @task
    def work() -> int:
        return 5

    with DAG("d") as dag:
        work()
    if runs:
        assert Running(dag).execute("work") == 5
    else:
        with pytest.raises(AirflowSkipException, match="not today"):
            Running(dag).execute("work")


def test_the_tasks_own_hook_runs_before_a_condition_and_conditions_in_the_order_of_use() -> None:
    """Seen in Airflow 3.3.2: what was there is called first, the outermost condition last."""
    called: list[str] = []

    def condition(name: str, answer: Any) -> Any:
        def asked(context: Any) -> Any:
            called.append(name)
            return answer

        return asked

    @task.skip_if(condition("outer", (True, None)), "not now")
    @task.run_if(condition("inner", True))
    @task(pre_execute=lambda context: called.append("hook"))
    def work() -> None: ...

    with DAG("d") as dag:
        work()
    with pytest.raises(AirflowSkipException, match="not now"):
        Running(dag).execute("work")
    assert called == ["hook", "inner", "outer"]
