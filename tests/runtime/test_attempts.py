"""Attempts in real processes: how they run, what they say, how they end."""

from __future__ import annotations

import json
import os
import signal

import pytest
from tests.runtime.conftest import Harness, wait_until

from slipstream.model.attempt import Cancelled, Failed, Lost, Skipped, Succeeded
from slipstream.runtime import processes
from slipstream.runtime.reactor import Reactor
from slipstream.runtime.task_handle import TaskProcess
from slipstream.wire import execution
from slipstream.wire.execution import ConnectionFound


def test_a_task_runs_in_a_process_of_its_own_and_its_result_comes_back(harness: Harness) -> None:
    source = harness.source(harness.write_tasks("def who(): return [os.getpid(), os.getppid()]"))
    first, second = harness.start(source, "who"), harness.start(source, "who")
    outcomes = [harness.wait_ended(attempt) for attempt in (first, second)]
    pids = {outcome.xcoms[0].value for outcome in outcomes if isinstance(outcome, Succeeded)}
    assert len(pids) == 2
    assert str(os.getpid()) not in "".join(pids)
    started = harness.wait_started(first)
    assert started.hostname == "testhost"
    assert f"[{started.pid}," in "".join(pids)


def test_what_a_task_returns_is_reported_with_its_length(harness: Harness) -> None:
    source = harness.source(harness.write_tasks("def items(): return ['a', 'b']\ndef none(): pass"))
    outcome = harness.run(source, "items")
    assert isinstance(outcome, Succeeded)
    (xcom,) = outcome.xcoms
    assert (xcom.key, xcom.value, xcom.length) == ("return_value", '["a","b"]', 2)
    assert outcome.lengths == {"return_value": 2}
    assert harness.run(source, "none") == Succeeded()


def test_a_failure_says_why_with_the_users_frames_only(harness: Harness) -> None:
    path = harness.write_tasks("def boom():\n    raise ValueError('no such thing')")
    attempt = harness.start(harness.source(path), "boom")
    assert harness.wait_ended(attempt) == Failed(message="ValueError: no such thing")
    (trace,) = [line["exception"] for line in harness.log(attempt) if "exception" in line]
    assert f'File "{path}"' in trace
    assert "raise ValueError('no such thing')" in trace
    assert "slipstream/runtime" not in trace


def test_exceptions_that_are_outcomes(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks(
            """
            from slipstream.sdk.exceptions import AirflowFailException, AirflowSkipException
            def skips(): raise AirflowSkipException("nothing new")
            def gives_up(): raise AirflowFailException("hopeless")
            def exits_well(): sys.exit(0)
            def exits_badly(): sys.exit(3)
            def interrupted(): raise KeyboardInterrupt
            """
        )
    )
    assert harness.run(source, "skips") == Skipped(message="nothing new")
    given_up = harness.run(source, "gives_up")
    assert isinstance(given_up, Failed)
    assert not given_up.retryable
    assert harness.run(source, "exits_well") == Succeeded()
    exited = harness.run(source, "exits_badly")
    assert isinstance(exited, Failed)
    assert "sys.exit(3)" in exited.message
    assert harness.run(source, "interrupted") == Failed(message="KeyboardInterrupt")


def test_a_process_that_dies_by_itself_has_failed(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks(
            """
            import ctypes
            def killed(): os.kill(os.getpid(), 9)
            def crashes(): ctypes.string_at(0)
            def leaves(): os._exit(0)
            """
        )
    )
    for task_id, words in (
        ("killed", "SIGKILL (often out of memory)"),
        ("crashes", "SIGSEGV"),
        ("leaves", "without a report: exit code 0"),
    ):
        attempt = harness.start(source, task_id)
        outcome = harness.wait_ended(attempt)
        assert isinstance(outcome, Failed)
        assert words in outcome.message
        assert words in harness.log_text(attempt)


def test_a_crash_in_native_code_leaves_a_python_traceback_in_the_log(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks("import ctypes\ndef crashes(): ctypes.string_at(0)")
    )
    attempt = harness.start(source, "crashes")
    harness.wait_ended(attempt)
    assert "in crashes" in harness.log_text(attempt)


def test_everything_printed_and_logged_is_in_the_log_in_order(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks(
            """
            def talks():
                print("first")
                logging.getLogger("mine").warning("second %s", 2)
                print("third", file=sys.stderr)
                os.system("echo fourth; echo fifth >&2")
                sys.stdout.write("six")
                sys.stdout.write("th")
                logging.getLogger("mine").debug("not shown")
                sys.stdout.buffer.write(b"raw \\xff bytes\\n")
            """
        )
    )
    attempt = harness.start(source, "talks")
    harness.wait_ended(attempt)
    lines = [(line["level"], line["logger"], line["event"]) for line in harness.log(attempt)]
    said = [line for line in lines if line[1] in {"mine", "task.stdout", "task.stderr"}]
    assert said[:3] == [
        ("info", "task.stdout", "first"),
        ("warning", "mine", "second 2"),
        ("error", "task.stderr", "third"),
    ]
    assert set(said[3:]) == {
        ("info", "task.stdout", "fourth"),
        ("error", "task.stderr", "fifth"),
        ("info", "task.stdout", "sixth"),
        ("info", "task.stdout", "raw \\xff bytes"),
    }
    assert lines[0][2].startswith("Task started on testhost, process ")
    assert lines[-1][2] == "Task succeeded"


def test_output_of_a_process_that_is_killed_is_kept_to_the_last_line(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks(
            "def dies():\n    print('last words')\n    os.write(1, b'without an end')\n"
            "    os.kill(os.getpid(), 9)"
        )
    )
    attempt = harness.start(source, "dies")
    harness.wait_ended(attempt)
    assert harness.events_in_log(attempt, "task.stdout") == ["last words", "without an end"]


def test_tries_are_logged_apart_and_the_same_try_is_appended_to(harness: Harness) -> None:
    source = harness.source(harness.write_tasks("def hello(): print('hello')"))
    for try_number in (1, 1, 2):
        attempt = harness.start(source, "hello", try_number=try_number, max_tries=3)
        harness.wait_ended(attempt)
    assert harness.events_in_log(attempt, "task.stdout") == ["hello"]
    assert "try 2 of 4" in harness.log_text(attempt)
    again = harness.attempt(harness.dags / "one.py", "hello", try_number=1)
    assert harness.events_in_log(again, "task.stdout") == ["hello", "hello"]


def test_a_task_asks_for_variables_connections_and_xcoms(harness: Harness) -> None:
    harness.variables["greeting"] = "hello"
    harness.connections["db"] = ConnectionFound(conn_id="db", conn_type="x", password="hunter22")
    harness.xcoms["other", "return_value"] = '{"a":1}'
    source = harness.source(
        harness.write_tasks(
            """
            from slipstream.sdk._backend import current_backend
            def asks(ti):
                backend = current_backend.get()
                backend.set_variable("seen", backend.get_variable("greeting"), None)
                assert backend.get_variable("nothing") is None
                print(backend.get_connection("db").password)
                ti.xcom_push("list", [1, 2, 3])
                return ti.xcom_pull(task_ids="other")
            """
        )
    )
    attempt = harness.start(source, "asks")
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Succeeded), harness.log_text(attempt)
    assert outcome.xcoms[0].value == '{"a":1}'
    assert outcome.lengths == {"list": 3, "return_value": 1}
    assert harness.variables["seen"] == "hello"
    assert harness.xcoms["asks", "list"] == "[1,2,3]"


def test_secrets_are_hidden_wherever_they_come_out(harness: Harness) -> None:
    harness.connections["db"] = ConnectionFound(
        conn_id="db",
        conn_type="x",
        password="hunter22",
        extra='{"token": "tok-en-tok", "region": "north"}',
    )
    harness.variables.update(my_api_key="key-key-key", plain="visible")
    source = harness.source(
        harness.write_tasks(
            """
            from slipstream.sdk._backend import current_backend
            def leaks():
                backend = current_backend.get()
                connection = backend.get_connection("db")
                for text in (connection.password, connection.extra,
                             backend.get_variable("my_api_key"), backend.get_variable("plain")):
                    print(text)
                    logging.getLogger("x").warning("it is %s", text)
                    os.write(1, f"raw {text}\\n".encode())
                backend.mask_secret("own-secret")
                os.write(2, b"own-secret\\n")
                subprocess.run(["echo", "own-secret"])
                raise ValueError("hunter22")
            """
        )
    )
    attempt = harness.start(source, "leaks")
    harness.wait_ended(attempt)
    text = harness.log_text(attempt)
    for secret in ("hunter22", "tok-en-tok", "key-key-key", "own-secret"):
        assert secret not in text
    assert "visible" in text
    assert "north" in text


def test_an_attempt_that_is_cancelled_may_clean_up_and_is_reported_once_it_is_gone(
    harness: Harness,
) -> None:
    source = harness.source(
        harness.write_tasks(
            """
            def waits():
                try:
                    print("waiting")
                    time.sleep(600)
                finally:
                    print("cleaned up")
            """
        )
    )
    attempt = harness.start(source, "waits")
    harness.wait_in_log(attempt, "waiting")
    harness.host.cancel(attempt.attempt_id, "the run was cleared")
    assert harness.wait_ended(attempt) == Cancelled(message="the run was cleared")
    pid = harness.wait_started(attempt).pid
    assert pid is not None
    assert not processes.is_alive(pid)
    assert "cleaned up" in harness.log_text(attempt)


def test_on_kill_is_called(harness: Harness) -> None:
    path = harness.write(
        "one.py",
        """
        import time
        from slipstream.sdk import DAG, BaseOperator
        class Op(BaseOperator):
            def execute(self, context):
                print("working")
                time.sleep(600)
            def on_kill(self):
                print("freed")
        with DAG("one"):
            Op(task_id="op")
        """,
    )
    attempt = harness.start(harness.source(path), "op")
    harness.wait_in_log(attempt, "working")
    harness.host.cancel(attempt.attempt_id, "because")
    assert isinstance(harness.wait_ended(attempt), Cancelled)
    assert "freed" in harness.log_text(attempt)


def test_a_sigterm_that_comes_just_before_a_blocking_call_is_sent_again(harness: Harness) -> None:
    harness.configure(kill_grace_seconds=60.0)
    source = harness.source(
        harness.write_tasks(
            """
            import signal
            import time
            def blocks():
                # What arrives now is seen by nobody: as just before the call that blocks.
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
                print("ready")
                signal.sigwait([signal.SIGTERM])
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
                time.sleep(600)
            """
        )
    )
    attempt = harness.start(source, "blocks")
    harness.wait_in_log(attempt, "ready")
    harness.host.cancel(attempt.attempt_id, "no longer wanted")
    assert harness.wait_ended(attempt) == Cancelled(message="no longer wanted")
    assert "The task was told to end (SIGTERM)" in harness.log_text(attempt)


def test_who_does_not_listen_is_killed_with_everything_below(harness: Harness) -> None:
    harness.configure(kill_grace_seconds=0.2)
    source = harness.source(
        harness.write_tasks(
            """
            def stubborn():
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                below = [
                    subprocess.Popen(["sleep", "600"]),
                    subprocess.Popen(["sleep", "600"], start_new_session=True),
                ]
                subprocess.run("setsid sleep 600 & setsid sleep 600 & true", shell=True)
                print("ready", *[one.pid for one in below])
                while True:
                    try:
                        time.sleep(600)
                    except BaseException:
                        pass
            """
        )
    )
    attempt = harness.start(source, "stubborn")
    harness.wait_in_log(attempt, "ready")
    pid = harness.wait_started(attempt).pid
    assert pid is not None
    below = processes.descendants_of(pid)
    assert len(below) == 4
    harness.host.cancel(attempt.attempt_id, "enough")
    assert isinstance(harness.wait_ended(attempt), Cancelled)
    wait_until(lambda: not any(processes.is_alive(one) for one in (pid, *below)))


def test_what_a_task_leaves_behind_ends_with_it(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks(
            """
            def leaves():
                one = subprocess.Popen(["sleep", "600"])
                two = subprocess.Popen(["sleep", "600"], start_new_session=True)
                return [one.pid, two.pid]
            """
        )
    )
    outcome = harness.run(source, "leaves")
    assert isinstance(outcome, Succeeded)
    pids = [int(part) for part in outcome.xcoms[0].value.strip("[]").split(",")]
    wait_until(lambda: not any(processes.is_alive(pid) for pid in pids))


def test_a_task_that_runs_too_long_is_stopped_and_told_why(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks(
            """
            from datetime import timedelta
            ARGUMENTS["slow"] = {"execution_timeout": timedelta(seconds=0.1)}
            def slow():
                try:
                    time.sleep(600)
                except Exception:
                    print("swallowed")
            """
        )
    )
    attempt = harness.start(source, "slow", execution_timeout_seconds=0.1)
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("AirflowTaskTimeout")
    assert outcome.retryable
    assert "swallowed" not in harness.log_text(attempt)


def test_the_host_stops_who_cannot_be_interrupted(harness: Harness) -> None:
    harness.configure(timeout_grace_seconds=0.2)
    source = harness.source(
        harness.write_tasks(
            """
            def deaf():
                signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM})
                time.sleep(600)
            """
        )
    )
    outcome = harness.run(source, "deaf", execution_timeout_seconds=0.1)
    assert isinstance(outcome, Failed)
    assert outcome.message.startswith("AirflowTaskTimeout")


def test_an_unknown_task_or_dag_is_a_failure_that_says_so(harness: Harness) -> None:
    source = harness.source(harness.write_tasks("def here(): pass"))
    outcome = harness.run(source, "elsewhere")
    assert isinstance(outcome, Failed)
    assert "elsewhere" in outcome.message
    outcome = harness.run(source, "here", dag_id="other")
    assert isinstance(outcome, Failed)
    assert "defines no DAG 'other'" in outcome.message


def test_stopping_ends_what_runs_and_calls_it_lost(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks("def waits():\n    print('waiting')\n    time.sleep(600)")
    )
    attempt = harness.start(source, "waits")
    harness.wait_in_log(attempt, "waiting")
    harness.stop(5.0)
    assert harness.wait_ended(attempt) == Lost(message="the server is stopping")


def test_a_task_may_fork_and_its_children_may_log_and_ask(harness: Harness) -> None:
    harness.variables["greeting"] = "hello"
    source = harness.source(
        harness.write_tasks(
            """
            import multiprocessing
            from slipstream.sdk._backend import current_backend
            def _work(number):
                print("child", number)
                return current_backend.get().get_variable("greeting") + str(number)
            def forks():
                with multiprocessing.get_context("fork").Pool(3) as pool:
                    return pool.map(_work, range(20))
            def splits():
                if os.fork() == 0:
                    return "from the child"
                os.wait()
                return "from the parent"
            """
        )
    )
    attempt = harness.start(source, "forks")
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Succeeded), harness.log_text(attempt)
    assert outcome.xcoms[0].length == 20
    assert "hello19" in outcome.xcoms[0].value
    said = harness.events_in_log(attempt, "task.stdout")
    assert sorted(said) == sorted(f"child {number}" for number in range(20))
    outcome = harness.run(source, "splits")
    assert isinstance(outcome, Succeeded)
    assert outcome.xcoms[0].value == '"from the parent"'


def test_each_process_has_randomness_of_its_own(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks(
            """
            import random, uuid
            random.seed(1)
            def draws(): return [random.random(), str(uuid.uuid4())]
            """
        )
    )
    drawn = {str(harness.run(source, "draws")) for _ in range(5)}
    assert len(drawn) == 5


def test_a_signal_from_outside_is_a_failure_that_may_be_tried_again(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks("def waits():\n    print('waiting')\n    time.sleep(600)")
    )
    attempt = harness.start(source, "waits")
    harness.wait_in_log(attempt, "waiting")
    pid = harness.wait_started(attempt).pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Failed)
    assert outcome.retryable
    assert "SIGTERM" in outcome.message


def test_processes_that_are_forked_together_hold_nothing_of_each_other(harness: Harness) -> None:
    harness.configure(max_spares=8)
    source = harness.source(
        harness.write_tasks(
            """
            def held():
                links = []
                for name in os.listdir("/proc/self/fd"):
                    try:
                        links.append(os.readlink(f"/proc/self/fd/{name}"))
                    except FileNotFoundError:
                        pass  # The one that lists them.
                return len(set(links))
            """
        )
    )
    attempts = [harness.start(source, "held") for _ in range(24)]
    outcomes = [harness.wait_ended(attempt) for attempt in attempts]
    # /dev/null, the socket, and three pipes: standard output, standard error, the lifeline.
    assert {one.xcoms[0].value for one in outcomes if isinstance(one, Succeeded)} == {"5"}


def test_the_environment_names_the_task_whatever_its_file_has_in_common(harness: Harness) -> None:
    names = ["DAG_ID", "DAG_OWNER", "TASK_ID", "TRY_NUMBER", "LOGICAL_DATE"]
    path = harness.write_tasks(
        f"""
        ARGUMENTS["second"] = dict(owner="bob")
        def first(): return [os.environ["AIRFLOW_CTX_" + name] for name in {names}]
        second = type(first)(first.__code__, globals(), "second")
        """
    )
    source = harness.source(path)
    found = [harness.run(source, "first", try_number=2, max_tries=1), harness.run(source, "second")]
    values = [json.loads(one.xcoms[0].value) for one in found if isinstance(one, Succeeded)]
    date = "2026-01-02T00:00:00+00:00"
    assert values == [
        ["one", "airflow", "first", "2", date],
        ["one", "bob", "second", "1", date],
    ]


def test_a_process_of_a_plain_file_holds_nothing_heavy(harness: Harness) -> None:
    """What a zygote has imported is copied and freed with every task."""
    heavy = {
        "aiosqlite alembic asyncio attrs.converters cryptography fastapi httpx multiprocessing",
        "numpy pandas pluggy psycopg pydantic rich sqlalchemy starlette typer uvicorn xml yaml",
    }
    source = harness.source(
        harness.write_tasks("def loaded(): return sorted(m for m in sys.modules if '.' not in m)")
    )
    outcome = harness.run(source, "loaded")
    assert isinstance(outcome, Succeeded)
    loaded = set(json.loads(outcome.xcoms[0].value))
    assert loaded & {name for line in heavy for name in line.split()} == set()


def test_who_is_gone_is_not_signalled_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number may be somebody else's by then."""
    signalled: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: signalled.append(pid))
    process = TaskProcess(1, Reactor("test"), on_pid=lambda *_: None, on_gone=lambda *_: None)
    process.open()
    process.on_forked(os.getpid())
    process.on_exited(0)
    process.terminate(5.0)
    assert signalled == []
    for descriptor in process.child_descriptors:
        os.close(descriptor)


def test_two_hundred_quick_tasks_all_succeed(harness: Harness) -> None:
    source = harness.source(harness.write_tasks("def quick(): return os.getpid()"))
    attempts = [harness.start(source, "quick", map_index=index) for index in range(200)]
    outcomes = [harness.wait_ended(attempt) for attempt in attempts]
    assert all(isinstance(outcome, Succeeded) for outcome in outcomes)
    pids = {outcome.xcoms[0].value for outcome in outcomes if isinstance(outcome, Succeeded)}
    assert len(pids) == 200


def test_a_request_that_breaks_the_server_is_an_error_of_the_task_alone(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(attempt: object, request: object) -> execution.Answer:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(harness, "answer", explode)
    source = harness.source(
        harness.write_tasks(
            """
            from slipstream.sdk._backend import current_backend
            def asks(): current_backend.get().get_variable("a")
            def quick(): pass
            """
        )
    )
    outcome = harness.run(source, "asks")
    assert isinstance(outcome, Failed)
    assert "the disk is on fire" in outcome.message
    assert harness.run(source, "quick") == Succeeded()


def test_a_task_that_executes_another_operator_is_told_or_refused(harness: Harness) -> None:
    source = harness.source(
        harness.write_tasks(
            """
            def inner(**arguments):
                made = PythonOperator(task_id="inner", python_callable=lambda: 7, **arguments)
                return made.execute({})
            def _own(x): return x
            def warned(): return inner()
            def refused(): return inner(allow_nested_operators=False)
            """
        )
    )
    warned = harness.start(source, "warned")
    outcome = harness.wait_ended(warned)
    assert isinstance(outcome, Succeeded)
    assert outcome.xcoms[0].value == "7"
    assert "execute() of 'inner' is called by the code of a task" in harness.log_text(warned)
    refused = harness.run(source, "refused")
    assert isinstance(refused, Failed)
    assert "allow_nested_operators=False" in refused.message
