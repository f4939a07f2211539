"""Callbacks of DAGs and tasks on a real scheduler, store and process host."""

from __future__ import annotations

import os
from concurrent.futures import Future
from queue import SimpleQueue

import pytest
from tests.services.deployment import Deployment, eventually
from tests.store.making import recorded, started

from slipstream.model.changes import CallbackOwed
from slipstream.model.run import TaskInstance
from slipstream.model.states import RunState, TaskState
from slipstream.runtime.jobs import ErrandFailedError, Source
from slipstream.services.callbacks import CallbackService
from slipstream.store.event_records import EventFilter
from slipstream.store.records import RunWrite, Window
from slipstream.wire.messages import Errand

pytestmark = pytest.mark.processes

TELLING = """
def tell(word):
    def callback(context):
        ti = context.get("ti")
        told = [
            word, context["reason"], context["run_id"], context["dag_run"].state,
            "-" if ti is None else f"{ti.task_id} {ti.state} {ti.try_number}", os.getpid(),
        ]
        with (HERE / "said").open("a") as file:
            print(*told, file=file)
        print("callback", word)
    return callback
def broken(context):
    raise ValueError("the callback is broken")
def fails(): raise RuntimeError("no")
"""


def test_a_dags_callbacks_are_called_once_when_its_run_ends(deployment: Deployment) -> None:
    deployment.write(
        TELLING
        + """
with DAG("d", on_success_callback=[broken, tell("good")], on_failure_callback=tell("bad")):
    first = PythonOperator(task_id="first", python_callable=print)
    first >> PythonOperator(task_id="last", python_callable=print)
with DAG("f", on_success_callback=tell("good"), on_failure_callback=tell("bad")):
    PythonOperator(task_id="fails", python_callable=fails) >> EmptyOperator(task_id="below")
"""
    )
    with deployment.running():
        assert deployment.run("d").state is RunState.SUCCESS
        assert deployment.run("f", "x").state is RunState.FAILED
        good, bad = sorted(deployment.said(lines=2), reverse=True)
        assert good.startswith("good success r success last success 1 ")
        assert bad.startswith("bad task_failure x failed fails failed 1 ")
        assert str(os.getpid()) not in (good.split()[-1], bad.split()[-1])
        eventually(lambda: not deployment.store.owed_callbacks())
    assert len(deployment.said()) == 2
    log = deployment.settings.log_dir / "dag_id=d" / "run_id=r" / "dag_callbacks.log"
    assert "the callback is broken" in log.read_text()
    assert "callback good" in log.read_text()


def test_alerts_that_fail_are_in_the_audit_log(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__SMTP__SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("AIRFLOW__SMTP__SMTP_PORT", "1")
    monkeypatch.setenv("AIRFLOW__SMTP__SMTP_RETRY_LIMIT", "1")
    deployment.write(
        TELLING
        + """
with DAG("d", on_failure_callback=broken):
    PythonOperator(task_id="own", python_callable=fails, on_failure_callback=broken)
    PythonOperator(task_id="mail", python_callable=fails, email="ada@example.org")
    PythonOperator(
        task_id="killed",
        python_callable=lambda: os.kill(os.getpid(), 9),
        on_failure_callback=broken,
    )
"""
    )
    which = EventFilter(event="alert_failed")
    with deployment.running():
        run = deployment.run("d")
        eventually(lambda: deployment.store.list_events(which, Window()).total == 4)
        found = [one.what for one in deployment.store.list_events(which, Window()).items]
    told = {one.task_id: one.details for one in found}
    assert {task: one["error"] for task, one in told.items()} == {
        None: "ValueError",
        "own": "ValueError",
        "mail": "ConnectionRefusedError",
        "killed": "ValueError",
    }
    assert {(one.dag_id, one.run_id, one.owner) for one in found} == {("d", run.run_id, None)}
    assert str(told[None]["log"]).endswith("dag_callbacks.log")
    assert str(told["own"]["log"]).endswith("task_id=own/attempt=1.log")


def test_callbacks_whose_process_dies_are_in_the_audit_log(deployment: Deployment) -> None:
    deployment.write(
        TELLING
        + """
def dies(context):
    os.kill(os.getpid(), 9)

def leaves(context):
    os._exit(0)

def killed():
    os.kill(os.getpid(), 9)

with DAG("d", on_failure_callback=leaves):
    for name, work, callback in (
        ("dies_in_own", fails, dies),
        ("leaves_own", fails, leaves),
        ("dies_in_errand", killed, dies),
        ("leaves_errand", killed, leaves),
        ("quiet", fails, lambda context: None),
    ):
        PythonOperator(task_id=name, python_callable=work, on_failure_callback=callback)
    PythonOperator(task_id="good", python_callable=print, on_success_callback=dies)
"""
    )
    which = EventFilter(event="alert_failed")
    with deployment.running():
        run = deployment.run("d")
        eventually(lambda: deployment.store.list_events(which, Window()).total == 6)
        found = [one.what for one in deployment.store.list_events(which, Window()).items]
        states = deployment.states(run)
    ended = "its process ended before it did"
    assert {one.task_id: one.details["error"] for one in found} == {
        None: f"{ended} (exit code 0)",
        "dies_in_own": f"{ended} (killed by signal 9 SIGKILL (often out of memory))",
        "leaves_own": f"{ended} (exit code 0)",
        "dies_in_errand": f"{ended} (killed by signal 9 SIGKILL (often out of memory))",
        "leaves_errand": f"{ended} (exit code 0)",
        "good": f"{ended} (killed by signal 9 SIGKILL (often out of memory))",
    }
    assert states.pop("good") == "success"
    assert set(states.values()) == {"failed"}


def test_a_run_that_takes_too_long_calls_the_failure_callbacks(deployment: Deployment) -> None:
    deployment.write(
        TELLING
        + """
with DAG("d", dagrun_timeout=timedelta(seconds=0.3), on_failure_callback=tell("bad")):
    PythonOperator(task_id="slow", python_callable=lambda: time.sleep(600))
    EmptyOperator(task_id="quick")
"""
    )
    with deployment.running():
        assert deployment.run().state is RunState.FAILED
        (bad,) = deployment.said()
        assert bad.startswith("bad timed_out r failed slow skipped 1 ")


def test_a_dag_without_tasks_has_callbacks_too(deployment: Deployment) -> None:
    deployment.write(TELLING + 'with DAG("d", on_success_callback=tell("good")): pass\n')
    with deployment.running():
        deployment.run()
        (good,) = deployment.said()
        assert good.startswith("good success r success - ")


def test_a_notifier_is_rendered_with_the_runs_context(deployment: Deployment) -> None:
    deployment.write(
        """
from slipstream.sdk import BaseNotifier
class Note(BaseNotifier):
    template_fields = ("text",)
    def __init__(self, text):
        super().__init__()
        self.text = text
    def notify(self, context):
        (HERE / "said").write_text(self.text)
note = Note("{{ dag.dag_id }} {{ run_id }} {{ reason }} {{ ti.task_id }}")
with DAG("d", on_success_callback=note):
    PythonOperator(task_id="t", python_callable=print)
"""
    )
    with deployment.running():
        deployment.run()
        assert deployment.said() == ["d r success t"]


def test_what_was_owed_when_the_server_ended_is_called_by_the_next_one(
    deployment: Deployment,
) -> None:
    deployment.write(
        TELLING
        + """
def waits(context):
    tell("begun")(context)
    while not (HERE / "go").exists():
        time.sleep(0.005)
    tell("done")(context)
with DAG("d", on_success_callback=waits):
    PythonOperator(task_id="t", python_callable=print)
"""
    )
    with deployment.running():
        run = deployment.run()
        deployment.said(lines=1)
    assert [owed.run.run_id for owed in deployment.store.owed_callbacks()] == [run.run_id]
    (deployment.home / "go").touch()
    with deployment.running():
        words = [line.split()[0] for line in deployment.said(lines=3)]
        assert words == ["begun", "begun", "done"]
        eventually(lambda: not deployment.store.owed_callbacks())


def test_a_run_that_somebody_marks_calls_nothing(deployment: Deployment) -> None:
    deployment.write(
        TELLING
        + """
with DAG("d", on_success_callback=tell("good"), on_failure_callback=tell("bad")):
    PythonOperator(
        task_id="slow",
        python_callable=lambda: time.sleep(600),
        on_failure_callback=tell("task"),
    )
"""
    )
    with deployment.running():
        run = deployment.trigger()
        deployment.wait_state(run, "slow", TaskState.RUNNING)
        deployment.store.set_run_state("d", "r", RunState.FAILED)
        deployment.ended(run)
        eventually(lambda: deployment.scheduler.is_idle)
        assert not deployment.store.owed_callbacks()
    assert not (deployment.home / "said").exists()


def test_callbacks_may_do_what_tasks_may(deployment: Deployment) -> None:
    """The attempt has ended when they are called; what they order is carried out nevertheless."""
    deployment.write(
        """
def of_task(context):
    context["ti"].xcom_push("late", 7)
    Variable.set("task", context["ti"].xcom_pull(task_ids="t"))
def of_dag(context):
    Variable.set("dag", str(context["ti"].xcom_pull(task_ids="t", key="late")))
def slow():
    while Variable.get("task", default_var=None) is None:
        time.sleep(0.01)
with DAG("d", on_success_callback=of_dag):
    PythonOperator(
        task_id="t", python_callable=lambda: "pushed", on_success_callback=of_task
    ) >> PythonOperator(task_id="after", python_callable=slow)
"""
    )
    with deployment.running():
        assert deployment.run().state is RunState.SUCCESS
        assert deployment.variable("task") == "pushed"
        assert deployment.variable("dag") == "7"


def test_each_end_of_a_task_calls_what_it_should(deployment: Deployment) -> None:
    deployment.write(
        """
KINDS = ("execute", "success", "failure", "retry", "skipped")
def tell(kind):
    def callback(context):
        error = context.get("exception")
        with (HERE / "said").open("a") as file:
            print(context["ti"].task_id, kind, context["ti"].state, context["ti"].try_number,
                  type(error).__name__, file=file)
    return callback
def broken(context): raise ValueError("broken")
ALL = {f"on_{kind}_callback": [broken, tell(kind)] for kind in KINDS}
def good(): pass
def skips(): raise AirflowSkipException
def fails(): raise KeyError("x")
def dies(): os.kill(os.getpid(), 9)
def slow(): time.sleep(600)
with DAG("d", default_args={**ALL, "retry_delay": timedelta(0)}):
    PythonOperator(task_id="good", python_callable=good) >> EmptyOperator(
        task_id="left_out", trigger_rule="all_failed"
    )
    PythonOperator(task_id="skips", python_callable=skips)
    PythonOperator(task_id="fails", python_callable=fails, retries=1)
    PythonOperator(task_id="dies", python_callable=dies, retries=1)
    PythonOperator(
        task_id="slow", python_callable=slow, execution_timeout=timedelta(seconds=0.2)
    )
    PythonOperator.partial(task_id="many").expand(python_callable=[good, fails])
"""
    )
    with deployment.running():
        deployment.run()
        said = deployment.said(lines=18)
    assert sorted(line for line in said if " execute " not in line) == [
        "dies failure failed 2 AirflowException",
        "dies retry up_for_retry 1 AirflowException",
        "fails failure failed 2 KeyError",
        "fails retry up_for_retry 1 KeyError",
        "good success success 1 NoneType",
        "many failure failed 1 KeyError",
        "many success success 1 NoneType",
        "skips skipped skipped 1 NoneType",
        "slow failure failed 1 AirflowTaskTimeout",
    ]
    begun = sorted(line for line in said if " execute " in line)
    assert begun == sorted(
        f"{task_id} execute running {number} NoneType"
        for task_id, number in (
            *(("dies", number) for number in (1, 2)),
            *(("fails", number) for number in (1, 2)),
            ("good", 1),
            ("many", 1),
            ("many", 1),
            ("skips", 1),
            ("slow", 1),
        )
    )


class Calls:
    """In place of a process host: what was asked of it, to be answered by the test."""

    def __init__(self) -> None:
        self.made: SimpleQueue[tuple[Errand, Future[None]]] = SimpleQueue()

    def __call__(self, errand: Errand, source: Source) -> Future[None]:
        result: Future[None] = Future()
        self.made.put((errand, result))
        return result

    def next(self) -> tuple[Errand, Future[None]]:
        return self.made.get(timeout=30)


def test_what_is_owed_stays_until_its_call_has_come_back(deployment: Deployment) -> None:
    store = deployment.store
    run = started(store, recorded(store))
    lost = TaskInstance(run_pk=run.pk, task_id="load", attempt_id="a", try_number=1, max_tries=2)
    owed = [CallbackOwed(True, "success"), CallbackOwed(False, "it was lost", lost)]
    store.apply([RunWrite(run.pk, run.revision, owed)])
    calls = Calls()
    service = CallbackService(store, calls, lambda _: Source(fileloc="x", source_hash=""))
    service.start()
    of_dag, first = calls.next()
    of_task, second = calls.next()
    service.wake()
    assert (of_dag.kind, of_dag.reason, of_dag.attempt.task_id) == ("dag", "success", "")
    assert (of_task.kind, of_task.reason, of_task.succeeded) == ("task", "it was lost", False)
    assert (of_task.attempt.task_id, of_task.attempt.attempt_id) == ("load", "a")
    assert (of_task.attempt.try_number, of_task.attempt.max_tries) == (1, 2)
    first.set_exception(ErrandFailedError("it raised"))
    eventually(lambda: len(store.owed_callbacks()) == 1)
    second.cancel()
    service.stop()
    assert calls.made.empty()
    (left,) = store.owed_callbacks()
    assert left.instance == lost

    service = CallbackService(store, calls, lambda _: Source(fileloc="x", source_hash=""))
    service.start()
    again, result = calls.next()
    assert again == of_task
    result.set_result(None)
    eventually(lambda: not store.owed_callbacks())
    service.stop()


def test_a_killed_callback_is_a_failed_one(deployment: Deployment) -> None:
    deployment.write(
        """
def dies(context):
    os.kill(os.getpid(), 9)
with DAG("d", on_success_callback=dies): pass
"""
    )
    with deployment.running():
        deployment.run()
        eventually(lambda: not deployment.store.owed_callbacks())
        log = deployment.settings.log_dir / "dag_id=d" / "run_id=r" / "dag_callbacks.log"
        assert "killed by signal 9" in eventually(log.read_text)


@pytest.mark.parametrize("word", ["success", "failure"])
def test_callbacks_of_a_task_that_its_trigger_ends_may_do_what_tasks_may(
    deployment: Deployment, word: str
) -> None:
    deployment.write(
        """
from slipstream.sdk._triggers import BaseTrigger, TaskFailedEvent, TaskSuccessEvent
class Ends(BaseTrigger):
    def __init__(self, word):
        super().__init__()
        self.word = word
    def serialize(self):
        return "one.Ends", {"word": self.word}
    async def run(self):
        yield TaskSuccessEvent() if self.word == "success" else TaskFailedEvent()
class Waits(BaseOperator):
    def execute(self, context):
        self.defer(trigger=Ends(context["run_id"]), method_name="resume")
def tell(word):
    def callback(context):
        Variable.set("told", f"{word} {context['ti'].state} {context['run_id']}")
    return callback
with DAG("d"):
    Waits(
        task_id="t",
        on_success_callback=tell("good"),
        on_failure_callback=tell("bad"),
        on_retry_callback=tell("again"),
    )
"""
    )
    with deployment.running():
        deployment.run(run_id=word)
        expected = {"success": "good success success", "failure": "bad failed failure"}
        assert deployment.variable("told") == expected[word]
