from __future__ import annotations

import os
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.store.making import NOON, later, parsed, recorded, spec, started

from slipstream.model.changes import RunChanged
from slipstream.model.errors import InvalidInputError, NotFoundError
from slipstream.model.run import DagRun, TaskKey
from slipstream.model.states import RunState, RunType
from slipstream.model.version import DagVersion
from slipstream.store import open_store
from slipstream.store.interface import Store
from slipstream.store.records import RunFilter, RunWrite, VariableRecord, Window
from slipstream.store.schema import HEAD

ALL = Window(limit=1000)


def over(store: Store, version: DagVersion, run_id: str, ended: float, **fields: object) -> DagRun:
    """A run that ended so many seconds after noon."""
    run = started(store, version, run_id, **fields)
    end = RunChanged(replace(run, state=RunState.SUCCESS, end_date=later(ended)))
    store.apply([RunWrite(run.pk, run.revision, [end])])
    return run


def run_ids(store: Store) -> list[str]:
    """The runs that are left."""
    return [run.run_id for run in store.list_runs(RunFilter(), ALL).items]


def test_a_store_that_can_be_reached_passes_its_check(store: Store) -> None:
    store.check()


@pytest.mark.timeout(30)
def test_a_store_that_was_never_used_can_be_reset(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path}/new.db", xcom_url=str(tmp_path))) as new:
        new.reset()
        assert new.schema_revision() == HEAD


def test_a_reset_store_is_as_good_as_new(store: Store) -> None:
    recorded(store)
    store.set_variable(VariableRecord(key="k", value="v"))
    store.reset()
    assert store.get_variable("k") is None
    assert store.get_pool("default_pool") is not None
    assert recorded(store).number == 1


def test_old_runs_go_with_all_that_hangs_on_them(store: Store) -> None:
    version = recorded(store)
    old = over(store, version, "old", 10)
    over(store, version, "new", 20)
    started(store, version, "running")
    store.set_xcom(old.pk, TaskKey("load"), "k", "1", None)
    expected = {
        "dag_run": 1,
        "task_instance": 2,
        "attempt": 0,
        "xcom": 1,
        "hitl_detail": 0,
        "rendered_fields": 0,
        "task_state_store": 0,
    }
    assert store.clean(later(20), tables=["dag_run"], dry_run=True) == expected
    assert run_ids(store) == ["old", "new", "running"]
    assert store.clean(later(20), tables=["dag_run"], dry_run=False) == expected
    assert run_ids(store) == ["new", "running"]
    with pytest.raises(NotFoundError):
        store.load_run(old.pk)


def test_the_newest_run_of_a_timetable_stays_however_old(store: Store) -> None:
    version = recorded(store)
    for number in range(3):
        over(
            store,
            version,
            f"run{number}",
            10 + number,
            run_type=RunType.SCHEDULED,
            run_after=later(number),
        )
    store.clean(later(3600), tables=["dag_run"], dry_run=False)
    assert run_ids(store) == ["run2"]
    last = store.last_scheduled_run("sales")
    assert last is not None
    assert last.run_id == "run2"


def test_more_runs_go_than_one_transaction_takes(store: Store) -> None:
    version = recorded(store, spec(tasks=("load",)))
    for number in range(205):
        over(store, version, f"run{number}", 1)
    assert store.clean(later(2), tables=["dag_run"], dry_run=False)["dag_run"] == 205
    assert run_ids(store) == []


def test_one_kind_of_history_can_go_alone(store: Store) -> None:
    run = over(store, recorded(store), "old", 10)
    store.set_xcom(run.pk, TaskKey("load"), "k", "1", None)
    assert store.clean(later(20), tables=["xcom"], dry_run=False) == {"xcom": 1}
    assert len(store.load_run(run.pk).instances) == 2


def test_only_what_some_dags_left_goes(store: Store) -> None:
    for dag_id in ("sales", "stock", "staff"):
        run = over(store, recorded(store, spec(dag_id)), f"of_{dag_id}", 10)
        store.set_xcom(run.pk, TaskKey("load"), "k", "1", None)
    store.heartbeat("scheduler", "host", 1)
    far = later(20) + timedelta(days=36500)

    def clean(**fields: object) -> dict[str, int]:
        removed = store.clean(far, tables=None, **fields)  # type: ignore[arg-type]  # its own
        return {table: rows for table, rows in removed.items() if rows}

    counted = clean(dag_ids=["sales", "stock"], dry_run=True)
    assert counted == {"dag_run": 2, "task_instance": 4, "xcom": 2}
    assert clean(dag_ids=["sales"], dry_run=False) == {
        "dag_run": 1,
        "task_instance": 2,
        "xcom": 1,
    }
    assert run_ids(store) == ["of_stock", "of_staff"]
    assert clean(exclude_dag_ids=["staff"], dry_run=False)["dag_run"] == 1
    assert run_ids(store) == ["of_staff"]
    assert clean(dry_run=False)["job"] == 1  # It belongs to no DAG: it stayed until now.


def test_what_goes_can_be_kept_in_archives(store: Store) -> None:
    version = recorded(store)
    for number in range(5):
        run = over(store, version, f"run{number}", 10)
        store.set_xcom(run.pk, TaskKey("load"), "k", f"'{number}'", None)
    removed = store.clean(later(20), tables=["dag_run"], dry_run=False, batch_size=2, archive=True)
    assert removed["dag_run"] == 5
    found = store.list_archives(None)
    assert [name.split("__")[1] for name in found] == ["dag_run", "task_instance", "xcom"]
    (xcoms,) = store.list_archives(["xcom", "pool"])
    header, *rows = store.read_archive(xcoms)
    assert {row[list(header).index("value")] for row in rows} == {f"'{one}'" for one in range(5)}
    store.drop_archives([xcoms])
    assert [name.split("__")[1] for name in store.list_archives(None)] == [
        "dag_run",
        "task_instance",
    ]
    with pytest.raises(ValueError, match="is no archive"):
        store.drop_archives(["pool"])
    store.reset()
    assert store.list_archives(None) == []


def test_counting_and_finding_nothing_leave_no_archives(store: Store) -> None:
    over(store, recorded(store), "old", 10)
    store.clean(later(20), tables=None, dry_run=True, archive=True)
    store.clean(NOON, tables=None, dry_run=False, archive=True)
    assert store.list_archives(None) == []


def test_versions_and_sources_go_when_nothing_needs_them(store: Store) -> None:
    needed = recorded(store)
    over(store, needed, "old", 10)
    unneeded = store.record_parsed([parsed(spec(tasks=("a",)), sources={"sales.py": "2"})])["sales"]
    latest = store.record_parsed([parsed(spec(tasks=("b",)), sources={"sales.py": "3"})])["sales"]
    tables = ["dag_version", "dag_source"]
    before = NOON + timedelta(days=1)
    assert store.clean(before, tables=tables, dry_run=False) == {
        "dag_version": 1,
        "dag_source": 1,
        "source_text": 1,
    }
    assert [version.number for version in store.list_versions("sales", ALL).items] == [3, 1]
    for version in (needed, latest):
        assert store.get_sources(version.source_hash)
    with pytest.raises(NotFoundError):
        store.get_sources(unneeded.source_hash)


def test_objects_go_when_no_xcom_refers_to_them_and_they_are_not_new(
    store: Store, tmp_path: Path
) -> None:
    run = over(store, recorded(store), "old", 10)
    texts = {name: '"' + name * 100_000 + '"' for name in ("a", "b", "c")}
    for name, text in texts.items():
        store.set_xcom(run.pk, TaskKey("load"), name, text, None)
    for name in ("b", "c"):
        store.delete_xcom(run.pk, TaskKey("load"), name)
    objects = {path.read_text()[1]: path for path in _files(tmp_path / "xcom")}
    for name in ("a", "b"):
        os.utime(objects[name], (0, 0))
    assert store.clean(later(0), tables=["xcom_object"], dry_run=True) == {"xcom_object": 1}
    assert store.clean(later(0), tables=["xcom_object"], dry_run=False) == {"xcom_object": 1}
    assert set(_files(tmp_path / "xcom")) == {objects["a"], objects["c"]}


def test_jobs_that_were_last_heard_of_long_ago_go(store: Store) -> None:
    store.heartbeat("scheduler", "host", 1)
    assert store.clean(later(0), tables=["job"], dry_run=False) == {"job": 0}
    far = NOON + timedelta(days=36500)
    assert store.clean(far, tables=["job"], dry_run=False) == {"job": 1}
    assert list(store.health()) == []


def test_cleaning_without_tables_cleans_all_of_them(store: Store) -> None:
    over(store, recorded(store), "old", 10)
    counts = store.clean(later(20), tables=None, dry_run=False)
    assert (counts["dag_run"], counts["task_instance"]) == (1, 2)
    assert {"dag_version", "dag_source", "job", "xcom_object"} <= set(counts)


def test_an_unknown_table_is_refused(store: Store) -> None:
    with pytest.raises(InvalidInputError, match="Cannot clean dag, log: choose among dag_run"):
        store.clean(NOON, tables=["log", "dag"], dry_run=False)


def _files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]
