"""Loading DAG files: what they define, and what is wrong with them costs nobody else anything."""

from __future__ import annotations

import os

import pytest
from tests.runtime.conftest import HEADER, Harness, wait_until

from slipstream.model.attempt import Failed, Succeeded
from slipstream.model.version import hash_sources
from slipstream.runtime.jobs import Source, source_of, source_on_disk
from slipstream.wire import execution

GOOD = """
def hello(): return "hello"
"""


def test_a_file_gives_its_dags_and_the_sources_that_made_them(harness: Harness) -> None:
    harness.write("shared/__init__.py", "")
    harness.write("shared/names.py", "NAME = 'hello'\n")
    harness.write("unused.py", "")
    path = harness.write_tasks("from shared.names import NAME\ndef hello(): return NAME")
    parsed = harness.parse(path)
    assert parsed.error is None
    assert [dag.dag_id for dag in parsed.dags] == ["one"]
    assert list(parsed.dags[0].tasks) == ["hello"]
    assert parsed.relative_fileloc == "one.py"
    assert next(iter(parsed.sources)) == "one.py"
    assert set(parsed.sources) == {"one.py", "shared/__init__.py", "shared/names.py"}
    assert parsed.sources["shared/names.py"] == "NAME = 'hello'\n"
    assert parsed.dags[0].fileloc == str(path)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("def broken(:\n", ["SyntaxError", "def broken(:"]),
        ("import nowhere_to_be_found", ["ModuleNotFoundError", "nowhere_to_be_found", "line 1"]),
        ("1 / 0", ["ZeroDivisionError", "1 / 0"]),
        ("import sys\nsys.exit(3)", ["SystemExit", "exit code 3", "line 2"]),
        ("import os\nos._exit(4)", ["exit code 4"]),
        ("import ctypes\nctypes.string_at(0)", ["SIGSEGV", "one.py"]),
        ("import os\nos.kill(os.getpid(), 9)", ["SIGKILL"]),
        ("raise KeyboardInterrupt", ["KeyboardInterrupt"]),
        ("x = bytearray(8 << 30)", ["MemoryError", "more memory"]),
        ("def f(): f()\nf()", ["RecursionError"]),
        ("# -*- coding: nonsense -*-\n", ["SyntaxError", "nonsense"]),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_what_is_wrong_with_a_file_is_its_import_error(
    harness: Harness, body: str, words: list[str]
) -> None:
    harness.configure(load_memory_bytes=1 << 30)
    parsed = harness.parse(harness.write("one.py", body))
    assert parsed.dags == ()
    assert parsed.error is not None
    for word in words:
        assert word in parsed.error
    assert "slipstream/runtime" not in parsed.error
    good = harness.parse(harness.write_tasks(GOOD, "two.py"))
    assert good.error is None


def test_a_file_that_hangs_is_interrupted_where_it_hangs(harness: Harness) -> None:
    harness.configure(load_timeout_seconds=0.3)
    path = harness.write(
        "one.py", "import time\ntry:\n    time.sleep(600)\nexcept Exception:\n    pass\n"
    )
    parsed = harness.parse(path)
    assert parsed.error is not None
    assert "longer than 0.3 s" in parsed.error
    assert "time.sleep(600)" in parsed.error


def test_a_file_that_hangs_in_native_code_is_ended_and_the_place_is_named(
    harness: Harness,
) -> None:
    harness.configure(load_timeout_seconds=0.2, timeout_grace_seconds=1.5)
    path = harness.write(
        "one.py",
        "import signal, time\nsignal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})\n"
        "time.sleep(600)\n",
    )
    parsed = harness.parse(path)
    assert parsed.error is not None
    assert "did not react" in parsed.error
    assert "line 3" in parsed.error


def test_a_hanging_file_does_not_hold_up_the_others(harness: Harness) -> None:
    harness.configure(load_timeout_seconds=20.0, load_parallelism=2)
    slow = harness.write("slow.py", "import time\nwhile True:\n    time.sleep(0.01)\n")
    waiting = harness.host.parse(slow, harness.dags)
    for index in range(3):
        assert harness.parse(harness.write_tasks(GOOD, f"quick{index}.py")).error is None
    assert not waiting.done()


def test_a_missing_file_is_an_error_too(harness: Harness) -> None:
    parsed = harness.parse(harness.dags / "gone.py")
    assert parsed.error is not None
    assert "FileNotFoundError" in parsed.error
    assert parsed.sources == {}


def test_what_a_file_warns_of_is_told(harness: Harness) -> None:
    path = harness.write("one.py", "import warnings\nwarnings.warn('old news', FutureWarning)\n")
    (warning,) = harness.parse(path).warnings
    assert "one.py:2" in warning
    assert "FutureWarning: old news" in warning


def test_a_run_goes_on_with_the_version_that_it_began_with(harness: Harness) -> None:
    helper = harness.write("helper.py", "WORD = 'old'\n")
    harness.write("data.txt", "data")
    path = harness.write_tasks(
        """
        import helper, pathlib
        def says():
            return [helper.WORD, "old", pathlib.Path(__file__).with_name("data.txt").read_text()]
        """
    )
    old = harness.source(path)
    helper.write_text("WORD = 'new'\n")
    path.write_text(path.read_text().replace('"old"', '"new"'))
    new = harness.source(path)
    assert old.source_hash != new.source_hash
    assert says(harness, new) == '["new","new","data"]'
    assert says(harness, old) == '["old","old","data"]'

    fresh = Harness(harness.dags.parent / "later")
    fresh.settings = harness.settings
    fresh.dags = harness.dags
    harness.stop()
    try:
        assert says(fresh, old) == '["old","old","data"]'
        assert says(fresh, new) == '["new","new","data"]'
    finally:
        fresh.stop()


def says(harness: Harness, source: Source) -> str:
    attempt = harness.start(source, "says")
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Succeeded), harness.log_text(attempt)
    return outcome.xcoms[0].value


def test_a_version_whose_files_are_not_to_be_had_is_a_failure(harness: Harness) -> None:
    path = harness.write_tasks(GOOD)
    gone = Source(fileloc=str(path), source_hash="0" * 64, read=dict)
    outcome = harness.run(gone, "hello")
    assert isinstance(outcome, Failed)
    assert "could not be loaded" in outcome.message


def test_an_attempt_of_a_file_that_is_broken_says_so_in_its_log(harness: Harness) -> None:
    path = harness.write("one.py", "1 / 0\n")
    attempt = harness.start(source_of(str(path), {"one.py": "1 / 0\n"}), "hello")
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Failed)
    assert "ZeroDivisionError" in harness.log_text(attempt)


def test_the_file_as_it_is_on_the_disk_can_be_run(harness: Harness) -> None:
    path = harness.write_tasks(GOOD)
    assert isinstance(harness.run(source_on_disk(path), "hello"), Succeeded)


def test_a_module_that_is_edited_twice_in_a_second_is_never_stale(harness: Harness) -> None:
    helper = harness.write("helper.py", "")
    path = harness.write_tasks("import helper\ndef says(): return helper.WORD")
    for word in ("aa", "bb", "cc"):
        helper.write_text(f"WORD = {word!r}\n")
        assert says(harness, harness.source(path)) == f'"{word}"'


def test_a_file_that_starts_threads_runs_without_being_forked_after(harness: Harness) -> None:
    path = harness.write_tasks(
        """
        event = threading.Event()
        threading.Thread(target=event.wait, name="feeder", daemon=True).start()
        LOADED_BY = os.getpid()
        def same(): return [LOADED_BY == os.getpid(), threading.active_count()]
        """
    )
    parsed = harness.parse(path)
    assert parsed.error is None
    assert any("feeder" in warning for warning in parsed.warnings)
    outcome = harness.run(source_of(str(path), parsed.sources), "same")
    assert isinstance(outcome, Succeeded)
    assert outcome.xcoms[0].value == "[true,2]"


def test_a_file_without_its_loaded_process_runs_in_the_version_asked_for(
    harness: Harness,
) -> None:
    path = harness.write_tasks(
        """
        threading.Thread(target=threading.Event().wait, name="feeder", daemon=True).start()
        def says(): return "old"
        """
    )
    parsed = harness.parse(path)
    path.write_text(path.read_text().replace('"old"', '"new"'))
    assert says(harness, source_of(str(path), parsed.sources)) == '"old"'


def test_files_beyond_the_memory_budget_are_let_go_and_loaded_again(harness: Harness) -> None:
    harness.configure(warm_memory_bytes=1)
    paths = [harness.write_tasks(GOOD, f"dag{index}.py") for index in range(4)]
    sources = [harness.source(path) for path in paths]
    wait_until(lambda: len(harness.processes()) <= 3, "zygotes to end")
    for source in sources:
        assert isinstance(harness.run(source, "hello"), Succeeded)


def test_a_quickly_loaded_file_goes_when_nothing_uses_it(harness: Harness) -> None:
    harness.configure(quick_idle_seconds=0.05)
    source = harness.source(harness.write_tasks(GOOD))
    wait_until(lambda: len(harness.processes()) == 1, "the root alone")
    assert isinstance(harness.run(source, "hello"), Succeeded)
    wait_until(lambda: len(harness.processes()) == 1, "the root alone again")


def test_a_slowly_loaded_file_stays_when_nothing_uses_it(harness: Harness) -> None:
    harness.configure(quick_load_seconds=0.0, quick_idle_seconds=0.0)
    source = harness.source(harness.write_tasks(GOOD))
    assert isinstance(harness.run(source, "hello"), Succeeded)
    assert len(harness.processes()) >= 2


def test_spares_end_when_nothing_starts_any_more(harness: Harness) -> None:
    harness.configure(spare_idle_seconds=0.05)
    source = harness.source(harness.write_tasks(GOOD))
    attempts = [harness.start(source, "hello") for _ in range(8)]
    for attempt in attempts:
        harness.wait_ended(attempt)
    wait_until(lambda: len(harness.processes()) == 2, "the root and one zygote alone")


def test_the_same_files_always_have_the_same_hash(harness: Harness) -> None:
    path = harness.write_tasks(GOOD)
    hashes = {hash_sources(harness.parse(path).sources) for _ in range(3)}
    assert len(hashes) == 1


def test_many_files_are_loaded_at_a_time(harness: Harness) -> None:
    paths = [harness.write_tasks(GOOD, f"dag{index}.py") for index in range(30)]
    futures = [harness.host.parse(path, harness.dags) for path in paths]
    assert all(future.result(30).error is None for future in futures)


def test_who_waits_for_a_file_when_the_host_stops_is_told(harness: Harness) -> None:
    path = harness.write("one.py", "import time\ntime.sleep(600)\n")
    waiting = [harness.host.parse(path, harness.dags) for _ in range(4)]
    harness.stop()
    assert all(future.cancelled() for future in waiting)
    assert harness.host.parse(path, harness.dags).cancelled()


def test_output_while_a_file_is_loaded_disturbs_nobody(harness: Harness) -> None:
    path = harness.write_tasks("print('x' * 1_000_000)\nos.system('echo hello')\n" + GOOD)
    assert harness.parse(path).error is None


READS_AT_THE_TOP = """
from slipstream.sdk import Connection, Variable
REGION = Variable.get("region")
HOST = Connection.get("db").host
"""


@pytest.mark.parametrize("unsafe", [False, True], ids=["forked", "not fork-safe"])
def test_a_file_reads_variables_and_connections_while_it_is_loaded(
    harness: Harness, unsafe: bool
) -> None:
    harness.variables["region"] = "eu"
    harness.connections["db"] = execution.ConnectionFound(
        conn_id="db", conn_type="postgres", host="example"
    )
    thread = "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    path = harness.write_tasks(
        (thread if unsafe else "") + READS_AT_THE_TOP + 'def told(): return REGION + " " + HOST'
    )
    parsed = harness.parse(path)
    assert parsed.error is None, parsed.error
    outcome = harness.run(source_of(str(path), parsed.sources), "told")
    assert isinstance(outcome, Succeeded)
    assert [xcom.value for xcom in outcome.xcoms] == ['"eu example"']


def test_a_variable_that_is_not_there_is_the_files_import_error(harness: Harness) -> None:
    parsed = harness.parse(harness.write("one.py", HEADER + READS_AT_THE_TOP))
    assert parsed.error is not None
    assert "slipstream variables set region" in parsed.error


def test_a_secret_that_a_file_read_is_not_in_its_error(harness: Harness) -> None:
    harness.variables["api_token"] = "hunter2hunter2"
    body = "from slipstream.sdk import Variable\nraise ValueError(Variable.get('api_token'))"
    parsed = harness.parse(harness.write("one.py", body))
    assert parsed.error is not None
    assert "ValueError" in parsed.error
    assert "hunter2" not in parsed.error


LOOK = """
def look(file_path, zip_file=None):
    return "wanted" in (file_path if zip_file is None else zip_file.read(file_path).decode())
"""


def test_a_look_of_the_deployments_own_decides_what_is_executed(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    (harness.dags.parent / "looking.py").write_text(LOOK)
    known = os.environ.get("PYTHONPATH", "")
    monkeypatch.setenv("PYTHONPATH", f"{harness.dags.parent}:{known}")
    monkeypatch.setenv("AIRFLOW__CORE__MIGHT_CONTAIN_DAG_CALLABLE", "looking.look")
    wanted = harness.parse(harness.write_tasks(GOOD, "wanted.py"))
    assert [dag.dag_id for dag in wanted.dags] == ["one"]
    other = harness.parse(harness.write("other.py", "1 / 0"))
    assert (other.error, other.dags) == (None, ())
    assert list(other.sources) == ["other.py"]


def test_whatever_is_on_the_disk_runs_though_its_loaded_process_has_ended(
    harness: Harness,
) -> None:
    path = harness.write_tasks("def says(): return 'here'")
    harness.configure(quick_idle_seconds=0.0)
    harness.source(path)
    wait_until(lambda: len(harness.processes()) == 1, "the file's zygote to end")
    outcome = harness.run(source_on_disk(path), "says")
    assert isinstance(outcome, Succeeded)


def test_dags_made_by_helper_modules_and_functions_count(harness: Harness) -> None:
    harness.write("team/__init__.py", "")
    harness.write(
        "team/making.py",
        HEADER
        + """
from . import names
ready = DAG("ready")
def make(dag_id):
    with DAG(dag_id):
        BashOperator(task_id="t", bash_command="true")
def give(dag_id):
    return DAG(dag_id)
""",
    )
    harness.write("team/names.py", "NAMES = ['x', 'y']\n")
    path = harness.write(
        "several.py",
        HEADER
        + """
from team.making import give, make, ready
from team.names import NAMES
make("made")
for name in NAMES:
    globals()[f"dag_{name}"] = give(name)
give("forgotten")
""",
    )
    parsed = harness.parse(path)
    assert parsed.error is None, parsed.error
    assert {dag.dag_id for dag in parsed.dags} == {"ready", "made", "x", "y"}
    assert {dag.fileloc for dag in parsed.dags} == {str(path)}
    assert "team/names.py" in parsed.sources
