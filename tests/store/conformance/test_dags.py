from __future__ import annotations

from dataclasses import replace

import pytest
from tests.store.making import NOON, changed, later, new_run, parsed, recorded, spec, started

from slipstream.model.dag import TaskSpec
from slipstream.model.errors import ConflictError, InvalidInputError, NotFoundError
from slipstream.model.run import TaskInstance
from slipstream.model.states import RunState, TaskState
from slipstream.model.version import hash_sources
from slipstream.store.interface import Store
from slipstream.store.records import DagFilter, NextRun, Window

ALL = Window(limit=1000)


def ids(store: Store, **which: object) -> list[str]:
    """The ids of the DAGs that a filter lets through."""
    page = store.list_dags(DagFilter(**which), ALL)  # type: ignore[arg-type]  # fields of DagFilter
    assert page.total == len(page.items)
    return [record.dag_id for record in page.items]


def test_a_parsed_dag_is_found_with_its_version(store: Store) -> None:
    version = recorded(store)
    found = store.get_dag("sales")
    assert found.latest == version
    assert (version.number, version.fileloc, version.created_at) == (1, "/dags/sales.py", NOON)
    assert (found.fileloc, found.relative_fileloc) == ("/dags/sales.py", "sales.py")
    assert (found.last_parsed_at, found.last_parse_seconds) == (NOON, 0.25)
    assert (found.is_stale, found.has_import_errors, found.next_run_after) == (False, False, None)


def test_a_version_read_from_the_database_equals_the_one_that_was_written(
    store: Store, other_store: Store
) -> None:
    version = recorded(store, spec(tags=("a",), start_date=NOON, catchup=True))
    assert other_store.get_version(version.version_id) == version
    assert other_store.get_version_number("sales", 1) == version
    assert other_store.get_dag("sales").latest == version


def test_the_same_file_parsed_again_makes_no_new_version(store: Store) -> None:
    version = recorded(store)
    again = parsed(spec(), parsed_at=later(60))
    assert store.record_parsed([again]) == {}
    found = store.get_dag("sales")
    assert (found.latest, found.last_parsed_at) == (version, later(60))


def test_a_changed_spec_makes_a_new_version(store: Store) -> None:
    first = recorded(store)
    second = store.record_parsed([parsed(spec(tasks=("load",)))])["sales"]
    assert (first.number, second.number) == (1, 2)
    assert store.get_dag("sales").latest == second
    assert store.get_version(first.version_id) == first


def test_a_changed_source_makes_a_new_version(store: Store) -> None:
    recorded(store)
    sources = {"sales.py": "x = 1\n", "lib/tools.py": "y = 2\n"}
    version = store.record_parsed([parsed(spec(), sources=sources)])["sales"]
    assert version.number == 2
    assert version.source_hash == hash_sources(sources)
    assert list(store.get_sources(version.source_hash).items()) == list(sources.items())


def test_going_back_to_an_earlier_text_makes_a_higher_number(store: Store) -> None:
    recorded(store)
    store.record_parsed([parsed(spec(tasks=("load",)))])
    assert store.record_parsed([parsed(spec())])["sales"].number == 3
    numbers = [version.number for version in store.list_versions("sales", ALL).items]
    assert numbers == [3, 2, 1]
    by_number = Window(limit=2, order_by=("number",))
    page = store.list_versions("sales", by_number)
    assert ([version.number for version in page.items], page.total) == ([1, 2], 3)


def test_two_versions_share_a_source_that_both_import(store: Store) -> None:
    shared = {"lib.py": "z = 3\n"}
    a = store.record_parsed(
        [parsed(spec("a"), fileloc="/dags/a.py", sources={"a.py": "1", **shared})]
    )["a"]
    b = store.record_parsed(
        [parsed(spec("b"), fileloc="/dags/b.py", sources={"b.py": "2", **shared})]
    )["b"]
    assert store.get_sources(a.source_hash)["lib.py"] == store.get_sources(b.source_hash)["lib.py"]


def test_a_source_that_is_no_utf8_survives(store: Store) -> None:
    text = b"name = '\xff\x00'".decode("utf-8", "surrogateescape")
    version = store.record_parsed([parsed(spec(), sources={"sales.py": text})])["sales"]
    assert store.get_sources(version.source_hash) == {"sales.py": text}


def test_sources_and_versions_that_are_not_there_are_not_found(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.get_sources("0" * 64)
    with pytest.raises(NotFoundError):
        store.get_version("nonsense")
    with pytest.raises(NotFoundError):
        store.get_version_number("sales", 1)
    with pytest.raises(NotFoundError):
        store.get_dag("sales")


def test_a_broken_file_keeps_its_dags_and_shows_its_error(store: Store) -> None:
    recorded(store)
    broken = parsed(error="Traceback: \x00 boom", sources={"sales.py": "1/0"}, parsed_at=later(5))
    assert store.record_parsed([broken]) == {}
    found = store.get_dag("sales")
    assert (found.is_stale, found.has_import_errors) == (False, True)
    (error,) = store.list_file_errors(ALL).items
    assert (error.fileloc, error.timestamp) == ("/dags/sales.py", later(5))
    assert "boom" in error.stack_trace
    assert store.get_file_error(error.pk) == error
    assert store.known_files() == {"/dags/sales.py": hash_sources({"sales.py": "1/0"})}


def test_a_later_error_replaces_the_earlier_one_and_success_removes_it(store: Store) -> None:
    store.record_parsed([parsed(error="first")])
    store.record_parsed([parsed(error="second")])
    assert [error.stack_trace for error in store.list_file_errors(ALL).items] == ["second"]
    recorded(store)
    assert store.list_file_errors(ALL).total == 0
    with pytest.raises(NotFoundError):
        store.get_file_error(1)


def test_a_dag_that_left_its_file_is_stale_until_it_is_back(store: Store) -> None:
    store.record_parsed([parsed(spec("a"), spec("b"))])
    store.record_parsed([parsed(spec("a"))])
    assert store.get_dag("b").is_stale
    assert ids(store) == ["a"]
    assert ids(store, exclude_stale=False) == ["a", "b"]
    store.record_parsed([parsed(spec("a"), spec("b"))])
    assert ids(store) == ["a", "b"]


def test_the_dags_of_a_file_that_is_gone_are_stale_and_its_error_is_gone(store: Store) -> None:
    recorded(store)
    store.record_parsed([parsed(error="boom")])
    store.mark_files_gone(["/dags/sales.py", "/dags/never.py"])
    assert store.get_dag("sales").is_stale
    assert store.list_file_errors(ALL).total == 0
    assert store.known_files() == {}


def test_known_files_tell_the_hash_of_what_was_parsed(store: Store) -> None:
    recorded(store)
    store.record_parsed([parsed(fileloc="/dags/empty.py", sources={"empty.py": ""})])
    assert store.known_files() == {
        "/dags/sales.py": store.get_dag("sales").latest.source_hash,
        "/dags/empty.py": hash_sources({"empty.py": ""}),
    }


def test_a_new_dag_is_paused_unless_it_says_otherwise(store: Store) -> None:
    recorded(store, spec("default"))
    recorded(store, spec("active", is_paused_upon_creation=False))
    assert store.get_dag("default").is_paused
    assert not store.get_dag("active").is_paused


def test_pausing_gives_the_dags_that_changed_and_parsing_leaves_them_so(store: Store) -> None:
    recorded(store, spec("a"))
    recorded(store, spec("b", is_paused_upon_creation=False))
    assert store.set_paused(["a", "b", "nonsense"], False) == ["a"]
    store.record_parsed([parsed(spec("a", tasks=("other",)), fileloc="/dags/a.py")])
    assert not store.get_dag("a").is_paused
    assert store.set_paused(["a"], True) == ["a"]


def test_a_dag_that_a_partly_broken_file_gives_has_no_error(store: Store) -> None:
    recorded(store, spec("sales"))
    both = parsed(spec("good"), spec("sales"), error="DAG 'bad' is refused")
    store.record_parsed([both])
    later_on = parsed(spec("good"), error="DAG 'sales' is refused", parsed_at=later(5))
    store.record_parsed([later_on])
    assert not store.get_dag("good").has_import_errors
    assert store.get_dag("sales").has_import_errors
    assert not store.get_dag("sales").is_stale
    assert len(store.list_file_errors(ALL).items) == 1


def test_dags_are_filtered(store: Store) -> None:
    owned = {"t": TaskSpec(task_id="t", owner='data "team"')}
    recorded(store, spec("sales_eu", tags=("eu", "ml"), display_name="Verkäufe"))
    recorded(store, spec("sales_us", tags=("us", "ml"), is_paused_upon_creation=False))
    recorded(store, replace(spec("stock", tags=("eu",)), tasks=owned))
    broken = parsed(error="boom", fileloc="/dags/stock.py", parsed_at=later(5))
    store.record_parsed([broken])
    run = started(store, store.get_dag("stock").latest)
    store.set_run_state("stock", run.run_id, RunState.FAILED)
    assert ids(store) == ["sales_eu", "sales_us", "stock"]
    assert ids(store, dag_ids=["stock", "sales_us"]) == ["sales_us", "stock"]
    assert ids(store, dag_id_pattern="%SALES%") == ["sales_eu", "sales_us"]
    assert ids(store, dag_id_pattern="sales%") == ["sales_eu", "sales_us"]
    assert ids(store, dag_id_pattern="Sales%") == []
    assert ids(store, dag_id_pattern=r"sales\_u%") == ["sales_us"]
    assert ids(store, dag_id_pattern=r"sales\%%") == []
    assert ids(store, dag_id_pattern="%US%|sto%|x%") == ["sales_us", "stock"]
    assert ids(store, dag_id_pattern=r"%us\|sto%") == []
    assert ids(store, display_name_pattern="%käufe%") == ["sales_eu"]
    assert ids(store, tags=["eu", "us"]) == ["sales_eu", "sales_us", "stock"]
    assert ids(store, tags=["eu", "ml"], tags_match_all=True) == ["sales_eu"]
    assert ids(store, owners=['data "team"']) == ["stock"]
    assert ids(store, owners=["airflow", "nobody"]) == ["sales_eu", "sales_us"]
    assert ids(store, is_paused=False) == ["sales_us"]
    assert ids(store, has_import_errors=True) == ["stock"]
    assert ids(store, has_import_errors=False) == ["sales_eu", "sales_us"]
    assert ids(store, last_run_state=RunState.FAILED) == ["stock"]
    assert ids(store, bundle_name="other") == []
    assert ids(store, dag_ids=[]) == []


def test_dags_come_in_pages_and_orders(store: Store) -> None:
    for dag_id in ("a", "b", "c"):
        recorded(store, spec(dag_id))
    store.set_next_runs([NextRun(dag_id="b", run_after=NOON)])
    page = store.list_dags(DagFilter(), Window(limit=1, offset=1))
    assert ([record.dag_id for record in page.items], page.total) == (["b"], 3)
    for order, expected in (
        ("-dag_id", ["c", "b", "a"]),
        ("next_run_after", ["a", "c", "b"]),
        ("-next_run_after", ["b", "c", "a"]),
    ):
        page = store.list_dags(DagFilter(), Window(order_by=(order,)))
        assert [record.dag_id for record in page.items] == expected
    with pytest.raises(InvalidInputError, match="Cannot sort by 'colour'"):
        store.list_dags(DagFilter(), Window(order_by=("colour",)))


def test_tags_in_use_are_listed_once(store: Store) -> None:
    recorded(store, spec("a", tags=("ml", "eu")))
    recorded(store, spec("b", tags=("ml",)))
    recorded(store, spec("gone", tags=("old",)))
    store.mark_files_gone(["/dags/gone.py"])
    assert list(store.list_tags(None, ALL).items) == ["eu", "ml"]
    page = store.list_tags("%M%", ALL)
    assert (list(page.items), page.total) == (["ml"], 1)
    store.record_parsed([parsed(spec("b"), fileloc="/dags/b.py")])
    store.record_parsed([parsed(spec("a", tags=("eu",)), fileloc="/dags/a.py")])
    assert list(store.list_tags(None, Window(order_by=("-name",))).items) == ["eu"]


def test_a_deleted_dag_takes_its_history_with_it(store: Store) -> None:
    version = recorded(store)
    run = started(store, version)
    store.set_run_state("sales", run.run_id, RunState.SUCCESS)
    store.create_run(new_run(version, "waiting"))
    store.delete_dag("sales")
    for gone in (
        lambda: store.get_dag("sales"),
        lambda: store.get_run("sales", run.run_id),
        lambda: store.get_version_number("sales", 1),
        lambda: store.load_run(run.pk),
        lambda: store.delete_dag("sales"),
    ):
        with pytest.raises(NotFoundError):
            gone()
    assert recorded(store).number == 1


def test_a_dag_with_a_live_task_is_not_deleted(store: Store) -> None:
    run = started(store, recorded(store))
    changed(store, run, TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.RUNNING))
    with pytest.raises(ConflictError, match="task 'load' of 'sales' is running"):
        store.delete_dag("sales")
    assert store.get_dag("sales").dag_id == "sales"


def test_of_a_dag_that_two_files_of_a_batch_define_the_last_one_counts(store: Store) -> None:
    first = parsed(spec(tasks=("a",)), fileloc="/dags/one.py")
    second = parsed(spec(tasks=("b",)), fileloc="/dags/two.py")
    version = store.record_parsed([first, second])["sales"]
    assert (version.number, version.fileloc) == (2, "/dags/two.py")
    found = store.get_dag("sales")
    assert (found.fileloc, found.latest, found.is_stale) == ("/dags/two.py", version, False)
    assert store.get_version_number("sales", 1).fileloc == "/dags/one.py"


def test_a_dag_that_moved_to_another_file_in_a_batch_is_not_stale(store: Store) -> None:
    recorded(store)
    store.record_parsed([parsed(spec(), fileloc="/dags/new.py"), parsed()])
    found = store.get_dag("sales")
    assert (found.fileloc, found.is_stale) == ("/dags/new.py", False)


def test_why_a_dag_was_paused_is_kept_until_it_is_unpaused(store: Store) -> None:
    recorded(store)
    store.set_paused(["sales"], False)
    store.set_paused(["sales"], True, reason="Its last 2 runs failed.")
    assert store.get_dag("sales").pause_reason == "Its last 2 runs failed."
    assert not store.set_paused(["sales"], True, reason="Somebody else.")
    assert store.get_dag("sales").pause_reason == "Its last 2 runs failed."
    store.set_paused(["sales"], False)
    assert store.get_dag("sales").pause_reason == ""
    store.set_paused(["sales"], True)
    assert store.get_dag("sales").pause_reason == ""


@pytest.mark.parametrize(("floats", "follows"), [(True, True), (False, False), (None, False)])
def test_unfinished_runs_go_on_with_the_newest_version_where_the_dag_says_so(
    store: Store, floats: bool | None, follows: bool
) -> None:
    details = {} if floats is None else {"disable_bundle_versioning": floats}
    first = store.record_parsed([parsed(spec(details=details))])["sales"]
    other = recorded(store, spec("other"))
    runs = [store.create_run(new_run(first, run_id)) for run_id in ("going", "over")]
    kept = store.create_run(new_run(other, "kept"))
    store.set_run_state("sales", "over", RunState.FAILED)
    store.take_notices()
    changed = spec(tasks=("load", "train", "tell"), details=details)
    second = store.record_parsed([parsed(changed)])["sales"]
    going, over = (store.get_run("sales", run.run_id) for run in runs)
    assert going.version_id == (second if follows else first).version_id
    assert going.revision == runs[0].revision + follows
    assert over.version_id == first.version_id
    assert store.get_run("other", "kept") == kept
    told = [notice.subject for notice in store.take_notices() if notice.kind == "run_edited"]
    assert told == ([str(going.pk)] if follows else [])
