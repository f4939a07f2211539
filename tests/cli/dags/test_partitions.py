"""`slipstream partitions clear`, and dry runs of clearing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.cli.conftest import Slipstream
from tests.store.making import recorded, spec, started

from slipstream.model.states import TaskState
from slipstream.store.interface import InstanceFilter, Store


@pytest.fixture
def days(store: Store) -> None:
    """Three days with a run each that has succeeded, and a run about nothing."""
    version = recorded(store, spec())
    for day in (1, 2, 3):
        at = datetime(2026, 1, day, tzinfo=UTC)
        started(store, version, f"r{day}", partition_key=f"2026-01-0{day}", partition_date=at)
    started(store, version, "plain")
    for entry in list(store.iterate_instances(InstanceFilter())):
        store.set_instances_state(entry.run.pk, [entry.instance.key], TaskState.SUCCESS)


def partitions(store: Store) -> dict[str, str | None]:
    dag_id = spec().dag_id
    runs = [store.get_run(dag_id, run_id) for run_id in ("r1", "r2", "r3", "plain")]
    return {run.run_id: run.partition_key for run in runs}


def clear(slipstream: Slipstream, *options: str) -> str:
    done = slipstream("partitions", "clear", "--dag-id", spec().dag_id, *options)
    assert done.code == 0, done.err
    return done.out


@pytest.mark.usefixtures("days")
@pytest.mark.parametrize(
    ("options", "left"),
    [
        (["--partition-key", "2026-01-02"], {"r1", "r3"}),
        (["--run-id", "r1"], {"r2", "r3"}),
        (["--start-date", "2026-01-02"], {"r1"}),
        (["--date", "2026-01-01~2026-01-02"], {"r3"}),
        (["--end-date", "2025-12-31"], {"r1", "r2", "r3"}),
    ],
)
def test_the_chosen_runs_are_about_no_partition_any_more(
    slipstream: Slipstream, store: Store, options: list[str], left: set[str]
) -> None:
    clear(slipstream, *options)
    assert {run for run, key in partitions(store).items() if key is not None} == left


@pytest.mark.usefixtures("days")
def test_a_dry_run_says_what_would_be_and_leaves_everything(
    slipstream: Slipstream, store: Store
) -> None:
    before = partitions(store)
    out = clear(slipstream, "--start-date", "2026-01-02", "--clear-task-instances", "--dry-run")
    number = len(spec().tasks)
    assert f"Would clear {2 * number} task instances of 2 runs." in out
    assert "r2: partition_key='2026-01-02'" in out
    assert partitions(store) == before


@pytest.mark.usefixtures("days")
def test_tasks_of_the_runs_run_again_where_that_is_asked_for(
    slipstream: Slipstream, store: Store
) -> None:
    clear(slipstream, "--run-id", "r2", "--clear-task-instances")
    found = store.iterate_instances(InstanceFilter(states=[TaskState.NONE]))
    assert {entry.run.run_id for entry in found} == {"r2"}
    # It is about nothing already; its tasks are cleared all the same.
    out = clear(slipstream, "--run-id", "r2", "--clear-task-instances")
    assert "Cleared the partitions of 0 runs." in out


@pytest.mark.usefixtures("days")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ([], "in one way"),
        (["--run-id", "r1", "--partition-key", "k"], "in one way"),
        (["--date", "2026-01-01"], "expected FROM~TO"),
        (["--date", "2026-01-01~2026-01-02", "--end-date", "2026-01-03"], "cannot be combined"),
        (["--date", "2026-01-03~2026-01-02"], "is after the last"),
        (["--start-date", "2026-02-30"], "is not a moment"),
    ],
)
def test_choices_that_make_no_sense_are_refused(
    slipstream: Slipstream, options: list[str], says: str
) -> None:
    done = slipstream("partitions", "clear", "--dag-id", spec().dag_id, *options)
    assert done.code == 2
    assert says in done.err


@pytest.mark.usefixtures("days")
def test_runs_that_match_nothing_are_said_so(slipstream: Slipstream) -> None:
    assert "matches" in clear(slipstream, "--partition-key", "never")


@pytest.mark.usefixtures("days")
@pytest.mark.parametrize("words", [("dags", "clear"), ("tasks", "clear")])
def test_a_dry_run_of_clearing_lists_the_instances_and_leaves_them(
    slipstream: Slipstream, store: Store, words: tuple[str, str]
) -> None:
    done = slipstream(*words, spec().dag_id, "--dry-run")
    assert done.code == 0, done.err
    assert "r2" in done.out
    assert f"{4 * len(spec().tasks)} task instances of 4 runs would run again." in done.out
    assert {e.instance.state for e in store.iterate_instances(InstanceFilter())} == {
        TaskState.SUCCESS
    }
