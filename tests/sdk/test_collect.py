from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import pytest

from slipstream.sdk import DAG, _scope
from slipstream.sdk._collect import DagCollector
from slipstream.sdk._deprecation import forget_warnings, warn_deprecated
from slipstream.sdk._parsing_context import get_parsing_context, parsing_for
from slipstream.sdk.exceptions import AirflowDagDuplicatedIdException, RemovedInAirflow3Warning

HEAD = """
from slipstream.sdk import DAG, dag, task
from slipstream.sdk.operators.empty import EmptyOperator
"""


def load(source: str, fileloc: str = "/dags/file.py") -> dict[str, DAG]:
    module = ModuleType("slipstream_dag_test")
    with DagCollector() as collector:
        exec(compile(HEAD + source, fileloc, "exec"), module.__dict__)
    return collector.dags(module.__dict__, fileloc)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("d = DAG('a')", ["a"]),
        ("with DAG('a'): pass", ["a"]),
        ("with DAG('a'): pass\nwith DAG('b') as x: pass", ["a", "b"]),
        ("with DAG('a', auto_register=False): pass", []),
        ("with DAG('a', auto_register=False) as x: pass", ["a"]),
        ("def f():\n    DAG('a')\nf()", []),
        ("def f():\n    with DAG('a'): pass\nf()", ["a"]),
        ("for i in range(3): globals()[f'd{i}'] = DAG(f'd{i}')", ["d0", "d1", "d2"]),
        ("for i in range(3):\n    with DAG(f'd{i}'): pass", ["d0", "d1", "d2"]),
        ("@dag\ndef a(): pass\na()", ["a"]),
        ("@dag\ndef a(): pass", []),
        ("@dag\ndef a(): pass\nx = y = a()", ["a"]),
        ("x = [DAG('a')]", []),
        ("class Mine(DAG): pass\nx = Mine('a')", ["a"]),
        ("", []),
    ],
)
def test_which_dags_a_file_has(source: str, expected: list[str]) -> None:
    assert list(load(source)) == expected


def test_dags_know_the_file_that_they_were_loaded_from() -> None:
    (dag,) = load("with DAG('a'): pass", "/somewhere/x.py").values()
    assert dag.fileloc == "/somewhere/x.py"
    assert dag.folder == "/somewhere"


def test_two_dags_of_one_id_are_refused() -> None:
    with pytest.raises(AirflowDagDuplicatedIdException, match="Two DAGs of this file have the id"):
        load("x = DAG('a')\ny = DAG('a')")


def test_what_broken_code_leaves_open_is_closed() -> None:
    with pytest.raises(ZeroDivisionError):
        load("DAG('a').__enter__()\n1 / 0")
    assert _scope.current_dag() is None
    assert list(load("EmptyOperator(task_id='t')\nwith DAG('b'): pass")) == ["b"]


def test_a_dag_remembers_the_file_that_made_it() -> None:
    assert DAG("d").fileloc == __file__


def test_a_deprecation_is_told_once_for_each_file_and_name() -> None:
    def seen(source: str, fileloc: str) -> list[Any]:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            load(source, fileloc)
        return [(one.filename, one.lineno) for one in found]

    source = "a = DAG('a', schedule_interval=None)\nb = DAG('b', schedule_interval=None)\n"
    assert seen(source, "/one.py") == [("/one.py", 4)]
    assert seen(source, "/one.py") == []
    assert seen(source, "/two.py") == [("/two.py", 4)]
    forget_warnings()
    assert seen(source, "/one.py") == [("/one.py", 4)]


def test_a_deprecation_may_name_its_file() -> None:
    with pytest.warns(RemovedInAirflow3Warning, match="thing is deprecated. Use another.") as found:
        warn_deprecated("thing", "Use another.", filename="/x.py")
    assert found[0].filename == "/x.py"


def test_the_parsing_context() -> None:
    assert get_parsing_context() == (None, None)
    with parsing_for(dag_id="d"):
        with parsing_for(task_id="t"):
            assert get_parsing_context() == ("d", "t")
        assert get_parsing_context().dag_id == "d"
    assert get_parsing_context().dag_id is None
