from __future__ import annotations

from dataclasses import replace

import pytest
from tests.store.making import NOON, changed, later, new_run, recorded, spec, started

from slipstream.model.changes import FieldsRendered, MapExpanded, RunChanged
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.errors import ConflictError, InvalidInputError, NotFoundError
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.store.interface import Store
from slipstream.store.records import InstanceFilter, Range, RunFilter, RunWrite, Window

ALL = Window(limit=1000)


def run_ids(store: Store, *order_by: str, **which: object) -> list[str]:
    """The ids of the runs that a filter lets through."""
    window = Window(limit=1000, order_by=order_by)
    page = store.list_runs(RunFilter(**which), window)  # type: ignore[arg-type]  # fields of RunFilter
    assert page.total == len(page.items)
    return [run.run_id for run in page.items]


def keys(store: Store, *order_by: str, **which: object) -> list[str]:
    """`dag/task[index]` of the instances that a filter lets through."""
    window = Window(limit=1000, order_by=order_by)
    found = InstanceFilter(**which)  # type: ignore[arg-type]  # fields of InstanceFilter
    page = store.list_instances(found, window)
    assert page.total == len(page.items)
    assert sorted(map(name, store.iterate_instances(found))) == sorted(map(name, page.items))
    return [name(item) for item in page.items]


def name(item: object) -> str:
    """`dag/task[index]`."""
    instance, run = item.instance, item.run  # type: ignore[attr-defined]  # an InstanceInRun
    return f"{run.dag_id}/{instance.task_id}[{instance.map_index}]"


def test_a_run_that_is_not_there_is_not_found(store: Store) -> None:
    recorded(store)
    with pytest.raises(NotFoundError, match="'sales' has no run 'first'"):
        store.get_run("sales", "first")


def test_runs_are_filtered(store: Store) -> None:
    sales, stock = recorded(store), recorded(store, spec("stock"))
    store.create_run(new_run(sales, "a_1", logical_date=later(1), triggering_user="ada"))
    store.create_run(new_run(sales, "b_2", run_type=RunType.SCHEDULED, run_after=later(2)))
    started(store, stock, "a_3")
    assert run_ids(store) == ["a_1", "b_2", "a_3"]
    assert run_ids(store, dag_ids=["stock"]) == ["a_3"]
    assert run_ids(store, run_ids=["a_3", "b_2"]) == ["b_2", "a_3"]
    assert run_ids(store, run_id_pattern="%A_%") == ["a_1", "a_3"]
    assert run_ids(store, states=[RunState.RUNNING]) == ["a_3"]
    assert run_ids(store, run_types=[RunType.SCHEDULED]) == ["b_2"]
    assert run_ids(store, triggering_user_pattern="%da") == ["a_1"]
    assert run_ids(store, logical_dates=[later(1), later(9)]) == ["a_1"]
    assert run_ids(store, logical_date=Range(gte=later(1), lte=later(1))) == ["a_1"]
    assert run_ids(store, logical_date=Range(gt=later(1))) == []
    assert run_ids(store, run_after=Range(gt=NOON)) == ["b_2"]
    assert run_ids(store, run_after=Range(lt=later(2))) == ["a_1", "a_3"]
    assert run_ids(store, start_date=Range(gte=NOON)) == ["a_3"]
    assert run_ids(store, end_date=Range(gte=NOON)) == []
    assert run_ids(store, states=[]) == []


def test_runs_come_in_pages_and_orders(store: Store) -> None:
    version = recorded(store)
    for number, (begin, end) in enumerate([(5, 9), (None, None), (1, 8)]):
        run = started(store, version, f"run{number}")
        times = replace(
            run,
            state=RunState.SUCCESS,
            start_date=None if begin is None else later(begin),
            end_date=None if end is None else later(end),
        )
        store.apply([RunWrite(run.pk, run.revision, [RunChanged(times)])])
    assert run_ids(store, "start_date") == ["run1", "run2", "run0"]
    assert run_ids(store, "-start_date") == ["run0", "run2", "run1"]
    assert run_ids(store, "-duration") == ["run2", "run0", "run1"]
    assert run_ids(store, "state", "-run_id") == ["run2", "run1", "run0"]
    page = store.list_runs(RunFilter(), Window(limit=1, offset=1, order_by=("-id",)))
    assert ([run.run_id for run in page.items], page.total) == (["run1"], 3)
    with pytest.raises(InvalidInputError, match="Cannot sort by 'reason'"):
        store.list_runs(RunFilter(), Window(order_by=("reason",)))


def test_notes_are_kept_and_the_scheduler_leaves_them(store: Store) -> None:
    run = started(store, recorded(store))
    assert store.set_run_note("sales", "first", "look here", "ada").note == "look here"
    load = TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.QUEUED)
    assert store.set_instance_note(run.pk, TaskKey("load"), "odd", "ada").instance.note == "odd"
    run = changed(store, run, load)
    store.apply([RunWrite(run.pk, run.revision, [RunChanged(replace(run, note=None))])])
    snapshot = store.load_run(run.pk)
    assert (snapshot.run.note, snapshot.instances[0].note) == ("look here", "odd")
    assert store.set_run_note("sales", "first", None, "ada").note is None


def test_a_note_needs_what_it_is_attached_to(store: Store) -> None:
    run = started(store, recorded(store))
    with pytest.raises(NotFoundError):
        store.set_run_note("sales", "nonsense", "x", None)
    with pytest.raises(NotFoundError):
        store.set_instance_note(run.pk, TaskKey("nonsense"), "x", None)


def test_a_deleted_run_takes_its_instances_with_it(store: Store) -> None:
    version = recorded(store)
    run = started(store, version)
    store.set_xcom(run.pk, TaskKey("load"), "k", "1", None)
    store.set_run_state("sales", "first", RunState.SUCCESS)
    store.delete_run("sales", "first")
    with pytest.raises(NotFoundError):
        store.get_run("sales", "first")
    assert keys(store) == []
    started(store, version)


def test_a_running_run_is_not_deleted(store: Store) -> None:
    started(store, recorded(store))
    with pytest.raises(ConflictError, match="is running"):
        store.delete_run("sales", "first")


def test_the_run_before_can_be_asked_for_by_state(store: Store) -> None:
    version = recorded(store)
    for number, state in enumerate([RunState.SUCCESS, RunState.FAILED]):
        started(store, version, f"run{number}", logical_date=later(number))
        store.set_run_state("sales", f"run{number}", state)
    last = started(store, version, "last", logical_date=later(9))
    assert _id(store.previous_run(last, None)) == "run1"
    assert _id(store.previous_run(last, RunState.SUCCESS)) == "run0"
    assert store.previous_run(last, RunState.RUNNING) is None


def test_an_instance_is_found_with_its_run(store: Store) -> None:
    run = started(store, recorded(store))
    found = store.get_instance("sales", "first", TaskKey("load"))
    assert found.run == run
    assert found.instance == store.load_run(run.pk).instances[0]
    for dag_id, run_id, key in (
        ("sales", "first", TaskKey("load", 0)),
        ("sales", "nonsense", TaskKey("load")),
        ("nonsense", "first", TaskKey("load")),
    ):
        with pytest.raises(NotFoundError):
            store.get_instance(dag_id, run_id, key)


def of_pools(dag_id: str = "sales", **pools: str) -> DagSpec:
    """A DAG whose tasks are in these pools, and whose runs go on with its newest version."""
    tasks = {task_id: TaskSpec(task_id=task_id, pool=pool) for task_id, pool in pools.items()}
    return replace(spec(dag_id, details={"disable_bundle_versioning": True}), tasks=tasks)


def test_instances_are_counted_by_the_pools_of_their_tasks(store: Store) -> None:
    """Runs that went on with another version have instances of tasks that it does not have."""
    first = recorded(store, of_pools(a="io", b="io", c="io", d="gpu"))
    ended, cleared, going, twin = (started(store, first, run_id) for run_id in "wxyz")
    for run in (ended, cleared):
        store.set_run_state("sales", run.run_id, RunState.SUCCESS)
    started(store, recorded(store, of_pools("stock", a="gpu", b="io", e="gpu")), "of_stock")
    started(store, recorded(store, of_pools("staff", a="gpu", b="gpu")), "of_staff")
    store.apply([RunWrite(twin.pk, twin.revision, [MapExpanded("c", 3, 0)])])
    assert len(keys(store, pools=["io"])) == 4 * 3 + 2 + 1
    assert len(keys(store, pools=["gpu"])) == 4 + 2 + 2
    recorded(store, of_pools(a="io", b="io", e="gpu"))
    store.clear_instances(cleared.pk, [TaskKey("a")], latest_version=True)
    assert store.get_run("sales", going.run_id).version_id != first.version_id
    # Of the three that went on, c and d are in no pool any more.
    assert len(keys(store, pools=["io"])) == 3 + 3 * 2 + 1
    assert len(keys(store, pools=["gpu"])) == 1 + 2 + 2
    assert len(keys(store, pool_pattern="%")) == 4 + 3 * 2 + 3 + 2
    assert len(keys(store, pools=["io"], dag_ids=["sales"])) == 9
    assert len(keys(store, pools=["io"], run_ids=["w", "of_stock"])) == 4
    assert len(keys(store, pools=["io"], task_ids=["a"])) == 4
    assert keys(store, pools=["none"]) == []


def test_instances_are_filtered(store: Store) -> None:
    tasks = {
        "load": TaskSpec(task_id="load", pool="io", queue="fast"),
        "train": TaskSpec(task_id="train", pool="gpu", queue="slow"),
    }
    sales = recorded(store, replace(spec(), tasks=tasks))
    stock = recorded(store, spec("stock", tasks=("load",)))
    run = started(store, sales, logical_date=later(1), run_after=later(2))
    started(store, stock, "other")
    store.apply([RunWrite(run.pk, run.revision, [MapExpanded("train", 2, 0)])])
    running = TaskInstance(
        run_pk=run.pk, task_id="load", state=TaskState.RUNNING, start_date=later(5)
    )
    failed = TaskInstance(
        run_pk=run.pk,
        task_id="train",
        map_index=1,
        state=TaskState.FAILED,
        start_date=later(6),
        end_date=later(7),
    )
    changed(store, store.get_run("sales", "first"), running, failed)
    load, train_0, train_1 = "sales/load[-1]", "sales/train[0]", "sales/train[1]"
    other = "stock/load[-1]"
    assert keys(store) == [load, other, train_0, train_1]
    assert keys(store, dag_ids=["sales"]) == [load, train_0, train_1]
    assert keys(store, run_ids=["other"]) == [other]
    assert keys(store, task_ids=["load"]) == [load, other]
    assert keys(store, task_id_pattern="%TR%") == [train_0, train_1]
    assert keys(store, map_indexes=[1, 2]) == [train_1]
    assert keys(store, states=[TaskState.RUNNING, TaskState.QUEUED]) == [load]
    assert keys(store, states=[TaskState.FAILED]) == [train_1]
    assert keys(store, states=[TaskState.FAILED, TaskState.RUNNING]) == [load, train_1]
    assert keys(store, states=[TaskState.NONE]) == [other, train_0]
    assert keys(store, pools=["gpu"]) == [train_0, train_1]
    assert keys(store, pools=["gpu", "default_pool"]) == [other, train_0, train_1]
    assert keys(store, queues=["fast"]) == [load]
    assert keys(store, logical_date=Range(gte=later(1))) == [load, train_0, train_1]
    assert keys(store, run_after=Range(lt=later(2))) == [other]
    assert keys(store, start_date=Range(gt=later(5))) == [train_1]
    assert keys(store, end_date=Range(lte=later(7))) == [train_1]
    assert keys(store, task_ids=[]) == []
    assert keys(store, "-start_date") == [train_1, load, train_0, other]
    assert keys(store, "map_index", "-task_id") == [other, load, train_0, train_1]
    assert keys(store, "-run_id", "duration") == [other, load, train_0, train_1]
    page = store.list_instances(InstanceFilter(), Window(limit=2, offset=1))
    assert ([name(item) for item in page.items], page.total) == ([other, train_0], 4)


def test_a_stream_gives_more_instances_than_are_read_at_once(store: Store) -> None:
    run = started(store, recorded(store))
    store.apply([RunWrite(run.pk, run.revision, [MapExpanded("train", 2500, 0)])])
    which = InstanceFilter(task_ids=["train"])
    streamed = [item.instance.map_index for item in store.iterate_instances(which)]
    assert streamed == list(range(2500))


def test_rendered_fields_are_those_of_the_latest_attempt(store: Store) -> None:
    run = started(store, recorded(store))
    key = TaskKey("load")
    assert store.get_rendered_fields(run.pk, key) == {}
    first = TaskInstance(
        run_pk=run.pk, task_id="load", state=TaskState.RUNNING, try_number=1, attempt_id="a-1"
    )
    run = changed(store, run, first)
    ended = FieldsRendered(key, "a-1", {"bash_command": "echo ü", "env": None})
    store.apply([RunWrite(run.pk, run.revision, [ended])])
    assert store.get_rendered_fields(run.pk, key) == {"bash_command": "echo ü", "env": None}
    again = replace(first, state=TaskState.QUEUED, try_number=2, attempt_id="a-2")
    run = changed(store, store.get_run(run.dag_id, run.run_id), again)
    store.apply([RunWrite(run.pk, run.revision, [FieldsRendered(key, "a-2", {"n": 2})])])
    assert store.get_rendered_fields(run.pk, key) == {"n": 2}
    late = RunWrite(run.pk, run.revision, [FieldsRendered(key, "a-1", {"n": 1})])
    assert store.apply([late]) == {run.pk}
    assert store.get_rendered_fields(run.pk, key) == {"n": 2}


def test_attempts_come_in_pages(store: Store) -> None:
    run = started(store, recorded(store))
    key = TaskKey("load")
    assert store.list_attempts("sales", "first", key, ALL).items == []
    for number in (1, 2, 3):
        run = changed(
            store,
            run,
            TaskInstance(
                run_pk=run.pk,
                task_id="load",
                state=TaskState.QUEUED,
                try_number=number,
                attempt_id=f"a-{number}",
            ),
        )
    page = store.list_attempts("sales", "first", key, Window(limit=1, offset=1))
    assert ([record.attempt_id for record in page.items], page.total) == (["a-2"], 3)
    with pytest.raises(NotFoundError):
        store.list_attempts("sales", "first", TaskKey("nonsense"), ALL)


def _id(run: DagRun | None) -> str | None:
    return None if run is None else run.run_id
