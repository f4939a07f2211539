"""`DagBag` as the test suites of DAG authors use it."""

from __future__ import annotations

import logging
import os
import sys
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipstream import compat
from slipstream.sdk._policies import ClusterPolicies, policies_in_force
from slipstream.sdk.exceptions import AirflowClusterPolicySkipDag, AirflowClusterPolicyViolation
from slipstream.testing.dag_bag import DagBag

ONE = """
from airflow import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
with DAG("one", tags=["team"]) as dag:
    EmptyOperator(task_id="a") >> EmptyOperator(task_id="b", pool="special")
"""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    was_installed = compat.is_installed()
    compat.install()
    known = set(sys.modules)
    logging.getLogger("slipstream.testing.dag_bag").setLevel(logging.CRITICAL)
    with policies_in_force(ClusterPolicies()):
        yield
    for name in set(sys.modules) - known:
        if name.startswith("slipstream_dag_"):
            del sys.modules[name]
    if not was_installed:
        compat.uninstall()


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return folder


def test_the_usual_checks_of_a_test_suite(tmp_path: Path) -> None:
    from airflow.models import DagBag as Imported  # type: ignore[import-not-found]

    bag = Imported(dag_folder=str(write(tmp_path, one=ONE)), include_examples=False)
    assert bag.import_errors == {}
    assert bag.size() == len(bag.dags) == 1
    assert bag.dag_ids == ["one"]
    dag = bag.get_dag(dag_id="one")
    assert dag is bag.dags["one"]
    assert dag.get_task("b").upstream_task_ids == {"a"}
    assert dag.fileloc == str(tmp_path / "one.py")
    assert all(dag.tags for dag in bag.dags.values())
    assert bag.get_dag("nowhere") is None


@pytest.mark.parametrize("module", ["airflow.models.dagbag", "airflow.dag_processing.dagbag"])
def test_it_has_airflows_places(module: str) -> None:
    import importlib

    assert importlib.import_module(module).DagBag is DagBag


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("from airflow import DAG\n1 / 0", ["ZeroDivisionError", 'broken.py", line 2']),
        ("from airflow import DAG\nimport sys\nsys.exit(1)", ["SystemExit"]),
        ("from airflow import DAG\nimport nowhere_at_all", ["nowhere_at_all"]),
        (
            ONE + "from airflow.sdk import chain\nchain(dag.get_task('b'), dag.get_task('a'))",
            ["AirflowDagCycleException", "'one'", "a >> b >> a"],
        ),
        ("from airflow import DAG\nDAG('d')) ", ["SyntaxError", 'broken.py", line 2']),
    ],
    ids=["raises", "exits", "imports", "cycle", "syntax"],
)
def test_what_is_wrong_with_a_file_is_in_the_import_errors(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    bag = DagBag(write(tmp_path, broken=text, good=ONE.replace('"one"', '"good"')))
    assert list(bag.dags) == ["good"]
    (path,) = bag.import_errors
    assert path == str(tmp_path / "broken.py")
    for word in words:
        assert word in bag.import_errors[path]
    assert "slipstream/testing" not in bag.import_errors[path]


def test_errors_are_relative_to_the_bundle(tmp_path: Path) -> None:
    write(tmp_path, broken="from airflow import DAG\n1 / 0")
    assert list(DagBag(tmp_path, bundle_path=tmp_path).import_errors) == ["broken.py"]


def test_an_error_can_be_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slipstream.sdk import _conf

    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACKS", "False")
    _conf.read_settings_anew()
    try:
        bag = DagBag(write(tmp_path, broken="from airflow import DAG\n1 / 0"))
    finally:
        monkeypatch.undo()
        _conf.read_settings_anew()
    assert list(bag.import_errors.values()) == ["ZeroDivisionError: division by zero\n"]


def test_one_id_in_two_files_is_an_error_of_the_second(tmp_path: Path) -> None:
    bag = DagBag(write(tmp_path, a=ONE, b=ONE))
    assert bag.dags["one"].fileloc == str(tmp_path / "a.py")
    (error,) = bag.import_errors.values()
    assert f"{tmp_path}/b.py has a DAG 'one', and so has {tmp_path}/a.py" in error


def test_a_file_is_loaded_again_when_it_has_changed(tmp_path: Path) -> None:
    path = write(tmp_path, one=ONE) / "one.py"
    bag = DagBag(tmp_path)
    assert bag.process_file(str(path)) == []
    assert [dag.dag_id for dag in bag.process_file(str(path), only_if_updated=False)] == ["one"]
    path.write_text("from airflow import DAG\n1 / 0")
    os.utime(path, (1, 1))
    assert bag.process_file(str(path)) == []
    assert str(path) in bag.import_errors
    path.write_text(ONE)
    os.utime(path, (2, 2))
    assert len(bag.process_file(str(path))) == 1
    assert bag.import_errors == {}


def test_a_single_file_and_a_file_without_dags(tmp_path: Path) -> None:
    write(tmp_path, one=ONE, plain="raise SystemExit(1)")
    assert DagBag(tmp_path / "one.py").dag_ids == ["one"]
    bag = DagBag(tmp_path, collect_dags=False)
    assert bag.process_file(str(tmp_path / "plain.py")) == []
    assert bag.import_errors == {}
    assert bag.process_file(str(tmp_path / "plain.py"), safe_mode=False) == []
    assert "SystemExit" in bag.import_errors[str(tmp_path / "plain.py")]


def test_archives_are_loaded_and_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    for dag_id, when in (("one", 1), ("two", 2)):
        with zipfile.ZipFile(path, "w") as archive:
            named = ONE.replace('"one"', "NAME")
            archive.writestr("zipped_dag.py", f"from zipped_name import NAME\n{named}")
            archive.writestr("zipped_name.py", f"NAME = {dag_id!r}")
        os.utime(path, (when, when))
        bag = DagBag(tmp_path)
        assert bag.import_errors == {}
        assert {dag.dag_id: dag.fileloc for dag in bag.dags.values()} == {
            dag_id: f"{path}/zipped_dag.py"
        }


def test_helpers_beside_the_file_can_be_imported(tmp_path: Path) -> None:
    write(tmp_path, names_beside="NAME = 'beside'")
    text = "from names_beside import NAME\n" + ONE.replace('"one"', "NAME")
    assert DagBag(write(tmp_path, one=text)).dag_ids == ["beside"]


def test_stats_and_warnings_are_kept(tmp_path: Path) -> None:
    warns = "import warnings\nwarnings.warn('old', FutureWarning)\n" + ONE
    with pytest.warns(FutureWarning, match="old"):
        bag = DagBag(write(tmp_path, one=warns), known_pools={"default_pool"})
    (stat,) = bag.dagbag_stats
    assert (stat.file, stat.dag_num, stat.task_num, stat.dags) == ("one.py", 1, 2, "['one']")
    assert stat.warning_num == 1
    assert "one.py:2: FutureWarning: old" in bag.captured_warnings[str(tmp_path / "one.py")][0]
    assert "one.py" in bag.dagbag_report()
    assert bag.dag_warnings == {"DAG 'one' names pools that are not there: ['special']"}


def test_cluster_policies_are_applied(tmp_path: Path) -> None:
    def dag_policy(dag: object) -> None:
        dag_id = dag.dag_id  # type: ignore[attr-defined]
        if dag_id == "two":
            raise AirflowClusterPolicySkipDag
        if dag_id == "three":
            raise AirflowClusterPolicyViolation("three is refused")

    files = {name: ONE.replace('"one"', repr(name)) for name in ("one", "two", "three")}
    with policies_in_force(ClusterPolicies({"dag_policy": dag_policy})):
        bag = DagBag(write(tmp_path, **files))
    assert bag.dag_ids == ["one"]
    assert list(bag.import_errors) == [str(tmp_path / "three.py")]


def test_the_examples_can_be_included(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bag = DagBag(write(tmp_path, one=ONE), include_examples=True)
    assert {"one", "classic_operators", "dynamic_mapping"} <= set(bag.dag_ids)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match=r"no folder or file .*nowhere"):
        DagBag(tmp_path / "nowhere")


def test_what_needs_a_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no database behind it"):
        DagBag(tmp_path, read_dags_from_db=True)
    with pytest.raises(Exception, match=r"sync_to_db.* is not there"):
        DagBag(tmp_path).sync_to_db()


def test_the_choice_of_files_has_airflows_names(tmp_path: Path) -> None:
    from airflow.utils.file import (  # type: ignore[import-not-found]
        correct_maybe_zipped,
        list_py_file_paths,
        might_contain_dag,
        open_maybe_zipped,
    )

    write(tmp_path, one=ONE, plain="x = 1")
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.py", ONE)
    assert list_py_file_paths(tmp_path) == [str(path), str(tmp_path / "one.py")]
    assert might_contain_dag(str(tmp_path / "one.py"), True)
    assert not might_contain_dag(str(tmp_path / "plain.py"), True)
    assert might_contain_dag(str(tmp_path / "plain.py"), False)
    with zipfile.ZipFile(path) as archive:
        assert might_contain_dag("inner.py", True, archive)
    assert correct_maybe_zipped(f"{path}/inner.py") == str(path)
    assert correct_maybe_zipped(str(tmp_path / "one.py")) == str(tmp_path / "one.py")
    assert correct_maybe_zipped(None) is None
    assert open_maybe_zipped(f"{path}/inner.py").read() == ONE
    with open_maybe_zipped(tmp_path / "one.py", "rb") as opened:
        assert opened.read() == ONE.encode()
