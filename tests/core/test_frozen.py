from dataclasses import fields, replace

from tests.core.making import BEGIN, run, task

from slipstream.core import frozen
from slipstream.core.records import Record
from slipstream.model.attempt import Attempt, XComWrite
from slipstream.model.changes import InstanceChanged, Ready, Released
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import TaskState

DEFERRED = TaskState.DEFERRED


def test_an_instance_cannot_be_told_from_one_made_the_usual_way() -> None:
    row = TaskInstance(
        run_pk=1,
        task_id="t",
        map_index=3,
        state=TaskState.RUNNING,
        try_number=2,
        max_tries=4,
        attempt_id="a",
        losses=1,
        reschedules=5,
        not_before=BEGIN,
        scheduled_at=BEGIN,
        queued_at=BEGIN,
        start_date=BEGIN,
        end_date=BEGIN,
        hostname="h",
        pid=6,
        rendered_map_index="m",
        reason="r",
    )
    made = frozen.task_instance(1, TaskKey("t", 3), TaskState.RUNNING, Record.of(row), "r")
    assert made == row
    assert hash(made) == hash(row)
    assert type(made) is TaskInstance
    assert replace(made, pid=7) == replace(row, pid=7)


def test_a_new_instance_has_every_field() -> None:
    made = frozen.new_instance(1, task("t", retries=2), 4, "r")
    assert made == TaskInstance(run_pk=1, task_id="t", map_index=4, max_tries=2, reason="r")
    assert all(hasattr(made, field.name) for field in fields(TaskInstance))


def test_changes_are_equal_to_those_made_the_usual_way() -> None:
    row = frozen.new_instance(1, task("t"), -1, "")
    xcoms = (XComWrite("k", "v"),)
    assert frozen.instance_changed(row, xcoms) == InstanceChanged(row, xcoms)
    assert frozen.ready(TaskKey("t"), 4) == Ready(TaskKey("t"), 4)
    assert frozen.released(TaskKey("t"), waits=DEFERRED) == Released(TaskKey("t"), waits=DEFERRED)


def test_an_attempt_has_every_field() -> None:
    record = Record(1)
    record.attempt_id = "a"
    record.try_number = 1
    made = frozen.attempt(run(), "/f.py", task("t"), TaskKey("t", 2), record, {"t": 3})
    assert made == Attempt(
        attempt_id="a",
        run=run(),
        task_id="t",
        map_index=2,
        try_number=1,
        max_tries=1,
        fileloc="/f.py",
        priority=1,
        upstream_map_lengths={"t": 3},
    )


def test_an_attempt_carries_what_its_author_says_to_the_executor() -> None:
    record = Record(1)
    record.attempt_id = "a"
    config = {"queue_type": "gpu"}
    told = task("t", details={"executor_config": config})
    made = frozen.attempt(run(), "/f.py", told, TaskKey("t"), record, {})
    assert made.executor_config == config
