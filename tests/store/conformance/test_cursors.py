"""Pages by a place in the listing, and finding what has changed or is of a kind."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.store.making import changed, later, new_run, recorded, spec, started

from slipstream.model.changes import MapExpanded
from slipstream.model.dag import TaskSpec
from slipstream.model.run import TaskInstance
from slipstream.model.schedule import Cron, OnAssets
from slipstream.model.states import TaskState
from slipstream.store.interface import Store
from slipstream.store.records import (
    Cursor,
    DagFilter,
    InstanceFilter,
    Range,
    RunFilter,
    RunWrite,
    Window,
)


def _walked(store: Store, *order_by: str, limit: int = 2) -> tuple[list[str], list[str]]:
    """The runs met on the way to the end, and those on the way back from there."""
    there: list[str] = []
    back: list[str] = []
    window = Window(limit=limit, order_by=order_by, cursor=Cursor())
    while True:
        page = store.list_runs(RunFilter(), window)
        there += [run.run_id for run in page.items]
        if page.after is None:
            break
        window = replace(window, cursor=page.after)
    while page.before is not None:
        page = store.list_runs(RunFilter(), replace(window, cursor=page.before))
        back = [run.run_id for run in page.items] + back
    return there, back


@pytest.mark.parametrize(
    "order_by",
    [
        (),
        ("run_after",),
        ("-run_after",),
        ("logical_date",),
        ("-logical_date",),
        ("-logical_date", "run_id"),
        ("run_type", "-run_id"),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_a_walk_meets_every_entry_once_there_and_back(
    store: Store, order_by: tuple[str, ...], limit: int
) -> None:
    version = recorded(store)
    for number in range(5):
        date = None if number in {1, 3} else later(number)
        run = new_run(version, f"run{number}", logical_date=date, run_after=later(number // 2))
        store.create_run(run)
    whole = store.list_runs(RunFilter(), Window(order_by=order_by)).items
    there, back = _walked(store, *order_by, limit=limit)
    assert there == [run.run_id for run in whole]
    assert back == there[: len(back)]
    assert len(there) - len(back) <= limit


def test_entries_that_come_and_go_are_neither_missed_nor_met_twice(store: Store) -> None:
    version = recorded(store)
    for number in range(4):
        store.create_run(new_run(version, f"run{number}", run_after=later(number)))
    window = Window(limit=2, order_by=("run_after",), cursor=Cursor())
    first = store.list_runs(RunFilter(), window)
    store.create_run(new_run(version, "earlier", run_after=later(-1)))
    store.delete_run("sales", "run0")
    second = store.list_runs(RunFilter(), replace(window, cursor=first.after))
    assert [run.run_id for run in second.items] == ["run2", "run3"]
    assert (first.before, second.after, second.total) == (None, None, 4)


def test_task_instances_are_walked_through(store: Store) -> None:
    version = recorded(store, spec(tasks=("a", "b", "c")))
    run = started(store, version)
    changed(store, run, *[TaskInstance(run_pk=run.pk, task_id=name) for name in "abc"])
    window = Window(limit=2, order_by=("-task_id",), cursor=Cursor())
    page = store.list_instances(InstanceFilter(run_ids=["first"]), window)
    assert [one.instance.task_id for one in page.items] == ["c", "b"]
    rest = store.list_instances(InstanceFilter(), replace(window, cursor=page.after))
    assert [one.instance.task_id for one in rest.items] == ["a"]


def test_what_was_written_lately_is_found(store: Store) -> None:
    run = started(store, recorded(store))
    now = datetime.now(UTC)
    lately, soon = now - timedelta(minutes=5), now + timedelta(minutes=5)
    changed(store, run, TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.QUEUED))
    for bounds, count in ((Range(gte=lately, lt=soon), 1), (Range(gt=soon), 0)):
        assert store.list_runs(RunFilter(updated_at=bounds), Window()).total == count
        assert (
            store.list_instances(
                InstanceFilter(task_ids=["load"], updated_at=bounds), Window()
            ).total
            == count
        )


def test_expanding_a_map_is_a_change(store: Store) -> None:
    run = started(store, recorded(store))
    expanded = MapExpanded("load", 3, 0)
    assert not store.apply([RunWrite(run.pk, run.revision, (expanded,))])
    lately = Range(gte=datetime.now(UTC) - timedelta(minutes=5))
    assert (
        store.list_instances(InstanceFilter(task_ids=["load"], updated_at=lately), Window()).total
        == 3
    )


def test_task_instances_are_found_by_what_their_tasks_are(store: Store) -> None:
    tasks = {
        "load": TaskSpec(task_id="load", operator_name="BashOperator", executor="CeleryExecutor"),
        "train": TaskSpec(
            task_id="train",
            operator_name="@task",
            details={
                "task_display_name": "Train it",
                "class_ref": {"class_name": "_Python", "module_path": "x"},
            },
        ),
    }
    run = started(store, recorded(store, replace(spec(), tasks=tasks)))
    changed(store, run, *[TaskInstance(run_pk=run.pk, task_id=name) for name in tasks])

    def found(**which: object) -> list[str]:
        page = store.list_instances(InstanceFilter(**which), Window())  # type: ignore[arg-type]  # fields
        return [one.instance.task_id for one in page.items]

    assert found(operators=["BashOperator"]) == ["load"]
    assert found(operators=["_Python", "@task"]) == ["train"]
    assert found(operator_pattern="%TASK") == ["train"]
    assert found(executors=["CeleryExecutor"]) == ["load"]
    assert found(task_display_name_pattern="%train i%") == ["train"]
    assert found(task_display_name_pattern="load") == ["load"]


def test_dags_are_found_by_their_timetable(store: Store) -> None:
    recorded(store, replace(spec("cron"), schedule=Cron(expression="@daily", interval=True)))
    recorded(store, replace(spec("assets"), schedule=OnAssets(condition={"any": []})))
    recorded(store, spec("none"))

    def found(*types: str) -> list[str]:
        return [
            one.dag_id for one in store.list_dags(DagFilter(timetable_types=types), Window()).items
        ]

    assert found("CronDataIntervalTimetable") == ["cron"]
    assert found("AssetTriggeredTimetable", "NullTimetable") == ["assets", "none"]
