"""Plugins in the processes that run people's code: macros, links, listeners."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.runtime.conftest import PATIENCE_SECONDS, Harness

from slipstream.model.attempt import Failed, Skipped, Succeeded
from slipstream.wire.messages import CallbackKind, Errand

Write = Callable[[str, str], None]

TASKS = """
from slipstream.sdk.exceptions import AirflowSkipException
def good(macros): return macros.voice.shout("hey")
def bad(): raise RuntimeError("no")
def skips(): raise AirflowSkipException
def dies(): os.kill(os.getpid(), 9)
"""

LISTENER = """
from airflow.listeners import hookimpl

def said(hook, *what):
    print("heard", hook, *what)

@hookimpl
def on_starting(component): said("starting", type(component).__name__)

@hookimpl
def before_stopping(component): said("stopping", type(component).__name__)

@hookimpl
def on_task_instance_running(previous_state, task_instance):
    said("running", previous_state, task_instance.task_id)

@hookimpl
def on_task_instance_success(previous_state, task_instance):
    said("success", previous_state, task_instance.state)

@hookimpl
def on_task_instance_failed(previous_state, task_instance, error):
    said("failed", task_instance.state, type(error).__name__)
    raise ValueError("listener is broken")

@hookimpl
def on_task_instance_skipped(previous_state, task_instance):
    said("skipped", task_instance.state)

@hookimpl
def on_asset_changed(asset): said("changed", asset.name)

@hookimpl
def on_asset_event_emitted(asset_event):
    aliases = [alias.name for alias in asset_event.source_aliases]
    said("event", asset_event.asset.uri, asset_event.extra, asset_event.source_task_id, aliases)

@hookimpl
def on_dag_run_running(dag_run, msg): said("run", dag_run.state, msg, dag_run.dag.dag_id)

@hookimpl
def on_dag_run_failed(dag_run, msg): said("run", dag_run.state, msg)
"""

PLUGIN = """
import ear
from airflow.plugins_manager import AirflowPlugin
from airflow.sdk import BaseOperatorLink

def shout(text): return text.upper()

class Wiki(BaseOperatorLink):
    name = "wiki"
    def get_link(self, operator, *, ti_key): return f"http://wiki/{ti_key.task_id}"

class P(AirflowPlugin):
    name = "voice"
    macros = [shout]
    listeners = [ear]
    global_operator_extra_links = [Wiki()]
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a file of the plugins folder."""
    home = tmp_path / "home"
    (home / "plugins").mkdir(parents=True)
    monkeypatch.setenv("SLIPSTREAM_HOME", str(home))

    def write(name: str, text: str) -> None:
        (home / "plugins" / name).write_text(textwrap.dedent(text))

    return write


def heard(harness: Harness, *where: object) -> list[str]:
    path = harness.settings.log_dir.joinpath(*map(str, where))
    import json

    lines = [json.loads(line)["event"] for line in path.read_text().splitlines()]
    return [line.removeprefix("heard ") for line in lines if line.startswith("heard ")]


def test_tasks_find_what_plugins_add_and_tell_those_who_listen(
    harness: Harness, plugin: Write
) -> None:
    plugin("ear.py", LISTENER)
    plugin("voice.py", PLUGIN)
    source = harness.source(harness.write_tasks(TASKS))
    for task_id, kind, more in (
        ("good", Succeeded, ["success running success"]),
        ("bad", Failed, ["failed failed RuntimeError"]),
        ("skips", Skipped, ["skipped skipped"]),
    ):
        attempt = harness.start(source, task_id)
        assert isinstance(harness.wait_ended(attempt), kind)
        harness.wait_in_log(attempt, "heard stopping")
        said = [
            line.removeprefix("heard ") for line in harness.events_in_log(attempt, "task.stdout")
        ]
        assert said == [
            "starting TaskRunnerMarker",
            f"running queued {task_id}",
            *more,
            "stopping TaskRunnerMarker",
        ]
        if task_id == "bad":
            assert "listener is broken" in harness.log_text(attempt)
        if task_id == "good":
            assert "HEY" in harness.log_text(attempt)
            assert harness.xcoms["good", "_link_Wiki"] == '"http://wiki/good"'
    killed = harness.start(source, "dies")
    assert isinstance(harness.wait_ended(killed), Failed)
    harness.wait_in_log(killed, "heard failed failed AirflowException")


def test_runs_are_told_of_where_a_plugin_listens(harness: Harness, plugin: Write) -> None:
    plugin("ear.py", LISTENER)
    plugin("voice.py", PLUGIN)
    path = harness.write_tasks(TASKS)
    source = harness.source(path)
    parsed = harness.parse(path)
    (spec,) = parsed.dags
    assert spec.has_start_listener
    assert spec.has_failure_callback
    assert not spec.has_success_callback
    attempt = replace(harness.attempt(path, ""), is_over=True)
    for reason in ("started", "task_failure"):
        errand = Errand(kind=CallbackKind.DAG, attempt=attempt, succeeded=False, reason=reason)
        harness.host.call_back(errand, source).result(PATIENCE_SECONDS)
    log = ("dag_id=one", "run_id=run1", "dag_callbacks.log")
    assert heard(harness, *log) == ["run running started one", "run failed task_failure"]


def test_listeners_hear_of_assets_that_a_task_has_changed(harness: Harness, plugin: Write) -> None:
    plugin("ear.py", LISTENER)
    plugin("voice.py", PLUGIN)
    source = harness.source(
        harness.write_tasks(
            """
            from slipstream.sdk import Asset as _Asset, AssetAlias as _Alias
            _TABLE, _ANY = _Asset(name="table", uri="s3://bucket/table"), _Alias("any")
            def t(outlet_events):
                outlet_events[_TABLE].extra = {"rows": 3}
                outlet_events[_ANY].add(_Asset(name="part", uri="s3://bucket/part"), {"rows": 4})
            ARGUMENTS["t"] = {"outlets": [_TABLE, _ANY]}
            """
        )
    )
    attempt = harness.start(source, "t")
    assert isinstance(harness.wait_ended(attempt), Succeeded)
    harness.wait_in_log(attempt, "heard event s3://bucket/table {'rows': 3} t []")
    harness.wait_in_log(attempt, "heard event s3://bucket/part {'rows': 4} t ['any']")
    assert "heard changed table" in harness.log_text(attempt)


def test_a_broken_plugin_costs_dag_files_nothing(harness: Harness, plugin: Write) -> None:
    plugin("bad.py", "import no_such_library")
    assert isinstance(
        harness.run(harness.source(harness.write_tasks("def t(): pass")), "t"), Succeeded
    )


def test_dag_files_import_macros_where_plugins_are_loaded_first(
    harness: Harness, plugin: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin("ear.py", "")
    plugin("voice.py", PLUGIN)
    monkeypatch.setenv("SLIPSTREAM__CORE__LAZY_LOAD_PLUGINS", "False")
    source = harness.source(
        harness.write_tasks(
            "from airflow.macros.voice import shout as _shout\ndef t(): return _shout('a')"
        )
    )
    attempt = harness.start(source, "t")
    assert isinstance(harness.wait_ended(attempt), Succeeded)
    assert 'Returned value was: \\"A\\"' in harness.log_text(attempt)
