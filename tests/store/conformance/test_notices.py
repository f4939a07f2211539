from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from tests.store.making import NOON, changed, new_run, parsed, recorded, spec, started

from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import RunState, RunType, TaskState
from slipstream.store.interface import Store
from slipstream.store.records import NewRun, NoticeKind, PoolRecord
from slipstream.store.wakeups import Topic


def taken(store: Store) -> list[tuple[NoticeKind, str]]:
    """What the notices say that have been left since the last time."""
    return [(notice.kind, notice.subject) for notice in store.take_notices()]


@pytest.mark.simulated
def test_notices_are_taken_once_and_oldest_first(store: Store) -> None:
    version = recorded(store)
    runs = [store.create_run(new_run(version, f"run{number}")) for number in range(3)]
    first = store.take_notices(limit=2)
    assert [notice.kind for notice in first] == [NoticeKind.DAG_CHANGED, NoticeKind.RUN_CREATED]
    assert taken(store) == [(NoticeKind.RUN_CREATED, str(run.pk)) for run in runs[1:]]
    assert taken(store) == []


@pytest.mark.simulated
@pytest.mark.parametrize(
    ("edit", "kind", "subject"),
    [
        (lambda store, run: store.set_paused(["sales"], False), NoticeKind.DAG_CHANGED, "sales"),
        (
            lambda store, run: store.mark_files_gone(["/dags/sales.py"]),
            NoticeKind.DAG_CHANGED,
            "sales",
        ),
        (
            lambda store, run: store.clear_instances(run.pk, [TaskKey("load")]),
            NoticeKind.RUN_EDITED,
            "1",
        ),
        (
            lambda store, run: store.set_instances_state(
                run.pk, [TaskKey("load")], TaskState.SUCCESS
            ),
            NoticeKind.RUN_EDITED,
            "1",
        ),
        (
            lambda store, run: store.set_run_state("sales", "first", RunState.FAILED),
            NoticeKind.RUN_EDITED,
            "1",
        ),
        (
            lambda store, run: store.set_pool(PoolRecord(name="gpu", slots=2)),
            NoticeKind.POOL_CHANGED,
            "gpu",
        ),
    ],
)
def test_an_edit_leaves_a_notice(
    store: Store, edit: Callable[[Store, object], object], kind: NoticeKind, subject: str
) -> None:
    run = started(store, recorded(store))
    store.take_notices()
    edit(store, run)
    assert taken(store) == [(kind, subject)]


@pytest.mark.simulated
def test_deleting_a_run_leaves_a_notice(store: Store) -> None:
    run = store.create_run(new_run(recorded(store)))
    store.take_notices()
    store.delete_run("sales", "first")
    assert taken(store) == [(NoticeKind.RUN_DELETED, str(run.pk))]


@pytest.mark.simulated
def test_what_changes_nothing_leaves_no_notice(store: Store) -> None:
    run = started(store, recorded(store))
    store.take_notices()
    store.set_paused(["sales"], True)
    store.record_parsed([parsed(spec())])
    store.clear_instances(run.pk, [TaskKey("load")], dry_run=True)
    store.set_run_note("sales", "first", "hello", "ada")
    changed(store, run, TaskInstance(run_pk=run.pk, task_id="load", state=TaskState.QUEUED))
    assert taken(store) == []


@pytest.mark.simulated
def test_a_listener_is_woken_after_the_commit(store: Store) -> None:
    version = recorded(store)
    woken = threading.Event()
    stop = store.listen(woken.set, Topic.NOTICES)
    woken.clear()
    run = store.create_run(new_run(version))
    assert woken.wait(timeout=20)
    assert (NoticeKind.RUN_CREATED, str(run.pk)) in taken(store)
    stop()


@pytest.mark.simulated
def test_a_refused_verb_wakes_nobody(store: Store) -> None:
    version = recorded(store)
    store.create_run(new_run(version))
    store.take_notices()
    calls: list[None] = []
    stop = store.listen(lambda: calls.append(None), Topic.NOTICES)
    before = len(calls)
    with pytest.raises(LookupError):
        store.create_run(
            NewRun(
                dag_id="sales",
                run_id="other",
                run_type=RunType.MANUAL,
                version_id="nonsense",
                run_after=NOON,
                triggered_by="cli",
            )
        )
    assert taken(store) == []
    stop()
    assert len(calls) == before


@pytest.mark.simulated
def test_after_the_undo_nobody_is_woken(store: Store) -> None:
    version = recorded(store)
    calls: list[None] = []
    store.listen(lambda: calls.append(None), Topic.NOTICES)()
    calls.clear()
    store.create_run(new_run(version))
    assert calls == []
