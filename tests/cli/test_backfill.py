"""`slipstream backfill`."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Slipstream

from slipstream.store.interface import Store

pytestmark = pytest.mark.usefixtures("sales")

RANGE = ("--dag-id", "sales", "--from-date", "2026-01-01", "--to-date", "2026-01-04")


def test_a_dry_run_shows_the_dates_and_creates_nothing(
    slipstream: Slipstream, store: Store
) -> None:
    done = slipstream("backfill", "create", *RANGE, "--dry-run", "-o", "json")
    assert [row["logical_date"] for row in done.json] == [
        f"2026-01-0{day}T06:00:00+00:00" for day in (1, 2, 3)
    ]
    assert store.open_backfills() == []


def test_a_backfill_is_created_paused_and_cancelled(slipstream: Slipstream, store: Store) -> None:
    done = slipstream("backfill", "create", *RANGE, "--run-backwards", "-o", "json")
    (row,) = done.json
    assert (row["state"], row["runs"], row["waiting"]) == ("running", "none yet", 3)
    assert "sales is paused: the backfill waits" in done.err
    number = str(row["id"])
    version = store.get_dag("sales").latest.version_id
    store.advance_backfill(row["id"], version, 1)
    (row,) = slipstream("backfill", "list", "--dag-id", "sales", "-o", "json").json
    assert (row["runs"], row["waiting"]) == ("1 queued", 2)
    assert slipstream("backfill", "pause", number, "-o", "json").json[0]["state"] == "paused"
    assert slipstream("backfill", "unpause", number, "-o", "json").json[0]["state"] == "running"
    (row,) = slipstream("backfill", "cancel", number, "-o", "json").json
    assert (row["state"], row["runs"]) == ("cancelled", "2 cancelled, 1 failed")
    done = slipstream("backfill", "pause", number)
    assert (done.code, done.err) == (1, "slipstream: Backfill is already completed.\n")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--dag-id", "nothing"], "nothing"),
        (["--from-date", "yesterday"], "is not a moment"),
        (["--to-date", "2025-01-01"], "must not be after to_date"),
        (["--to-date", "2026-02-30"], "not a moment: day is out of range for month"),
        (["--dag-run-conf", "{"], "--dag-run-conf is not JSON"),
        (["--max-active-runs", "0"], "max_active_runs is 0; expected at least 1"),
        (["--from-date", "2026-01-01T07:00", "--to-date", "2026-01-01T08:00"], "No runs to create"),
    ],
)
def test_what_cannot_be_is_told(slipstream: Slipstream, options: list[str], says: str) -> None:
    done = slipstream("backfill", "create", *RANGE, *options)
    assert done.code in (1, 2)
    assert says in done.err
