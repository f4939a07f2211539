import zipfile
from pathlib import Path

import pytest

from slipstream.runtime.discovery import may_hold_dags
from slipstream.services.dag_files import DagFolder, IgnoreFileError, IgnoreSyntax

DAG = "from airflow import DAG\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(folder: DagFolder) -> list[str]:
    names = [path.relative_to(folder.path).as_posix() for path in folder.find()]
    assert all(folder.holds(folder.path / name) for name in names)
    return names


def test_every_python_file_that_mentions_dags_is_found(tmp_path: Path) -> None:
    write(tmp_path, a_py=DAG, sub__b_py=DAG, sub__deep__c_py=DAG)
    (tmp_path / "notes.txt").write_text(DAG)
    assert found(DagFolder(tmp_path)) == ["a.py", "sub/b.py", "sub/deep/c.py"]


def test_safe_mode_leaves_out_files_that_mention_no_dag(tmp_path: Path) -> None:
    write(tmp_path, a_py=DAG, helper_py="x = 1\n")
    assert found(DagFolder(tmp_path)) == ["a.py"]
    assert found(DagFolder(tmp_path, safe_mode=False)) == ["a.py", "helper.py"]
    assert not DagFolder(tmp_path).holds(tmp_path / "helper.py")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"from airflow import DAG", True),
        (b"from slipstream.sdk import dag", True),
        (b"from airflow.sdk import Asset", True),
        (b"import airflow", False),
        (b"dag = 1", False),
    ],
)
def test_the_safe_mode_look_wants_a_dag_and_its_library(source: bytes, expected: bool) -> None:
    assert may_hold_dags(source) is expected


def test_globs_ignore_as_git_does(tmp_path: Path) -> None:
    write(tmp_path, a_py=DAG, b_py=DAG, sub__a_py=DAG, sub__keep_py=DAG, gone__x_py=DAG)
    (tmp_path / ".airflowignore").write_text("# a remark\n/a.py\nsub/*\n!sub/keep.py\ngone/\n")
    assert found(DagFolder(tmp_path)) == ["b.py", "sub/keep.py"]
    assert not DagFolder(tmp_path).holds(tmp_path / "gone" / "x.py")


def test_an_inner_ignore_file_overrules_an_outer_one(tmp_path: Path) -> None:
    write(tmp_path, x_py=DAG, sub__x_py=DAG, sub__y_py=DAG)
    (tmp_path / ".airflowignore").write_text("x.py\n")
    (tmp_path / "sub" / ".airflowignore").write_text("!x.py\ny.py\n")
    assert found(DagFolder(tmp_path)) == ["sub/x.py"]


def test_regular_expressions_search_the_path_below_the_dags_folder(tmp_path: Path) -> None:
    write(tmp_path, a_py=DAG, project_a__x_py=DAG, sub__tenant_1_py=DAG, sub__b_py=DAG)
    (tmp_path / ".airflowignore").write_text("project/a  # old\nsub/.*_[0-9]|tenant\n")
    folder = DagFolder(tmp_path, ignore_syntax=IgnoreSyntax.REGEXP)
    names = found(folder)
    assert "a.py" in names
    assert "sub/b.py" in names
    assert not [name for name in names if "tenant" in name]


def test_a_line_that_is_no_pattern_is_named(tmp_path: Path) -> None:
    write(tmp_path, a_py=DAG)
    (tmp_path / ".airflowignore").write_text("fine\n*[\n")
    folder = DagFolder(tmp_path, ignore_syntax=IgnoreSyntax.REGEXP)
    with pytest.raises(IgnoreFileError, match="line 2"):
        list(folder.find())


def test_a_link_back_to_an_outer_folder_ends_the_walk(tmp_path: Path) -> None:
    write(tmp_path, a_py=DAG)
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert found(DagFolder(tmp_path)) == ["a.py"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert list(DagFolder(tmp_path / "none").find()) == []


def test_a_single_file_can_stand_for_a_folder(tmp_path: Path) -> None:
    write(tmp_path, a_py=DAG)
    assert list(DagFolder(tmp_path / "a.py").find()) == [tmp_path / "a.py"]


def zipped(path: Path, **members: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_py", ".py"), text)


def test_archives_that_mention_dags_in_their_first_level_are_found(tmp_path: Path) -> None:
    zipped(tmp_path / "dags.zip", a_py=DAG)
    zipped(tmp_path / "library.zip", lib__a_py=DAG, b_py="x = 1")
    zipped(tmp_path / "data.zip", notes="dag airflow")
    (tmp_path / "broken.zip").write_text("no archive")
    assert found(DagFolder(tmp_path)) == ["broken.zip", "dags.zip"]
    assert len(found(DagFolder(tmp_path, safe_mode=False))) == 4


def test_archives_are_ignored_as_files_are(tmp_path: Path) -> None:
    zipped(tmp_path / "dags.zip", a_py=DAG)
    zipped(tmp_path / "old.zip", a_py=DAG)
    (tmp_path / ".airflowignore").write_text("old*\n")
    assert found(DagFolder(tmp_path)) == ["dags.zip"]


def test_links_to_files_and_folders_are_followed(tmp_path: Path) -> None:
    outside, dags = tmp_path / "outside", tmp_path / "dags"
    write(outside, a_py=DAG, sub__b_py=DAG)
    dags.mkdir()
    (dags / "linked").symlink_to(outside / "sub")
    (dags / "one.py").symlink_to(outside / "a.py")
    (dags / "gone.py").symlink_to(outside / "nowhere.py")
    assert found(DagFolder(dags)) == ["one.py", "linked/b.py"]
