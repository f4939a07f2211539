"""Tasks that are not forked from their file's zygote: they load it themselves, and run as others.

Each test runs twice: forked from the root zygote, and in a new interpreter.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from tests.runtime.conftest import HEADER, Harness, wait_until

from slipstream.model.attempt import Attempt, Cancelled, Failed, Outcome, Succeeded
from slipstream.runtime import processes
from slipstream.runtime.jobs import Source, source_of

STARTS_A_THREAD = "threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
NEW = "slipstream.runtime.fresh"
CRASHES_WHEN_FORKED = """
import os, pathlib, signal
if "slipstream.runtime.zygote" in pathlib.Path("/proc/self/cmdline").read_text():
    os.kill(os.getpid(), signal.SIGSEGV)
"""
WHERE = """
def where():
    return open("/proc/self/cmdline").read().split("\\0")[5]
"""


@pytest.fixture(params=["from the root", "in a new interpreter"])
def top(request: pytest.FixtureRequest, harness: Harness) -> str:
    """What makes the file's tasks start there: a setting, or something at its top level."""
    if request.param == "in a new interpreter":
        harness.configure(new_interpreters=True)
        return ""
    return STARTS_A_THREAD


def result(outcome: Outcome) -> object:
    assert isinstance(outcome, Succeeded), outcome
    return outcome.xcoms[0].value if outcome.xcoms else None


def source_of_tasks(harness: Harness, body: str) -> Source:
    return harness.source(harness.write_tasks(body))


def test_each_task_has_loaded_the_file_itself(harness: Harness, top: str) -> None:
    body = f"{top}LOADED_BY = os.getpid()\ndef same(): return LOADED_BY == os.getpid()"
    source = source_of_tasks(harness, body)
    assert [result(harness.run(source, "same")) for _ in range(2)] == ["true", "true"]


def test_it_speaks_logs_and_returns_as_others_do(harness: Harness, top: str) -> None:
    harness.variables["colour"] = "green"
    source = source_of_tasks(
        harness,
        f"""
{top}
def speaks(ti=None):
    from slipstream.sdk import Variable
    print("printed")
    os.system("echo from below")
    logging.getLogger("mine").warning("logged")
    ti.xcom_push("more", 5)
    return Variable.get("colour")
""",
    )
    attempt = harness.start(source, "speaks")
    assert '"green"' in [xcom.value for xcom in _xcoms(harness.wait_ended(attempt))]
    lines = [line["event"] for line in harness.log(attempt)]
    assert {"printed", "from below", "logged"} <= set(lines)
    assert harness.xcoms["speaks", "more"] == "5"


def _xcoms(outcome: Outcome) -> list[object]:
    assert isinstance(outcome, Succeeded), outcome
    return list(outcome.xcoms)


def test_a_crash_is_told_with_its_signal(harness: Harness, top: str) -> None:
    source = source_of_tasks(harness, f"{top}def crashes(): os.kill(os.getpid(), signal.SIGSEGV)")
    outcome = harness.run(source, "crashes")
    assert isinstance(outcome, Failed)
    assert "SIGSEGV" in outcome.message


def test_a_file_that_fails_only_there_fails_the_task(harness: Harness, top: str) -> None:
    flag = harness.dags.parent / "flag"
    source = source_of_tasks(
        harness, f"{top}\nif os.path.exists({str(flag)!r}): raise KeyError('gone')\ndef t(): pass"
    )
    flag.touch()
    attempt = harness.start(source, "t")
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Failed)
    assert "KeyError: 'gone'" in harness.log_text(attempt)


def test_what_it_starts_ends_with_it(harness: Harness, top: str) -> None:
    source = source_of_tasks(
        harness,
        f"""
{top}
def leaves():
    subprocess.Popen(["sleep", "600"])
    subprocess.Popen(["sleep", "600"], start_new_session=True)
    os.system("setsid sleep 600 &")
    print("ready")
    while not os.path.exists({str(harness.dags / "go")!r}):
        time.sleep(0.005)
""",
    )
    attempt = harness.start(source, "leaves")
    harness.wait_in_log(attempt, "ready")
    pid = _pid(harness, attempt)
    below = processes.descendants_of(pid)
    assert len(below) == 3
    (harness.dags / "go").touch()
    assert isinstance(harness.wait_ended(attempt), Succeeded)
    wait_until(lambda: not any(processes.is_alive(one) for one in (pid, *below)))


def test_it_is_ended_as_others_are(harness: Harness, top: str) -> None:
    harness.configure(kill_grace_seconds=0.2)
    source = source_of_tasks(
        harness,
        f"""
{top}
def stubborn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready")
    while True:
        time.sleep(600)
""",
    )
    attempt = harness.start(source, "stubborn")
    harness.wait_in_log(attempt, "ready")
    harness.host.cancel(attempt.attempt_id, "enough")
    assert isinstance(harness.wait_ended(attempt), Cancelled)
    pid = _pid(harness, attempt)
    wait_until(lambda: not processes.is_alive(pid))


def _pid(harness: Harness, attempt: Attempt) -> int:
    pid = harness.wait_started(attempt).pid
    assert pid is not None
    return pid


def test_it_runs_the_version_that_it_is_given(harness: Harness, top: str) -> None:
    path = harness.write_tasks(f"{top}def says(): return 'first'")
    first = source_of(str(path), harness.parse(path).sources)
    harness.write_tasks(f"{top}def says(): return 'second'")
    second = harness.source(path)
    said = [result(harness.run(source, "says")) for source in (first, second, first)]
    assert said == ['"first"', '"second"', '"first"']


def test_processes_that_the_file_forks_while_it_is_loaded_know_their_one_thread(
    harness: Harness, top: str
) -> None:
    source = source_of_tasks(
        harness,
        f"""
{STARTS_A_THREAD}
child = os.fork()
if child == 0:
    os._exit(threading.active_count())
THREADS = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
{top}
def threads(): return THREADS
""",
    )
    assert result(harness.run(source, "threads")) == "1"


def test_a_setting_gives_each_task_an_interpreter(harness: Harness) -> None:
    harness.configure(new_interpreters=True)
    assert result(harness.run(source_of_tasks(harness, WHERE), "where")) == f'"{NEW}"'
    wait_until(lambda: len(harness.processes()) == 1, "the file's zygote to end")


def test_a_file_that_crashes_when_forked_is_loaded_by_an_interpreter_of_its_own(
    harness: Harness,
) -> None:
    path = harness.write_tasks(CRASHES_WHEN_FORKED + WHERE)
    parsed = harness.parse(path)
    assert parsed.error is None
    assert [dag.dag_id for dag in parsed.dags] == ["one"]
    (warning,) = parsed.warnings
    assert "SIGSEGV" in warning
    source = source_of(str(path), parsed.sources)
    assert result(harness.run(source, "where")) == f'"{NEW}"'


def test_a_file_that_crashes_anywhere_is_tried_twice_and_has_an_import_error(
    harness: Harness, tmp_path: Path
) -> None:
    tries = tmp_path / "tries"
    body = f"open({str(tries)!r}, 'a').write('x')\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    parsed = harness.parse(harness.write("one.py", HEADER + body))
    assert parsed.error is not None
    assert "SIGSEGV" in parsed.error
    assert tries.read_text() == "xx"


@pytest.fixture
def environment_with_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python environment that starts a thread in every interpreter, as some tracers do."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(
        "import threading\n"
        "threading.Thread(target=threading.Event().wait, name='tracer', daemon=True).start()\n"
    )
    known = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(folder), *([known] if known else [])])
    monkeypatch.setenv("PYTHONPATH", path)


@pytest.mark.usefixtures("environment_with_threads")
def test_where_not_even_the_root_may_be_forked_everything_gets_an_interpreter(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    path = harness.write_tasks(WHERE)
    parsed = harness.parse(path)
    assert parsed.error is None
    assert "tracer" in parsed.warnings[0]
    source = source_of(str(path), parsed.sources)
    assert result(harness.run(source, "where")) == f'"{NEW}"'
    assert "tracer" in caplog.text


def test_an_interpreter_ends_with_the_root_and_the_host(harness: Harness) -> None:
    harness.configure(new_interpreters=True)
    source = source_of_tasks(harness, "def waits():\n    print('ready')\n    time.sleep(600)")
    attempt = harness.start(source, "waits")
    harness.wait_in_log(attempt, "ready")
    pid = _pid(harness, attempt)
    assert os.getpgid(pid) == os.getsid(pid) == pid
    os.kill(pid, signal.SIGKILL)
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Failed)
    assert "SIGKILL" in outcome.message
