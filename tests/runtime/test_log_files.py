"""Where logs lie and what is in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from slipstream.runtime.log_files import LogFile, log_path
from slipstream.runtime.masking import Masker


def test_the_path_names_dag_run_task_and_try() -> None:
    assert log_path("d", "manual__2026-01-01T00:00:00+00:00", "g.t", -1, 2) == Path(
        "dag_id=d/run_id=manual__2026-01-01T00:00:00+00:00/task_id=g.t/attempt=2.log"
    )
    assert "map_index=0" in str(log_path("d", "r", "t", 0, 1))


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "..", "x\0y", "ü" * 300, "."])
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    path = log_path(name, name, name, -1, 1)
    assert len(path.parts) == 4
    assert ".." not in path.parts
    assert all(len(part.encode()) < 256 for part in path.parts)


def test_different_names_have_different_paths() -> None:
    names = ["a/b", "a%2Fb", "a b", "a_b", "x" * 300, "x" * 301]
    assert len({log_path(name, "r", "t", -1, 1) for name in names}) == len(names)


def test_lines_are_json_masked_and_appended(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.log"
    for _ in range(2):
        log = LogFile(path, Masker(["hunter22"]))
        log.add(
            timestamp=0.5, level="info", logger="x", event="is hunter22", extra={"k": "hunter22"}
        )
        log.close()
    first, second = path.read_text().splitlines()
    assert first == second
    assert json.loads(first) == {
        "timestamp": "1970-01-01T00:00:00.500000Z",
        "level": "info",
        "event": "is ***",
        "logger": "x",
        "k": "***",
    }


def test_a_secret_that_is_announced_before_the_flush_is_masked(tmp_path: Path) -> None:
    masker = Masker()
    log = LogFile(tmp_path / "a.log", masker)
    log.add(timestamp=0, level="info", logger="x", event="hunter22")
    masker.add(["hunter22"])
    log.close()
    assert "hunter22" not in (tmp_path / "a.log").read_text()


def test_extra_fields_do_not_replace_the_lines_own(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "a.log", Masker())
    log.add(timestamp=0, level="info", logger="x", event="true", extra={"event": "false"})
    log.close()
    assert json.loads((tmp_path / "a.log").read_text())["event"] == "true"
