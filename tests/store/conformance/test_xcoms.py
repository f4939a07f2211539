from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.store.making import NOON, changed, later, recorded, spec, started

from slipstream.model.attempt import XComWrite
from slipstream.model.changes import InstanceChanged
from slipstream.model.errors import ConflictError, InvalidInputError
from slipstream.model.run import DagRun, TaskInstance, TaskKey
from slipstream.model.states import TaskState
from slipstream.store.errors import ConstraintViolatedError, ObjectMissingError
from slipstream.store.interface import Store
from slipstream.store.records import (
    Range,
    RunWrite,
    Window,
    XComFilter,
    XComItem,
    XComRecord,
)

LOAD = TaskKey("load")


def get(store: Store, run: DagRun, **fields: object) -> XComRecord | None:
    """One XCom of the task `load`."""
    asked: dict[str, object] = {"task_id": "load", "map_index": -1, "key": "k", **fields}
    return store.get_xcom(dag_id=run.dag_id, run_id=run.run_id, **asked)  # type: ignore[arg-type]  # its parameters


def value(store: Store, run: DagRun, **fields: object) -> str | None:
    """The value of one XCom of the task `load`."""
    found = get(store, run, **fields)
    return None if found is None else found.value


def values(store: Store, run: DagRun, **fields: object) -> list[str]:
    """The values of the XComs of the task `load`."""
    asked: dict[str, object] = {"task_id": "load", "key": "k", **fields}
    found: Sequence[XComRecord] = store.get_xcoms(
        dag_id=run.dag_id,
        run_id=run.run_id,
        **asked,  # type: ignore[arg-type]  # its parameters
    )
    return [record.value for record in found]


def push_map(store: Store, run: DagRun, count: int) -> None:
    """Have `count` instances of `load` push their index; the last one first."""
    for index in reversed(range(count)):
        store.set_xcom(run.pk, TaskKey("load", index), "k", str(index), None)


def test_a_value_is_read_as_it_was_set_and_a_later_one_replaces_it(store: Store) -> None:
    run = started(store, recorded(store))
    assert get(store, run) is None
    store.set_xcom(run.pk, LOAD, "k", '"ü\\u0000"', 2)
    found = get(store, run)
    assert found is not None
    assert (found.run_pk, found.dag_id, found.run_id) == (run.pk, "sales", "first")
    assert (found.task_id, found.map_index, found.key) == ("load", -1, "k")
    assert found.value == '"ü\\u0000"'
    store.set_xcom(run.pk, LOAD, "k", "2", None)
    assert value(store, run) == "2"
    assert store.load_run(run.pk).lengths == {}


def test_an_xcom_needs_its_run(store: Store) -> None:
    with pytest.raises(ConstraintViolatedError):
        store.set_xcom(4711, LOAD, "k", "1", None)


def test_only_the_attempt_that_counts_may_set_values_of_its_instance(store: Store) -> None:
    run = started(store, recorded(store))
    running = TaskInstance(
        run_pk=run.pk, task_id="load", state=TaskState.RUNNING, try_number=1, attempt_id="a-1"
    )
    changed(store, run, running)
    store.set_xcom(run.pk, LOAD, "k", "1", None, attempt_id="a-1")
    with pytest.raises(ConflictError, match="attempt a-0 no longer counts"):
        store.set_xcom(run.pk, LOAD, "k", "0", None, attempt_id="a-0")
    with pytest.raises(ConflictError, match="may not write XComs"):
        store.set_xcom(run.pk, TaskKey("train"), "k", "0", None, attempt_id="a-1")
    assert value(store, run) == "1"


def test_without_a_map_index_the_first_instance_answers(store: Store) -> None:
    run = started(store, recorded(store))
    push_map(store, run, 3)
    assert value(store, run, map_index=None) == "0"
    assert value(store, run, map_index=2) == "2"
    assert value(store, run) is None


def test_prior_dates_reach_back_to_the_newest_value(store: Store) -> None:
    version = recorded(store)
    runs = [
        started(store, version, f"run{number}", logical_date=later(number)) for number in range(4)
    ]
    store.set_xcom(runs[0].pk, LOAD, "k", "0", None)
    store.set_xcom(runs[1].pk, LOAD, "k", "1", None)
    store.set_xcom(runs[3].pk, LOAD, "k", "3", None)
    assert value(store, runs[2]) is None
    assert value(store, runs[2], include_prior_dates=True) == "1"
    assert value(store, runs[3], include_prior_dates=True) == "3"
    assert values(store, runs[2], include_prior_dates=True) == ["1"]
    assert values(store, runs[2]) == []


def test_prior_dates_go_by_run_after_where_there_is_no_logical_date(store: Store) -> None:
    version = recorded(store)
    first = started(store, version, "first", run_after=later(0))
    second = started(store, version, "second", run_after=later(1))
    store.set_xcom(first.pk, LOAD, "k", "0", None)
    assert value(store, second, include_prior_dates=True) == "0"


@pytest.mark.parametrize(
    "part",
    [
        slice(None),
        slice(2, None),
        slice(None, 2),
        slice(1, 4),
        slice(-2, None),
        slice(None, -3),
        slice(None, None, 2),
        slice(None, None, -1),
        slice(3, 0, -2),
        slice(4, 4),
        slice(9, 12),
        slice(0, 99),
    ],
)
def test_values_of_a_map_are_sliced_as_a_list_is(store: Store, part: slice) -> None:
    run = started(store, recorded(store))
    push_map(store, run, 5)
    found = values(store, run, start=part.start, stop=part.stop, step=part.step)
    assert found == ["0", "1", "2", "3", "4"][part]


def test_values_of_a_map_may_have_gaps(store: Store) -> None:
    run = started(store, recorded(store))
    for index in (1, 4, 9):
        store.set_xcom(run.pk, TaskKey("load", index), "k", str(index), None)
    assert values(store, run, start=1) == ["4", "9"]
    count = store.count_xcoms(dag_id="sales", run_id="first", task_id="load", key="k")
    assert count == 3
    assert store.count_xcoms(dag_id="sales", run_id="first", task_id="load", key="x") == 0


def test_xcoms_are_listed_by_what_is_given(store: Store) -> None:
    sales, stock = (started(store, recorded(store, spec(name))) for name in ("sales", "stock"))
    push_map(store, sales, 2)
    store.set_xcom(stock.pk, LOAD, "other", "{}", None)

    def listed(order: str = "dag_id", **which: object) -> list[tuple[str, int, str]]:
        wanted = XComFilter(**which)  # type: ignore[arg-type]  # its fields
        page = store.list_xcoms(wanted, Window(order_by=(order, "map_index")))
        return [(record.dag_id, record.map_index, record.key) for record in page.items]

    assert listed() == [("sales", 0, "k"), ("sales", 1, "k"), ("stock", -1, "other")]
    assert listed(dag_ids=["stock"]) == [("stock", -1, "other")]
    assert listed(run_ids=["nonsense"]) == []
    assert listed(task_ids=["train"]) == []
    assert listed(map_indexes=[1]) == [("sales", 1, "k")]
    assert listed(keys=["other"]) == [("stock", -1, "other")]
    assert listed(key_pattern="%OTH%") == [("stock", -1, "other")]
    assert listed(task_id_pattern="load%", run_id_pattern="fir%", map_indexes=[0]) == [
        ("sales", 0, "k")
    ]
    assert listed(dag_display_name_pattern="sto%") == [("stock", -1, "other")]
    assert listed(run_after=Range(gt=later(1))) == []
    assert len(listed(run_after=Range(lte=NOON))) == 3
    with pytest.raises(InvalidInputError):
        listed(order="value")


def test_a_deleted_value_is_gone(store: Store) -> None:
    run = started(store, recorded(store))
    store.set_xcom(run.pk, LOAD, "k", "1", None)
    assert store.delete_xcom(run.pk, LOAD, "k")
    assert not store.delete_xcom(run.pk, LOAD, "k")
    assert get(store, run) is None


def test_all_of_an_instance_are_taken_by_its_attempt_alone(store: Store) -> None:
    run = started(store, recorded(store))
    running = TaskInstance(
        run_pk=run.pk, task_id="load", state=TaskState.RUNNING, try_number=2, attempt_id="a-2"
    )
    run = changed(store, run, running)
    large = '"' + "x" * 100_000 + '"'
    for name, text in (("k", "1"), ("large", large)):
        store.set_xcom(run.pk, LOAD, name, text, None)
    store.set_xcom(run.pk, TaskKey("train"), "k", "2", None)
    with pytest.raises(ConflictError):
        store.take_xcoms("a-1", with_values=True)
    assert value(store, run) == "1"
    assert store.take_xcoms("a-2", with_values=True) == {"k": "1", "large": large}
    assert value(store, run) is None
    assert value(store, run, task_id="train") == "2"
    assert store.take_xcoms("a-2") == {}
    store.set_xcom(run.pk, LOAD, "k", "3", None)
    assert store.take_xcoms("a-2") == {"k": ""}


def test_a_large_value_goes_to_the_object_store_and_back(store: Store, tmp_path: Path) -> None:
    run = started(store, recorded(store))
    small, large = '"' + "x" * 1000 + '"', '"' + "ü" * 40_000 + '"'
    store.set_xcom(run.pk, LOAD, "small", small, None)
    store.set_xcom(run.pk, LOAD, "large", large, 7)
    assert value(store, run, key="small") == small
    assert value(store, run, key="large") == large
    (written,) = [path for path in (tmp_path / "xcom").rglob("*") if path.is_file()]
    assert written.read_text() == large
    assert store.load_run(run.pk).lengths == {LOAD: {"large": 7}}


def test_a_large_value_that_comes_with_a_change_goes_there_too(
    store: Store, tmp_path: Path
) -> None:
    run = started(store, recorded(store))
    large = '"' + "y" * 100_000 + '"'
    done = TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.SUCCESS)
    change = InstanceChanged(done, (XComWrite("k", large), XComWrite("again", large)))
    store.apply([RunWrite(run.pk, run.revision, [change])])
    assert value(store, run) == value(store, run, key="again") == large
    assert len([path for path in (tmp_path / "xcom").rglob("*") if path.is_file()]) == 1


def test_a_lost_object_is_an_error_that_names_it(store: Store, tmp_path: Path) -> None:
    run = started(store, recorded(store))
    store.set_xcom(run.pk, LOAD, "k", '"' + "z" * 100_000 + '"', None)
    for path in (tmp_path / "xcom").rglob("*"):
        if path.is_file():
            path.unlink()
    with pytest.raises(ObjectMissingError, match="is not in"):
        get(store, run)


# Single items.


def item(store: Store, run: DagRun, index: int, **fields: object) -> XComItem | None:
    """One item of what `load` pushed."""
    asked: dict[str, object] = {"task_id": "load", "map_index": -1, "key": "k", **fields}
    return store.get_xcom_item(
        dag_id=run.dag_id,
        run_id=run.run_id,
        index=index,
        **asked,  # type: ignore[arg-type]  # its parameters
    )


def test_an_item_of_a_list_comes_alone(store: Store) -> None:
    run = started(store, recorded(store))
    assert item(store, run, 0) is None
    store.set_xcom(run.pk, LOAD, "k", '[10,{"a":[1]},"ü"]', 3)
    assert item(store, run, 0) == XComItem("10", 3)
    assert item(store, run, 1) == XComItem('{"a":[1]}', 3)
    assert item(store, run, 5) == XComItem('"ü"', 3)
    assert item(store, run, 0, map_index=0) is None


def test_an_item_of_a_mapping_is_a_pair(store: Store) -> None:
    run = started(store, recorded(store))
    store.set_xcom(run.pk, LOAD, "k", '{"b":[1],"a":2}', 2)
    assert item(store, run, 0) == XComItem('["b",[1]]', 2, True)
    assert item(store, run, 3) == XComItem('["a",2]', 2, True)


def test_what_has_no_items_is_given_whole_and_nothing_is_nothing(store: Store) -> None:
    run = started(store, recorded(store))
    for whole in ("7", '{"__type__":"tuple","__value__":[1,2]}'):
        store.set_xcom(run.pk, LOAD, "k", whole, None)
        assert item(store, run, 4) == XComItem(whole, None)
    for empty in ("[]", "{}"):
        store.set_xcom(run.pk, LOAD, "k", empty, 0)
        assert item(store, run, 0) is None


def test_items_of_large_values_are_those_of_the_value_that_counts(store: Store) -> None:
    run = started(store, recorded(store))
    for sign in (1, -1):
        numbers = [sign * number * 10**9 for number in range(20_000)]
        text = str(numbers).replace(" ", "")
        store.set_xcom(run.pk, LOAD, "k", text, len(numbers))
        for index in (0, 1, 19_999):
            assert item(store, run, index) == XComItem(str(numbers[index]), 20_000)


def test_a_slice_beyond_the_end_is_short(store: Store) -> None:
    run = started(store, recorded(store))
    push_map(store, run, 3)
    assert values(store, run, start=1, stop=9) == ["1", "2"]
    assert values(store, run, start=3, stop=4) == []
    assert values(store, run, start=2, stop=1) == []
    assert values(store, run, start=0, stop=2) == ["0", "1"]
