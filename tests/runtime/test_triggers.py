"""Triggers in their processes: what they come to, how they end, and what they do to each other."""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from tests.runtime.conftest import NOW, PATIENCE_SECONDS, Harness, wait_until

from slipstream.model.attempt import Attempt, XComWrite
from slipstream.model.deferral import Broken, Deferral, EndsTask, Fired, TriggerEnd
from slipstream.model.events import TriggerEnded
from slipstream.model.states import TaskState
from slipstream.wire import execution

pytestmark = pytest.mark.processes

TRIGGERS = """
import asyncio, os, sys, time
from pathlib import Path
from airflow.triggers.base import BaseTrigger, TriggerEvent, TaskSuccessEvent


class Base(BaseTrigger):
    def __init__(self, **kwargs):
        super().__init__()
        self.kwargs = kwargs

    def serialize(self):
        return f"triggers.{type(self).__name__}", self.kwargs

    def note(self, what):
        with open(self.kwargs["record"], "a") as record:
            record.write(what + "\\n")


class AtOnce(Base):
    async def run(self):
        self.log.info("seen by %s", self.task_instance.task_id)
        print("printed")
        yield TriggerEvent({"pid": os.getpid(), "kwargs": self.kwargs})


class WaitsForFile(Base):
    async def run(self):
        self.note("begin")
        while not Path(self.kwargs["file"]).exists():
            await asyncio.sleep(0.01)
        yield TriggerEvent(os.getpid())
        self.note("after the event")

    async def cleanup(self):
        self.note("cleanup")

    async def on_kill(self):
        self.note("on_kill")


class Raises(Base):
    async def run(self):
        raise ValueError("no such thing")
        yield


class ExitsTheInterpreter(Base):
    async def run(self):
        sys.exit(3)
        yield


class EndsSilently(Base):
    async def run(self):
        return
        yield


class Dies(Base):
    async def run(self):
        await asyncio.sleep(0)
        os._exit(7)
        yield


class Blocks(Base):
    async def run(self):
        time.sleep(self.kwargs["seconds"])
        yield TriggerEvent("done")


class Succeeds(Base):
    async def run(self):
        yield TaskSuccessEvent(xcoms={"return_value": [1, 2]})


class Follows(Base):
    async def run(self):
        from slipstream.sdk._running import require_backend
        self.note("asks")
        number = await require_backend().change_after(dag_id="other", seen=1, seconds=60)
        yield TriggerEvent(number)


class Asks(Base):
    async def run(self):
        from airflow.sdk import BaseHook, Variable
        here = Variable.get("name")
        connection = await asyncio.to_thread(BaseHook.get_connection, "db")
        self.log.info("the password is %s", connection.password)
        yield TriggerEvent(here)
"""


class Triggers:
    """A host that runs triggers, and what became of them."""

    def __init__(self, harness: Harness, tmp_path: Path) -> None:
        self.harness = harness
        self.record = tmp_path / "record"
        self.ends: queue.SimpleQueue[tuple[Attempt, TriggerEnded]] = queue.SimpleQueue()
        self.seen: dict[str, TriggerEnd] = {}
        harness.write("triggers.py", TRIGGERS)

    def start(self, name: str, module: str = "triggers", **kwargs: object) -> Attempt:
        """Have a trigger run for a task of its own."""
        host = self.harness.host
        host.set_trigger_listener(lambda ends: [self.ends.put(end) for end in ends] and None)
        attempt = self.harness.attempt(self.harness.dags / "one.py", name)
        deferral = Deferral(
            attempt_id=attempt.attempt_id,
            classpath=f"{module}.{name}",
            kwargs=json.dumps({"record": str(self.record), **kwargs}),
            created_at=NOW,
            next_method="go_on",
        )
        host.run_triggers([(attempt, deferral)])
        return attempt

    def end(self, attempt: Attempt) -> TriggerEnd:
        """What the trigger came to."""
        while attempt.attempt_id not in self.seen:
            _, event = self.ends.get(timeout=PATIENCE_SECONDS)
            self.seen[event.attempt_id] = event.end
        return self.seen[attempt.attempt_id]

    def payload(self, attempt: Attempt) -> Any:
        """What the trigger gave."""
        end = self.end(attempt)
        assert isinstance(end, Fired), end
        return json.loads(end.payload)

    def broken(self, attempt: Attempt) -> Broken:
        """How the trigger failed."""
        end = self.end(attempt)
        assert isinstance(end, Broken), end
        return end

    def drop(self, attempt: Attempt) -> None:
        """Nothing waits on it any more."""
        self.harness.host.drop_trigger(attempt.attempt_id)

    def notes(self) -> list[str]:
        """What triggers wrote down."""
        return self.record.read_text().split("\n")[:-1] if self.record.exists() else []

    def log(self, attempt: Attempt) -> list[Mapping[str, Any]]:
        """The task's log."""
        return self.harness.log(attempt)


@pytest.fixture
def triggers(harness: Harness, tmp_path: Path) -> Iterator[Triggers]:
    return Triggers(harness, tmp_path)


def test_a_trigger_gives_its_event_and_logs_to_its_task(triggers: Triggers) -> None:
    attempt = triggers.start("AtOnce", x=1)
    payload = triggers.payload(attempt)
    assert payload["kwargs"]["x"] == 1
    assert payload["pid"] != os.getpid()
    assert [line["event"] for line in triggers.log(attempt)] == [
        "seen by AtOnce",
        "printed",
        "The trigger triggers.AtOnce has fired",
    ]


def test_many_triggers_share_one_process(triggers: Triggers) -> None:
    pids = {triggers.payload(triggers.start("AtOnce"))["pid"] for _ in range(5)}
    assert len(pids) == 1


def test_what_stands_behind_the_yield_runs_once_the_event_is_kept(
    triggers: Triggers, tmp_path: Path
) -> None:
    (tmp_path / "there").touch()
    attempt = triggers.start("WaitsForFile", file=str(tmp_path / "there"))
    triggers.payload(attempt)
    assert triggers.notes() == ["begin"]
    triggers.drop(attempt)
    wait_until(lambda: "cleanup" in triggers.notes())
    assert triggers.notes() == ["begin", "after the event", "cleanup"]


def test_a_dropped_trigger_is_killed_and_tidies_up(triggers: Triggers, tmp_path: Path) -> None:
    attempt = triggers.start("WaitsForFile", file=str(tmp_path / "never"))
    wait_until(lambda: "begin" in triggers.notes())
    triggers.drop(attempt)
    wait_until(lambda: "cleanup" in triggers.notes())
    assert triggers.notes() == ["begin", "on_kill", "cleanup"]


def test_the_end_of_the_server_lets_triggers_tidy_up_and_kills_nothing(
    triggers: Triggers, tmp_path: Path
) -> None:
    triggers.start("WaitsForFile", file=str(tmp_path / "never"))
    wait_until(lambda: "begin" in triggers.notes())
    triggers.harness.host.stop(0)
    assert triggers.notes() == ["begin", "cleanup"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("Raises", "ValueError: no such thing"),
        ("ExitsTheInterpreter", "SystemExit: 3"),
        ("EndsSilently", "TriggerCodeError: The trigger triggers.EndsSilently ended without"),
        ("NotThere", "TriggerCodeError: The module 'triggers' has no 'NotThere'"),
    ],
)
def test_a_trigger_that_fails_hurts_no_other(
    triggers: Triggers, tmp_path: Path, name: str, error: str
) -> None:
    waiting = triggers.start("WaitsForFile", file=str(tmp_path / "there"))
    wait_until(lambda: "begin" in triggers.notes())
    broken = triggers.broken(triggers.start(name))
    assert broken.error.startswith(error)
    assert any(error.partition(":")[0] in line for line in broken.traceback)
    (tmp_path / "there").touch()
    triggers.payload(waiting)
    assert triggers.notes()[0] == "begin"
    assert triggers.notes().count("begin") == 1


def test_a_module_that_cannot_be_imported_fails_its_task_with_the_traceback(
    triggers: Triggers,
) -> None:
    triggers.harness.write("bad.py", "import surely_not_there\n")
    broken = triggers.broken(triggers.start("Any", module="bad"))
    assert broken.error == "ModuleNotFoundError: No module named 'surely_not_there'"
    assert any("bad.py" in line for line in broken.traceback)


def test_a_trigger_may_end_its_task(triggers: Triggers) -> None:
    assert triggers.end(triggers.start("Succeeds")) == EndsTask(
        state=TaskState.SUCCESS, xcoms=(XComWrite("return_value", "[1,2]", 2),)
    )


def test_triggers_ask_as_tasks_do_and_secrets_are_masked(triggers: Triggers) -> None:
    triggers.harness.variables["name"] = "Ada"
    triggers.harness.connections["db"] = execution.ConnectionFound(
        conn_id="db", conn_type="x", password="correcthorse"
    )
    attempt = triggers.start("Asks")
    assert triggers.payload(attempt) == "Ada"
    text = triggers.harness.log_text(attempt)
    assert "the password is ***" in text
    assert "correcthorse" not in text


def test_a_trigger_that_waits_for_an_answer_keeps_nobody_waiting(
    triggers: Triggers, monkeypatch: pytest.MonkeyPatch
) -> None:
    later: Future[execution.Answer] = Future()
    monkeypatch.setattr(triggers.harness, "answer", lambda *_: later)
    following = triggers.start("Follows")
    dropped = triggers.start("Follows")
    wait_until(lambda: triggers.notes() == ["asks"] * 2)
    triggers.payload(triggers.start("AtOnce"))
    triggers.drop(dropped)
    later.set_result(execution.Count(value=2))
    assert triggers.payload(following) == 2


def test_a_killed_process_costs_its_triggers_nothing_but_time(
    triggers: Triggers, tmp_path: Path
) -> None:
    attempt = triggers.start("WaitsForFile", file=str(tmp_path / "there"))
    wait_until(lambda: triggers.notes() == ["begin"])
    (pid,) = triggers.harness.host.trigger_pids
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: triggers.notes() == ["begin"] * 2)
    (tmp_path / "there").touch()
    assert triggers.payload(attempt) != pid


def test_the_trigger_that_kills_its_process_is_found_and_the_others_go_on(
    triggers: Triggers, tmp_path: Path
) -> None:
    others = [
        triggers.start("WaitsForFile", file=str(tmp_path / "there"), number=n) for n in range(3)
    ]
    wait_until(lambda: len(triggers.notes()) == 3)
    broken = triggers.broken(triggers.start("Dies"))
    assert "the process that it ran in has died twice: exit code 7" in broken.error
    (tmp_path / "there").touch()
    for other in others:
        triggers.payload(other)


def test_a_trigger_that_blocks_the_loop_is_named(
    triggers: Triggers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="slipstream.runtime.trigger_host")
    triggers.harness.configure(trigger_blocked_seconds=0.05)
    attempt = triggers.start("Blocks", seconds=0.3)
    assert triggers.payload(attempt) == "done"
    assert "keeps all others waiting" in triggers.harness.log_text(attempt)
    (warning,) = [record.getMessage() for record in caplog.records]
    assert warning.startswith("triggers.Blocks of task Blocks in run run1 of DAG one: The trigger")
    assert "triggers.py" in warning
    assert "in run: time.sleep(" in warning


def test_a_trigger_that_blocks_the_loop_for_too_long_fails(triggers: Triggers) -> None:
    triggers.harness.configure(trigger_blocked_seconds=0.05, trigger_limit_seconds=0.2)
    broken = triggers.broken(triggers.start("Blocks", seconds=600))
    assert broken.error.startswith("LoopBlockedError: the trigger kept all others waiting")
    triggers.payload(triggers.start("AtOnce"))


def test_an_edited_module_is_loaded_by_a_new_process(triggers: Triggers, tmp_path: Path) -> None:
    waiting = triggers.start("WaitsForFile", file=str(tmp_path / "there"))
    wait_until(lambda: triggers.notes() == ["begin"])
    changed = TRIGGERS.replace('"kwargs": self.kwargs', '"kwargs": "edited"')
    path = triggers.harness.write("triggers.py", changed)
    os.utime(path, ns=(1, 1))
    assert triggers.payload(triggers.start("AtOnce"))["kwargs"] == "edited"
    (tmp_path / "there").touch()
    triggers.payload(waiting)
    assert triggers.notes().count("begin") == 1


def test_a_trigger_may_be_defined_in_the_dag_file(triggers: Triggers) -> None:
    path = triggers.harness.write("one.py", TRIGGERS)
    import hashlib

    digest = hashlib.sha256(str(path).encode()).hexdigest()[:12]
    attempt = triggers.start("AtOnce", module=f"slipstream_dag_{digest}_one")
    triggers.payload(attempt)


def test_a_process_without_triggers_ends_after_a_while(triggers: Triggers) -> None:
    triggers.harness.configure(triggers_idle_seconds=0.05)
    attempt = triggers.start("AtOnce")
    triggers.payload(attempt)
    triggers.drop(attempt)
    wait_until(lambda: not triggers.harness.host.trigger_pids)
    second = triggers.start("AtOnce")
    triggers.payload(second)


def test_an_end_that_was_lost_is_given_again(triggers: Triggers) -> None:
    attempt = triggers.start("AtOnce")
    triggers.payload(attempt)
    deferral = Deferral(
        attempt_id=attempt.attempt_id,
        classpath="triggers.AtOnce",
        kwargs="{}",
        created_at=NOW,
        next_method="go_on",
    )
    triggers.seen.clear()
    triggers.harness.host.run_triggers([(attempt, deferral)])
    triggers.payload(attempt)
