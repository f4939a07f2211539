"""The same command line says the same of a home and of the server that runs on it."""

from __future__ import annotations

import json
import re

import pytest
from tests.cli.conftest import Done, Slipstream

from slipstream.store.component_records import JobState
from slipstream.store.event_records import Door, NewEvent
from slipstream.store.interface import PoolRecord, Store, VariableRecord
from slipstream.store.records import ConnectionRecord

READING = [
    "approvals list",
    "assets list",
    "assets details --name nothing",
    "audit list -o json",
    "audit list --user bob --event cli_pools_set --event alert_failed -o yaml",
    "audit list --since 2026-01-02 --until 2026-01-03 -o plain",
    "audit list --limit -1",
    "audit list --since yesterday",
    "auth list-tokens -u vic",
    "backfill create --dag-id sales --from-date 2026-01-01 --to-date 2026-01-03 --dry-run",
    "backfill list --dag-id sales",
    "connections get nothing",
    "connections get warehouse -o json",
    "connections list -o json",
    "connections list --show-values --hide-sensitive -o json",
    "dags list -o json",
    "dags list --columns dag_id,tags,timetable_summary,version_number,owners -o plain",
    "dags list --columns nothing",
    "dags list-import-errors",
    "dags list-runs sales -o json",
    "dags list-runs sales --state running -o json",
    "dags list-runs sales --start-date 2026-01-01 --end-date 2026-01-02 -o yaml",
    "dags list-jobs -o json",
    "dags list-jobs --state running --limit 1 -o json",
    "dags list-jobs --limit 0",
    "dags list-jobs --dag-id sales",
    "dags report -o json",
    "dags show-dependencies",
    "dags show-dependencies --save all.png",
    "dags show sales",
    "dags state sales mine",
    "dags state sales 2026-01-02",
    "dags state sales nothing",
    "jobs check",
    "pools export -",
    "pools get nothing",
    "pools list -o json",
    "roles export -",
    "roles list -o json",
    "tasks failed-deps sales clean mine",
    "tasks list sales",
    "tasks list sales -B dags-folder",
    "tasks list sales -B other",
    "tasks state sales clean mine -B other",
    "tasks clear s -R --yes -B other",
    "tasks state sales clean mine",
    "tasks states-for-dag-run sales mine -o json",
    "users export -",
    "users list -o json",
    "variables get nothing",
    "variables get nothing --default x",
    "variables get region",
    "variables get limits --json",
    "variables export -",
    "variables list -o json",
    "version",
    "why sales mine report",
    "why sales mine nothing",
    "why sales waiting report",
]


_AGE = re.compile(r" \(\d+ s\)")
_EVENTS = ("cli_pools_set", "alert_failed", "cli_dags_pause")


@pytest.fixture
def _settled(store: Store, failed_run: str, slipstream: Slipstream) -> None:
    """Something of everything."""
    del failed_run
    store.heartbeat("triggerer", "box", 3)
    store.end_jobs("box", 3, JobState.SUCCESS)
    store.heartbeat("scheduler", "box", 4)
    slipstream("dags", "trigger", "sales", "--run-id", "waiting")
    store.set_pool(PoolRecord(name="narrow", slots=2, description="For one", include_deferred=True))
    store.set_variable(VariableRecord(key="region", value="north", description="Where"))
    store.set_variable(VariableRecord(key="limits", value='{"day": 3}', description=None))
    for number, owner in enumerate(["bob", None, "bob"]):
        details = {"arguments": {"number": number}}
        event = NewEvent(event=_EVENTS[number], owner=owner, door=Door.CLI, details=details)
        store.log_event(event)
    store.set_connection(
        ConnectionRecord(
            conn_id="warehouse", conn_type="postgres", host="db", login="ada", password="pw", port=5
        )
    )


@pytest.mark.usefixtures("_settled")
@pytest.mark.parametrize("noun", sorted({line.split()[0] for line in READING}))
def test_a_server_says_what_its_home_says(
    slipstream: Slipstream, remote: Slipstream, noun: str
) -> None:
    differ = {}
    for line in (line for line in READING if line.split()[0] == noun):
        here, there = slipstream(*line.split()), remote(*line.split())
        if (here.code, _plain(here)) != (there.code, _plain(there)):
            differ[line] = (here, there)
    assert not differ


@pytest.mark.usefixtures("_settled")
def test_the_details_of_a_dag_are_those_of_its_home(
    slipstream: Slipstream, remote: Slipstream
) -> None:
    here = slipstream("dags", "details", "sales", "-o", "json").json
    there = remote("dags", "details", "sales", "-o", "json").json
    assert isinstance(here, dict)
    assert isinstance(there, dict)
    # Why it is paused, and why it has no schedule, is not among what Airflow's API tells.
    assert set(here) - set(there) == {"pause_reason", "schedule_problem"}
    assert there == {name: here[name] for name in there}


def _plain(done: Done) -> tuple[object, str]:
    """What was printed: keys of JSON in any order, and of errors what a server says of itself,
    too, left out. Ages go on from one question to the next: the moments beside them speak."""
    try:
        shown: object = json.loads(done.out)
    except ValueError:
        shown = _AGE.sub(" (…)", done.out)
    return shown, "error" if done.code else done.err
