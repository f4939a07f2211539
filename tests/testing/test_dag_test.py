import asyncio
import gc
import importlib.util
import json
import logging
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.runtime.smtp import mail_server

from slipstream.model.changes import Change, InstanceChanged, RunChanged
from slipstream.model.errors import InvalidInputError
from slipstream.sdk import (
    DAG,
    BaseOperator,
    ExceptionRetryPolicy,
    Param,
    RetryAction,
    RetryRule,
    Variable,
    dag,
    get_current_context,
    task,
)
from slipstream.sdk._conf import read_settings_anew
from slipstream.sdk._connection import Connection
from slipstream.sdk._context import Context
from slipstream.sdk._triggers import (
    BaseTrigger,
    StartTriggerArgs,
    TaskFailedEvent,
    TaskSuccessEvent,
    TriggerEvent,
)
from slipstream.sdk._xcom import BaseXCom
from slipstream.sdk.exceptions import AirflowSkipException
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python import PythonOperator
from slipstream.sdk.operators.trigger_dagrun import TriggerDagRunOperator
from slipstream.testing.dag_test import run as run_dag
from slipstream.testing.memory_backend import MemoryBackend


@dag(schedule=None)
def sums():
    @task
    def numbers():
        return [1, 2, 3]

    @task
    def double(number):
        return 2 * number

    @task
    def total(doubled):
        return sum(doubled)

    total(double.expand(number=numbers()))


def states(run) -> dict[str, str]:
    return {
        one.task_id if one.map_index < 0 else f"{one.task_id}[{one.map_index}]": one.state.value
        for one in run.get_task_instances()
    }


def test_a_whole_run_with_mapped_tasks_and_xcoms() -> None:
    run = sums().test()
    assert run.state == "success"
    assert states(run) == {
        "numbers": "success",
        "double[0]": "success",
        "double[1]": "success",
        "double[2]": "success",
        "total": "success",
    }
    assert run.get_task_instance("total").xcom_pull(task_ids="total") == 12
    assert run.get_task_instance("double", 1).xcom_pull("double", map_indexes=1) == 4


def test_a_failed_task_fails_the_run_and_what_is_below_it() -> None:
    with DAG("d", schedule=None) as made:
        bad = PythonOperator(task_id="bad", python_callable=lambda: 1 / 0)
        bad >> EmptyOperator(task_id="after")
    run = made.test()
    assert run.state == "failed"
    assert states(run) == {"bad": "failed", "after": "upstream_failed"}
    assert run.reason == "Task 'after' failed."


def test_a_retry_waits_for_its_delay_and_counts() -> None:
    tries: list[int] = []

    def flaky() -> None:
        tries.append(get_current_context()["ti"].try_number)
        if len(tries) < 3:
            raise ValueError("not yet")

    with DAG("d", schedule=None) as made:
        PythonOperator(
            task_id="t", python_callable=flaky, retries=2, retry_delay=timedelta(milliseconds=5)
        )
    assert made.test().state == "success"
    assert tries == [1, 2, 3]


def test_skips_and_branches_are_those_of_production() -> None:
    with DAG("d", schedule=None) as made:

        @task.branch
        def choose():
            return "left"

        @task
        def left():
            raise AirflowSkipException("nothing to do")

        @task
        def right():
            raise AssertionError

        @task(trigger_rule="none_failed")
        def after():
            return 1

        choose() >> [left(), right()] >> after()
    run = made.test()
    assert run.state == "success"
    assert states(run) == {
        "choose": "success",
        "left": "skipped",
        "right": "skipped",
        "after": "success",
    }


def test_variables_and_connections_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text(json.dumps({"place": "here", "list": [1, 2]}))
    (tmp_path / "connections.yaml").write_text(
        "db: postgresql://me:secret@host:5432/base\n"
        "other:\n  conn_type: http\n  host: example\n  extra: {a: 1}\n"
    )
    seen: list[object] = []

    def look() -> None:
        db, other = Connection.get("db"), Connection.get("other")
        seen.extend([Variable.get("place"), Variable.get("list", deserialize_json=True)])
        seen.extend([db.host, db.password, other.extra_dejson])

    with DAG("d", schedule=None) as made:
        PythonOperator(task_id="t", python_callable=look)
    run = made.test(
        conn_file_path=str(tmp_path / "connections.yaml"),
        variable_file_path=str(tmp_path / "variables.json"),
    )
    assert run.state == "success"
    assert seen == ["here", [1, 2], "host", "secret", {"a": 1}]


def test_a_file_that_is_not_what_its_name_says_is_named(tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text("[1]")
    with pytest.raises(InvalidInputError, match=r"variables\.json holds a list"):
        sums().test(variable_file_path=tmp_path / "variables.json")


def test_a_conf_is_checked_and_given_to_the_tasks() -> None:
    seen: list[object] = []
    with DAG("d", schedule=None, params={"n": Param(1, type="integer")}) as made:

        @task
        def look(params=None):
            seen.append(params["n"])

        look()
    assert made.test(run_conf={"n": 7}).state == "success"
    assert seen == [7]
    with pytest.raises(InvalidInputError, match="'seven'"):
        made.test(run_conf={"n": "seven"})


def test_the_logical_date_is_the_one_that_is_given() -> None:
    seen: list[str] = []
    with DAG("d", schedule="@daily") as made:

        @task
        def look(ds=None):
            seen.append(ds)

        look()
    run = made.test(logical_date=datetime(2026, 3, 4, tzinfo=UTC))
    assert seen == ["2026-03-04"]
    assert run.run_id == "manual__2026-03-04T00:00:00+00:00"


def test_marked_tasks_succeed_without_being_run() -> None:
    with DAG("d", schedule=None) as made:
        bad = PythonOperator(task_id="wait_here", python_callable=lambda: 1 / 0)
        bad >> EmptyOperator(task_id="after")
    assert made.test(mark_success_pattern="wait_.*").state == "success"
    assert made.test(mark_success_pattern="wait").state == "failed"


def test_every_change_is_shown() -> None:
    changes: list[Change] = []
    with DAG("d", schedule=None) as made:
        PythonOperator(task_id="t", python_callable=lambda: None)
    run_dag(made, on_event=changes.append)
    seen = [
        change.instance.state.value for change in changes if isinstance(change, InstanceChanged)
    ]
    assert seen == ["queued", "running", "success"]
    assert [c.run.state.value for c in changes if isinstance(c, RunChanged)] == [
        "running",
        "success",
    ]


def test_an_interruption_ends_everything() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with DAG("d", schedule=None) as made:
        PythonOperator(task_id="t", python_callable=interrupt)
    with pytest.raises(KeyboardInterrupt):
        made.test()


class Soon(BaseTrigger):
    """Fires at once."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word

    def serialize(self):
        return f"{__name__}.Soon", {"word": self.word}

    async def run(self):
        if self.word == "broken":
            raise ValueError("broken")
        yield TriggerEvent(self.word)


class Waiting(BaseOperator):
    """Defers once, and gives what the trigger saw."""

    def __init__(self, word: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.word = word

    def execute(self, context: Context) -> None:
        self.defer(trigger=Soon(self.word), method_name="go_on", kwargs={"more": 1})

    def go_on(self, context: Context, event: str, more: int) -> str:
        return f"{event} {more}"


def test_a_deferred_task_goes_on_when_its_trigger_fires() -> None:
    with DAG("d", schedule=None) as made:
        Waiting(task_id="t", word="hello")
    run = made.test()
    assert run.state == "success"
    assert run.get_task_instance("t").xcom_pull("t") == "hello 1"


def test_a_trigger_that_breaks_fails_the_task() -> None:
    with DAG("d", schedule=None) as made:
        Waiting(task_id="t", word="broken")
    assert made.test().state == "failed"


class Ending(Soon):
    """Ends its task instead of sending it on."""

    def serialize(self):
        return f"{__name__}.Ending", {"word": self.word}

    async def run(self):
        yield TaskSuccessEvent(xcoms={"return_value": self.word})


class StartsWaiting(Waiting):
    """Has no process before its trigger has fired."""

    start_from_trigger = True
    start_trigger_args = StartTriggerArgs(
        trigger_cls=f"{__name__}.Soon",
        trigger_kwargs={"word": "first"},
        next_method="go_on",
        next_kwargs={"more": 2},
    )

    def execute(self, context: Context) -> None:
        raise AssertionError("its trigger comes first")


def test_a_task_may_begin_with_a_wait() -> None:
    with DAG("d", schedule=None) as made:
        StartsWaiting(task_id="t", word="")
    run = made.test()
    assert run.state == "success"
    assert run.get_task_instance("t").xcom_pull("t") == "first 2"


def test_a_trigger_may_end_its_task() -> None:
    class Ends(Waiting):
        def execute(self, context: Context) -> None:
            self.defer(trigger=Ending(self.word), method_name="not_there")

    with DAG("d", schedule=None) as made:
        Ends(task_id="t", word="over")
    run = made.test()
    assert run.state == "success"
    assert run.get_task_instance("t").xcom_pull("t") == "over"


def test_a_wait_that_takes_too_long_fails_the_task() -> None:
    class Impatient(Waiting):
        def execute(self, context: Context) -> None:
            self.defer(trigger=Never(self.word), method_name="go_on", timeout=0.01)

    with DAG("d", schedule=None) as made:
        Impatient(task_id="t", word="x")
    assert made.test().state == "failed"


class Never(Soon):
    """Does not fire."""

    def serialize(self):
        return f"{__name__}.Never", {"word": self.word}

    async def run(self):
        await asyncio.Event().wait()
        yield TriggerEvent(None)


def test_another_dag_cannot_be_started() -> None:
    backend = MemoryBackend("d", "r")
    with pytest.raises(LookupError, match="without a server"):
        backend.trigger_run(
            dag_id="other",
            run_id=None,
            logical_date=None,
            conf={},
            note=None,
            reset_existing=False,
        )


def test_secrets_are_hidden_in_the_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "connections.env").write_text("db=postgresql://me:hushhush@host/base\n")

    def leak() -> None:
        logging.getLogger("airflow.task").warning("it is %s", Connection.get("db").password)

    with DAG("d", schedule=None) as made:
        PythonOperator(task_id="t", python_callable=leak)
    made.test(conn_file_path=tmp_path / "connections.env")
    assert "it is ***" in caplog.text
    assert "hushhush" not in caplog.text


@pytest.mark.processes
def test_each_task_can_have_a_process_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(
        """
import os
from slipstream.sdk import dag, task

@dag(schedule=None)
def own():
    @task
    def pid():
        return os.getpid()

    @task
    def both(one, other):
        return [one, other, os.getpid()]

    @task
    def marked():
        raise ValueError

    both(pid(), pid.override(task_id="pid2")()) >> marked()

own_dag = own()
"""
    )
    spec = importlib.util.spec_from_file_location("own_dag_file", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    changes: list[Change] = []
    ended = run_dag(
        module.own_dag,
        use_executor=True,
        mark_success_pattern="marked",
        on_event=changes.append,
    )
    assert ended.state == "success", ended.reason
    pids = ended.get_task_instance("both").xcom_pull("both")
    assert len({*pids, os.getpid()}) == 4
    assert any(isinstance(change, RunChanged) for change in changes)


# ---------------------------------------------------------------- callbacks and mails


def test_the_dags_callbacks_are_called_here() -> None:
    told: list[tuple[object, ...]] = []

    def tell(context: Context) -> None:
        ti = context["ti"]
        told.append(
            (context["reason"], ti.task_id, ti.state, str(context["dag_run"].state), os.getpid())
        )

    def broken(context: Context) -> None:
        raise ValueError("broken")

    for function, state in ((print, "success"), (lambda: 1 / 0, "failed")):
        with DAG("d", on_success_callback=[broken, tell], on_failure_callback=tell) as made:
            PythonOperator(task_id="t", python_callable=function)
        assert made.test().state == state
    assert told == [
        ("success", "t", "success", "success", os.getpid()),
        ("task_failure", "t", "failed", "failed", os.getpid()),
    ]


def test_the_dags_callbacks_are_called_with_an_executor_too(tmp_path: Path) -> None:
    file = tmp_path / "d.py"
    file.write_text(
        f"""
import os
from pathlib import Path
from slipstream.sdk import DAG
from slipstream.sdk.operators.python import PythonOperator
from slipstream.sdk.operators.trigger_dagrun import TriggerDagRunOperator
def tell(context):
    Path({str(tmp_path)!r}, "told").write_text(f"{{context['reason']}} {{os.getpid()}}")
with DAG("d", on_success_callback=tell) as made:
    PythonOperator(task_id="t", python_callable=print)
"""
    )
    spec = importlib.util.spec_from_file_location("d", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.made.test(use_executor=True).state == "success"
    reason, pid = (tmp_path / "told").read_text().split()
    assert reason == "success"
    assert int(pid) != os.getpid()


def test_a_timetable_makes_no_run_beside_the_tested_one(tmp_path: Path) -> None:
    file = tmp_path / "often.py"
    file.write_text(
        f"""
import time
from datetime import datetime
from slipstream.sdk import dag, task
@dag(schedule="* * * * *", start_date=datetime(2026, 1, 1))
def often():
    @task
    def mark():
        with open({str(tmp_path / "marks")!r}, "a") as marks:
            marks.write("x")
        time.sleep(0.5)
    mark()
made = often()
"""
    )
    spec = importlib.util.spec_from_file_location("often", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.made.test(use_executor=True).state == "success"
    assert (tmp_path / "marks").read_text() == "x"


def test_a_retry_policy_is_obeyed_here_too() -> None:
    policy = ExceptionRetryPolicy(
        [
            RetryRule(ZeroDivisionError, retry_delay=timedelta(0)),
            RetryRule(KeyError, RetryAction.FAIL, reason="no use"),
        ]
    )
    tries: list[int] = []

    def flaky() -> None:
        tries.append(1)
        if len(tries) == 2:
            raise KeyError("x")
        raise ZeroDivisionError

    with DAG("d", schedule=None) as made:
        PythonOperator(
            task_id="t",
            python_callable=flaky,
            retries=5,
            retry_delay=timedelta(days=1),
            retry_policy=policy,
        )
    run = made.test()
    assert len(tries) == 2
    assert run.state == "failed"


def test_a_failed_task_is_told_of_by_mail_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with DAG("d", schedule=None) as made:
        PythonOperator(task_id="t", python_callable=lambda: 1 / 0, email="ada@example.org")
    with mail_server() as server:
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_HOST", "127.0.0.1")
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_PORT", str(server.port))
        monkeypatch.setenv("AIRFLOW__SMTP__SMTP_STARTTLS", "False")
        read_settings_anew()
        try:
            assert made.test().state == "failed"
        finally:
            monkeypatch.undo()
            read_settings_anew()
        assert "division by zero" in server.next().html


class Ends(BaseTrigger):
    """Ends the task that waits on it."""

    def serialize(self) -> tuple[str, dict[str, object]]:
        return f"{__name__}.Ends", {}

    async def run(self):
        yield TaskFailedEvent()


def test_a_task_that_its_trigger_ends_has_its_callbacks_called() -> None:
    told: list[tuple[object, ...]] = []

    def tells(context: Context) -> None:
        ti = context["ti"]
        told.append((ti.try_number, ti.state, type(context["exception"]).__name__))

    class Waits(BaseOperator):
        def execute(self, context: Context) -> None:
            self.defer(trigger=Ends(), method_name="never")

    with DAG("d", schedule=None) as made:
        Waits(
            task_id="t",
            retries=1,
            retry_delay=0,
            on_retry_callback=tells,
            on_failure_callback=tells,
        )
    assert made.test().state == "failed"
    assert told == [(1, "up_for_retry", "AirflowException"), (2, "failed", "AirflowException")]


def test_a_dag_that_nobody_holds_can_be_started() -> None:
    with DAG("nameless", schedule=None):
        EmptyOperator(task_id="nothing")
    with DAG("asks", schedule=None) as asks:
        TriggerDagRunOperator(task_id="ask", trigger_dag_id="nameless", wait_for_completion=True)
    gc.collect()
    assert asks.test().state == "success"


def test_a_task_writes_its_own_xcoms_alone_as_on_a_server(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @dag(schedule=None)
    def pushes():
        @task
        def first():
            return 1

        @task
        def second(_, ti=None):
            where = {"dag_id": ti.dag_id, "run_id": ti.run_id}
            BaseXCom.set("own", 2, task_id="second", **where)
            BaseXCom.delete("return_value", task_id="first", **where)

        second(first())

    run = pushes().test()
    assert states(run) == {"first": "success", "second": "failed"}
    assert run.get_task_instance("second").xcom_pull("second", key="own") == 2
    assert run.get_task_instance("second").xcom_pull("first") == 1
    assert "XCom 'return_value' of task first in run" in caplog.text
    assert "cannot be written by task second" in caplog.text
