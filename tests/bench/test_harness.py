"""The benchmark harness: what it accepts as done, and how it reports."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bench.__main__ import measure
from bench.checks import (
    Execution,
    all_in_success,
    each_in_its_own_process,
    each_ran_once,
    none_overlapped,
    read_trace,
)
from bench.result import CheckFailedError, NotReadyError, Result, spoken
from bench.systems.slipstream import Slipstream
from bench.works import catalogue
from bench.works.parts import core_figures, scheduler_figures
from bench.works.work import summarize
from rich.console import Console

from bench import dags, processes, report


def ran(task_id: str, pid: int = 1, born: int = 1, span: tuple[float, float] = (0, 1)) -> Execution:
    return Execution(task_id, -1, pid, born, *span)


def test_a_run_counts_only_if_each_task_ran_once() -> None:
    expected = [("a", -1), ("b", -1)]
    each_ran_once([ran("a"), ran("b")], expected)
    for wrong in ([ran("a")], [ran("a"), ran("a"), ran("b")], [ran("a"), ran("b"), ran("c")]):
        with pytest.raises(CheckFailedError):
            each_ran_once(wrong, expected)


def test_a_process_number_that_came_again_is_another_process() -> None:
    each_in_its_own_process([ran("a", pid=7, born=1), ran("b", pid=7, born=2)])
    with pytest.raises(CheckFailedError, match="2 executions in 1 processes"):
        each_in_its_own_process([ran("a", pid=7), ran("b", pid=7)])


def test_a_chain_whose_tasks_overlap_or_swap_is_refused() -> None:
    none_overlapped([ran("b", span=(2, 3)), ran("a", span=(0, 1))])
    for spans in (((0, 2), (1, 3)), ((2, 3), (0, 1))):
        with pytest.raises(CheckFailedError):
            none_overlapped([ran("a", span=spans[0]), ran("b", span=spans[1])])


def test_every_instance_must_be_in_success() -> None:
    all_in_success({"success": 2}, 2)
    for states in ({"success": 1}, {"success": 2, "failed": 1}, {}):
        with pytest.raises(CheckFailedError):
            all_in_success(states, 2)


def test_what_a_task_wrote_down_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "chain").write_text(json.dumps(["a", -1, 5, 6, 0.5, 0.75]) + "\n")
    assert read_trace(tmp_path, "chain") == [Execution("a", -1, 5, 6, 0.5, 0.75)]
    assert read_trace(tmp_path, "chain") == []


def test_the_dag_files_are_python(tmp_path: Path) -> None:
    dags.write_chain(tmp_path, "chain", length=3, n=10)
    dags.write_fan(tmp_path, "fan", width=3)
    dags.write_empty(tmp_path, "empty")
    dags.write_small(tmp_path, "small", length=3)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["chain.py", "empty.py", "fan.py", "small.py"]
    for file in files:
        ast.parse(file.read_text())


def test_figures_are_medians_and_every_value_is_kept() -> None:
    medians, samples = summarize([{"a_seconds": 3, "once": 1}, {"a_seconds": 1}, {"a_seconds": 2}])
    assert medians == {"a_seconds": 2, "once": 1}
    assert samples == {"a_seconds": [3, 1, 2]}


def test_figures_are_spoken_in_their_unit() -> None:
    assert spoken("total_seconds", 12.345) == "12.35 s"
    assert spoken("total_seconds", 0.0123) == "12.3 ms"
    assert spoken("pss_mb", 79.6) == "80 MB"
    assert spoken("cpu_percent", 0.123) == "0.12 %"
    assert spoken("processes", 1234) == "1,234"


def test_the_table_sets_ours_beside_the_peer_and_says_what_failed(tmp_path: Path) -> None:
    results = [
        Result(work="chain40", system="slipstream", figures={"total_seconds": 0.2}),
        Result(work="chain40", system="airflow", figures={"total_seconds": 50.0}),
        Result(work="start", system="airflow", error="NotReadyError: took longer than 120 s"),
    ]
    with (tmp_path / "table").open("w") as file:
        report.show(results, Console(file=file, width=100))
    table = (tmp_path / "table").read_text()
    assert "250.0 x" in table
    assert "took longer than 120 s" in table
    written = report.write(results, tmp_path / "figures.json")
    assert json.loads(written.read_text())["results"][0]["figures"] == {"total_seconds": 0.2}


def test_a_work_that_goes_wrong_is_a_result_and_not_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(_: object) -> object:
        raise NotReadyError("it never came")

    work = catalogue.Work(measure=broken, rounds=1, limit_seconds=1)  # type: ignore[arg-type]
    monkeypatch.setitem(catalogue.WORKS, "broken", work)  # type: ignore[arg-type]
    with open(os.devnull, "w") as nowhere:
        result = measure("broken", Slipstream(), None, Console(file=nowhere))
    assert result.error == "NotReadyError: it never came"


def test_use_counts_a_process_and_its_children_and_stop_ends_both() -> None:
    program = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE)\n"
        "print('ready', flush=True)\n"
        "child.wait()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    used = processes.use(process.pid)
    members = processes.tree(process.pid)
    processes.stop(process)
    process.stdout.close()
    assert used.processes == len(members) == 2
    assert used.pss_mb > 1
    assert not any(member.is_running() for member in members)


def test_what_the_parts_say_becomes_figures() -> None:
    said = "chain        49,750 state changes in   0.60 s =    82,901 per second\n"
    assert core_figures(said) == {"chain_changes_per_second": 82901.0}
    said = "map: 12.27 s (11.93 s of CPU), 1 of 1 runs well, at most 76 MB\n"
    assert scheduler_figures(said) == {"total_seconds": 12.27, "peak_mb": 76.0}


def test_a_part_that_did_not_do_its_work_has_no_figures() -> None:
    with pytest.raises(CheckFailedError):
        core_figures("something else")
    with pytest.raises(CheckFailedError):
        scheduler_figures("map: 1.00 s (1.00 s of CPU), 0 of 1 runs well, at most 76 MB\n")
