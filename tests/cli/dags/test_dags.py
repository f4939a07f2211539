"""`slipstream dags`, on DAGs that were parsed before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.cli.conftest import Slipstream
from tests.store.making import parsed

from slipstream.model.dag import DagSpec
from slipstream.model.schedule import CronPartition
from slipstream.model.version import ParsedFile
from slipstream.store.interface import Store
from slipstream.store.records import NoticeKind

pytestmark = pytest.mark.usefixtures("sales")


def test_the_list_has_airflows_columns(slipstream: Slipstream) -> None:
    assert slipstream("dags", "list", "-o", "json").json == [
        {
            "dag_id": "sales",
            "fileloc": "/dags/sales.py",
            "owners": ["ada", "bob"],
            "is_paused": True,
            "bundle_name": "dags-folder",
            "bundle_version": None,
        }
    ]


def test_columns_can_be_chosen(slipstream: Slipstream) -> None:
    done = slipstream("dags", "list", "--columns", "dag_id,tags,timetable_summary", "-o", "plain")
    assert done.out.splitlines()[1].split(maxsplit=2) == ["sales", "daily", "0 6 * * *"]
    assert slipstream("dags", "list", "--columns", "nonsense").code == 2


def test_other_bundles_can_be_left_out(slipstream: Slipstream) -> None:
    assert slipstream("dags", "list", "--bundle-name", "other", "-o", "json").json == []


def test_details_show_params_and_tasks(slipstream: Slipstream) -> None:
    details = slipstream("dags", "details", "sales", "-o", "json").json
    assert details["task_ids"] == ["load", "clean", "report"]
    assert details["params"]["day"]["value"] == 1
    assert (details["dag_display_name"], details["timetable_periodic"]) == ("sales", True)


def test_the_report_counts_what_a_file_holds(slipstream: Slipstream) -> None:
    assert slipstream("dags", "report", "-o", "json").json == [
        {
            "bundle_name": "dags-folder",
            "file": "sales.py",
            "duration": 0.25,
            "dag_num": 1,
            "task_num": 3,
            "dags": ["sales"],
        }
    ]


def test_import_errors_are_listed_with_exit_code_1(slipstream: Slipstream, store: Store) -> None:
    assert slipstream("dags", "list-import-errors").code == 0
    broken = ParsedFile(
        fileloc="/dags/broken.py",
        relative_fileloc="broken.py",
        error="SyntaxError: invalid syntax",
        parsed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    store.record_parsed([broken])
    done = slipstream("dags", "list-import-errors", "-o", "json")
    assert done.code == 1
    assert done.json[0]["filepath"] == "/dags/broken.py"
    assert "SyntaxError" in done.json[0]["error"]


@pytest.mark.parametrize("words", [["details"], ["show"], ["trigger"], ["pause"], ["delete", "-y"]])
def test_an_unknown_dag_is_one_line(slipstream: Slipstream, words: list[str]) -> None:
    done = slipstream("dags", words[0], "nonsense", *words[1:])
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "slipstream dags list" in done.err


def test_pausing_is_seen_and_told_to_the_scheduler(slipstream: Slipstream, store: Store) -> None:
    store.take_notices()
    done = slipstream("dags", "unpause", "sales", "-o", "json")
    assert done.json == [{"dag_id": "sales", "is_paused": False}]
    assert not store.get_dag("sales").is_paused
    assert [notice.kind for notice in store.take_notices()] == [NoticeKind.DAG_CHANGED]
    assert slipstream("dags", "pause", "sa.*", "--treat-dag-id-as-regex").code == 0
    assert store.get_dag("sales").is_paused


def test_a_pattern_that_matches_nothing_is_an_error(slipstream: Slipstream) -> None:
    assert slipstream("dags", "pause", "x.*", "--treat-dag-id-as-regex").code == 1
    assert slipstream("dags", "pause", "(", "--treat-dag-id-as-regex").code == 2


def trigger(slipstream: Slipstream, *words: str) -> str:
    """The id of the run that was made."""
    done = slipstream("dags", "trigger", "sales", "-o", "json", *words)
    assert done.code == 0, done.err
    run_id: str = done.json[0]["dag_run_id"]
    return run_id


def test_a_trigger_makes_a_run_and_tells_the_scheduler(
    slipstream: Slipstream, store: Store
) -> None:
    store.take_notices()
    run_id = trigger(slipstream, "--conf", '{"day": 3}', "--logical-date", "2026-02-01")
    run = store.get_run("sales", run_id)
    assert run.conf == {"day": 3}
    assert run.logical_date == datetime(2026, 2, 1, tzinfo=UTC)
    assert run.run_id == "manual__2026-02-01T00:00:00+00:00"
    assert [notice.kind for notice in store.take_notices()] == [NoticeKind.RUN_CREATED]


def test_a_trigger_of_a_paused_dag_says_that_it_waits(slipstream: Slipstream) -> None:
    assert "dags unpause sales" in slipstream("dags", "trigger", "sales").err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--conf", "{"], 2),
        (["--conf", "[1]"], 2),
        (["--conf", '{"day": "many"}'], 1),
        (["--logical-date", "soon"], 2),
        (["--run-id", "not allowed!"], 1),
    ],
)
def test_a_bad_trigger_is_one_line(slipstream: Slipstream, words: list[str], code: int) -> None:
    done = slipstream("dags", "trigger", "sales", *words)
    assert done.code == code
    assert done.err.count("\n") == 1


def test_a_conf_that_does_not_fit_names_the_param_the_value_and_the_schema(
    slipstream: Slipstream,
) -> None:
    done = slipstream("dags", "trigger", "sales", "--conf", '{"day": "many"}')
    assert (
        "Invalid input for param day: 'many' is not of type 'integer'. Expected: type 'integer'."
        in done.err
    )


def test_a_run_id_is_taken_once(slipstream: Slipstream) -> None:
    trigger(slipstream, "--run-id", "mine")
    done = slipstream("dags", "trigger", "sales", "--run-id", "mine")
    assert done.code == 1
    assert done.err.count("\n") == 1


def test_runs_are_listed_newest_first_and_by_state(slipstream: Slipstream) -> None:
    for day in ("2026-01-02", "2026-01-03"):
        trigger(slipstream, "--run-id", day, "--logical-date", day)
    listed = slipstream("dags", "list-runs", "sales", "-o", "json").json
    assert [row["run_id"] for row in listed] == ["2026-01-03", "2026-01-02"]
    some = slipstream("dags", "list-runs", "sales", "--start-date", "2026-01-03", "-o", "json")
    assert [row["run_id"] for row in some.json] == ["2026-01-03"]
    assert slipstream("dags", "list-runs", "sales", "--state", "failed", "-o", "json").json == []


def test_the_state_of_a_run_is_found_by_id_and_by_date(slipstream: Slipstream) -> None:
    trigger(slipstream, "--run-id", "mine", "--logical-date", "2026-01-02", "--conf", '{"day": 2}')
    for name in ("mine", "2026-01-02", "2026-01-02T00:00:00+00:00"):
        assert slipstream("dags", "state", "sales", name).out == 'queued, {"day": 2}\n'
    assert slipstream("dags", "state", "sales", "other").code == 1


def test_a_dag_is_deleted_with_its_history(slipstream: Slipstream) -> None:
    trigger(slipstream)
    assert slipstream("dags", "delete", "sales", "--yes").code == 0
    assert slipstream("dags", "details", "sales").code == 1


def test_the_next_executions_follow_the_schedule(slipstream: Slipstream) -> None:
    lines = slipstream("dags", "next-execution", "sales", "-n", "3").out.splitlines()
    moments = [datetime.fromisoformat(line) for line in lines]
    assert [moment.hour for moment in moments] == [6, 6, 6]
    assert [(b - a).days for a, b in pairwise(moments)] == [1, 1]
    assert "run_after" in slipstream("dags", "next-execution", "sales", "--table").out
    assert slipstream("dags", "next-execution", "sales", "-n", "0").code == 2
    assert (
        slipstream("dags", "next-execution", "sales", "--table", "--field", "run_after").code == 2
    )


def test_the_next_executions_of_partitions_are_named_by_their_keys(
    slipstream: Slipstream, store: Store, sales: DagSpec
) -> None:
    about = CronPartition(expression="0 0 * * *", timezone="Asia/Taipei")
    spec = replace(sales, schedule=about)
    store.record_parsed([parsed(spec, fileloc="/dags/sales.py", sources={"sales.py": "changed"})])
    ask = ("dags", "next-execution", "sales", "-n", "2")
    keys = slipstream(*ask).out.splitlines()
    begun = [datetime.fromisoformat(key).replace(tzinfo=ZoneInfo("Asia/Taipei")) for key in keys]
    assert [moment.hour for moment in begun] == [0, 0]
    dates = slipstream(*ask, "--field", "partition_date").out.splitlines()
    assert [datetime.fromisoformat(date) for date in dates] == begun
    assert slipstream(*ask, "--field", "logical_date").out.splitlines() == ["None", "None"]
    table = slipstream(*ask, "--table").out
    assert all(key in table for key in keys)
    assert "data_interval_start" not in table


def test_the_graph_is_drawn(slipstream: Slipstream, tmp_path: Path) -> None:
    assert "└─ clean" in slipstream("dags", "show", "sales").out
    for name, beginning in (("g.dot", "digraph"), ("g.mmd", "flowchart")):
        assert slipstream("dags", "show", "sales", "--save", str(tmp_path / name)).code == 0
        assert (tmp_path / name).read_text().startswith(beginning)
    assert slipstream("dags", "show", "sales", "--save", "g.png").code == 2
