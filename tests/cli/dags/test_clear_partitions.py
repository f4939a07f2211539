"""`slipstream dags clear` by partition."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.cli.conftest import Slipstream
from tests.store.making import parsed, started

from slipstream.model.schedule import CronPartition
from slipstream.model.states import TaskState
from slipstream.store.interface import InstanceFilter, Store

pytestmark = pytest.mark.usefixtures("sales")


@pytest.fixture
def days(store: Store, sales: object) -> None:
    """Three days of Taipei, whose midnight is at 16:00 UTC, each with its run."""
    spec = replace(
        store.get_dag("sales").latest.spec,
        schedule=CronPartition(expression="0 0 * * *", timezone="Asia/Taipei"),
    )
    store.record_parsed([parsed(spec, fileloc="/dags/sales.py", sources={"sales.py": "changed"})])
    version = store.get_dag("sales").latest
    for day in (1, 2, 3):
        at = datetime(2026, 1, day, 16, tzinfo=UTC)
        key = f"2026-01-0{day + 1}"
        run = started(store, version, f"r{day}", partition_key=key, partition_date=at)
        entries = list(store.iterate_instances(InstanceFilter(run_ids=[run.run_id])))
        keys = [entry.instance.key for entry in entries]
        store.set_instances_state(run.pk, keys, TaskState.SUCCESS)


def cleared(store: Store) -> set[str]:
    found = store.iterate_instances(InstanceFilter(dag_ids=["sales"]))
    return {entry.run.run_id for entry in found if entry.instance.state is TaskState.NONE}


@pytest.mark.usefixtures("days")
@pytest.mark.parametrize(
    ("options", "runs"),
    [
        (["--partition-key", "2026-01-03"], {"r2"}),
        (["--partition-key", "2026-01-09"], set()),
        (["--partition-date-start", "2026-01-03"], {"r2", "r3"}),
        (
            ["--partition-date-start", "2026-01-02", "--partition-date-end", "2026-01-03"],
            {"r1", "r2"},
        ),
        (["--run-id", "r3"], {"r3"}),
    ],
)
def test_runs_are_chosen_by_partition(
    slipstream: Slipstream, store: Store, options: list[str], runs: set[str]
) -> None:
    done = slipstream("dags", "clear", "sales", *options, "--yes")
    assert done.code == 0, done.err
    assert cleared(store) == runs


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--partition-key", "a", "--run-id", "b"], "exclude each other"),
        (
            ["--partition-date-start", "2026-01-03", "--partition-date-end", "2026-01-02"],
            "must be on or before",
        ),
    ],
)
def test_choices_that_make_no_sense_are_refused(
    slipstream: Slipstream, options: list[str], says: str
) -> None:
    done = slipstream("dags", "clear", "sales", *options, "--yes")
    assert done.code == 2
    assert says in done.err
