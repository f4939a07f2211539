"""Zipped DAG files: imported as one, kept as one, replaced as one."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from tests.runtime.conftest import HEADER, Harness

from slipstream.model.attempt import Succeeded
from slipstream.runtime.archives import Archive
from slipstream.runtime.jobs import Source, source_of

DAG_MODULE = (
    HEADER
    + """
import pkgutil
from importlib.resources import files
import helper
from tools.words import WORD

def says():
    import tools.late
    return [helper.NAME, WORD, tools.late.WORD, pkgutil.get_data("tools", "data.txt").decode(),
            files("tools").joinpath("data.txt").read_text()]

with DAG("one") as dag:
    PythonOperator(task_id="says", python_callable=says)
"""
)


def members(word: str) -> dict[str, str]:
    return {
        "one.py": DAG_MODULE,
        "two.py": HEADER + "two = DAG('two')",
        "helper.py": f"NAME = 'helper {word}'\n",
        "tools/__init__.py": "",
        "tools/words.py": f"WORD = 'word {word}'\n",
        "tools/late.py": f"WORD = 'late {word}'\n",
        "tools/data.txt": f"data {word}",
        "tools/not_at_the_root.py": HEADER + "three = DAG('three')",
    }


def zipped(path: Path, files: dict[str, str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(".new")
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    made.rename(path)
    return path


def says(harness: Harness, source: Source) -> str:
    attempt = harness.start(source, "says")
    outcome = harness.wait_ended(attempt)
    assert isinstance(outcome, Succeeded), harness.log_text(attempt)
    return outcome.xcoms[0].value


def expected(word: str) -> str:
    return f'["helper {word}","word {word}","late {word}","data {word}","data {word}"]'


def test_the_dags_of_the_first_level_are_found(harness: Harness) -> None:
    path = zipped(harness.dags / "team" / "all.zip", members("old"))
    parsed = harness.parse(path)
    assert parsed.error is None, parsed.error
    assert {dag.dag_id: dag.fileloc for dag in parsed.dags} == {
        "one": f"{path}/one.py",
        "two": f"{path}/two.py",
    }
    assert parsed.fileloc == str(path)
    assert parsed.relative_fileloc == "team/all.zip"
    assert set(parsed.sources) == {f"team/all.zip/{name}" for name in members("old")}
    assert next(iter(parsed.sources)) == "team/all.zip/helper.py"
    assert says(harness, source_of(str(path), parsed.sources)) == expected("old")


def test_a_run_goes_on_with_the_archive_that_it_began_with(harness: Harness) -> None:
    path = zipped(harness.dags / "all.zip", members("old"))
    old = harness.source(path)
    # The process that has loaded the old archive imports and reads on in it.
    zipped(path, {"padding.txt": "x" * 999, **members("new")})
    assert says(harness, old) == expected("old")
    new = harness.source(path)
    assert new.source_hash != old.source_hash
    assert says(harness, new) == expected("new")

    later = Harness(harness.dags.parent / "later")
    later.settings, later.dags = harness.settings, harness.dags
    harness.stop()
    try:
        assert says(later, old) == expected("old")
        assert says(later, new) == expected("new")
    finally:
        later.stop()


def test_changed_data_in_an_archive_is_a_new_version(harness: Harness) -> None:
    path = zipped(harness.dags / "all.zip", members("old"))
    before = harness.source(path)
    zipped(path, {**members("old"), "tools/data.txt": "other"})
    assert harness.source(path).source_hash != before.source_hash


def test_what_is_wrong_in_an_archive_is_named_with_its_line(harness: Harness) -> None:
    files = {**members("old"), "helper.py": "NAME = 'x'\nraise ValueError('broken here')\n"}
    path = zipped(harness.dags / "all.zip", files)
    parsed = harness.parse(path)
    assert parsed.error is not None
    assert f'File "{path}/helper.py", line 2' in parsed.error
    assert "raise ValueError('broken here')" in parsed.error
    assert "all.zip/helper.py" in parsed.sources


def test_what_is_no_archive_says_so(harness: Harness) -> None:
    path = harness.write("all.zip", "half a copy")
    parsed = harness.parse(path)
    assert parsed.error is not None
    assert f"{path} is no zip archive" in parsed.error
    assert "still being copied" in parsed.error


def test_one_dag_id_in_two_modules_is_refused(harness: Harness) -> None:
    same = HEADER + "dag = DAG('same')"
    parsed = harness.parse(zipped(harness.dags / "all.zip", {"a.py": same, "b.py": same}))
    assert parsed.error is not None
    assert "the id 'same'" in parsed.error
    assert "b.py" in parsed.error


def test_a_dag_that_one_module_takes_from_another_is_one_dag(harness: Harness) -> None:
    files = {"b.py": HEADER + "dag = DAG('same')", "a.py": HEADER + "from b import dag"}
    parsed = harness.parse(zipped(harness.dags / "all.zip", files))
    assert parsed.error is None, parsed.error
    assert [dag.dag_id for dag in parsed.dags] == ["same"]


def test_modules_that_mention_no_dag_are_not_executed_by_themselves(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a.py": HEADER + "dag = DAG('a')", "script.py": "raise SystemExit(1)"}
    path = zipped(harness.dags / "all.zip", files)
    assert harness.parse(path).error is None
    harness.stop()
    monkeypatch.setenv("AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE", "False")
    unsafe = Harness(harness.dags.parent / "later")
    unsafe.dags = harness.dags
    try:
        assert "SystemExit" in (unsafe.parse(path).error or "")
    finally:
        unsafe.stop()


@pytest.mark.parametrize(
    "how", ["../out.txt", "../../out.txt", "{outside}/out.txt", "a/../../out.txt"]
)
def test_nothing_of_an_archive_is_put_beside_its_folder(tmp_path: Path, how: str) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "made" / "zipped"
    outside.mkdir()
    folder.mkdir(parents=True)
    name = how.format(outside=outside)
    archive = zipped(tmp_path / "dags.zip", {name: "slipped", "data/inside.txt": "data"})
    Archive(archive).unpack_data_into(folder)
    written = {path.relative_to(tmp_path) for path in tmp_path.rglob("*.txt")}
    assert written == {Path("made/zipped/data/inside.txt")}


def test_nothing_of_an_archive_goes_through_a_link_out_of_its_folder(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "made"
    outside.mkdir()
    folder.mkdir()
    (folder / "data").symlink_to(outside)
    Archive(zipped(tmp_path / "dags.zip", {"data/out.txt": "slipped"})).unpack_data_into(folder)
    assert not list(outside.iterdir())
