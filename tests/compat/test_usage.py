"""What real DAG files use, each keyword, method and name by itself.

`usage/*.csv` list what at least three of 2,900 public DAG files use, with the number of files.
What belongs to provider packages is proved with the providers.
"""

from __future__ import annotations

import csv
import importlib
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.compat.usage_cases import MAKERS, MOMENT, OF_DAGS, OF_TASKS, call, make_group

from slipstream import compat, sdk
from slipstream.model.states import RunState
from slipstream.sdk import DAG, task
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._operator_arguments import REMOVED_ARGUMENTS
from slipstream.sdk._operator_meta import argument_names
from slipstream.sdk._spec import build_spec
from slipstream.sdk.exceptions import AirflowException
from slipstream.sdk.operators.bash import BashOperator
from slipstream.sdk.operators.empty import EmptyOperator
from slipstream.sdk.operators.python import (
    PythonOperator,
)


def used(name: str) -> list[list[str]]:
    with (Path(__file__).parent / "usage" / f"{name}.csv").open() as file:
        return list(csv.reader(file))[1:]


@pytest.fixture(autouse=True)
def airflow() -> Iterator[None]:
    was_installed = compat.is_installed()
    compat.install()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    if not was_installed:
        compat.uninstall()


# ---------------------------------------------------------------- keywords

PLACES = {"dag", "parent_group", "task_group"}
"""Keywords that say where something belongs; `tests/sdk/test_dag.py` and `test_groups.py`."""

OF_EVERY_TASK = argument_names(BaseOperator) | REMOVED_ARGUMENTS.keys()


def ours() -> list[tuple[str, str]]:
    """The keywords that are not another package's."""
    return [
        (name, keyword)
        for name, keyword, _files in used("keywords")
        if name in MAKERS
        and keyword not in PLACES
        and (keyword in OF_EVERY_TASK or keyword in MAKERS[name][1] or name[0] not in "(.@t")
    ]


@pytest.mark.parametrize(("name", "keyword"), ours(), ids=lambda text: str(text))
def test_a_keyword(name: str, keyword: str) -> None:
    make, values = MAKERS[name]
    assert keyword in values, f"{name} takes {keyword} in real files; no case is written for it"
    make({keyword: values[keyword]})


def test_the_table_of_keywords_is_read() -> None:
    assert len(ours()) > 150
    assert {name for name, _ in ours()} == MAKERS.keys()


@pytest.mark.parametrize("keyword", [row[0] for row in used("default_args")])
def test_a_key_of_default_args(keyword: str) -> None:
    """One that no operator takes is left alone, as in Airflow."""
    value = {**OF_DAGS, **OF_TASKS}.get(keyword, "anything")
    with DAG("d", default_args={"start_date": datetime(2025, 1, 1), keyword: value}) as dag:
        EmptyOperator(task_id="a")
        PythonOperator(task_id="b", python_callable=call)
        PythonOperator.partial(task_id="c", python_callable=call).expand(op_args=[[1]])
    build_spec(dag)


@pytest.mark.parametrize("rule", [row[0] for row in used("trigger_rules")])
def test_a_trigger_rule(rule: str) -> None:
    if rule == "trigger_rule":
        pytest.skip("a variable's name in the files that were counted")
    with DAG("d") as dag:
        EmptyOperator(task_id="a", trigger_rule=rule)
    build_spec(dag)


# ---------------------------------------------------------------- methods


def chain_of_three() -> tuple[DAG, list[Any]]:
    with DAG("d", doc_md="text") as dag:
        tasks = [EmptyOperator(task_id=name) for name in "abc"]
        tasks[0] >> tasks[1] >> tasks[2]
    return dag, tasks


def ran(make: Callable[[], Any]) -> Any:
    with DAG("d") as dag:
        make()
    run = dag.test()
    assert run.state == RunState.SUCCESS
    return run


def in_task(function: Callable[..., Any]) -> Any:
    run = ran(lambda: PythonOperator(task_id="t", python_callable=function))
    return run.get_task_instance("t").xcom_pull(task_ids="t")


def refused(use: Callable[[], Any], words: str) -> bool:
    with pytest.raises(AirflowException, match=words):
        use()
    return True


def ordered(join: Callable[[Any, Any], Any]) -> bool:
    with DAG("d"):
        a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
        join(a, b)
    return bool(a.downstream_task_ids == {"b"} and b.upstream_task_ids == {"a"})


def mapped() -> Any:
    with DAG("d") as dag:

        @task
        def numbers() -> list[int]:
            return [1, 2, 3]

        @task
        def double(x: int, by: int = 2) -> int:
            return x * by

        double.partial(by=3).expand(x=numbers())
        double.override(task_id="b").expand_kwargs([{"x": 1}])
        double.override(task_id="c").expand(x=numbers().map(lambda n: n + 1))
        more = numbers.override(task_id="more")()
        double.override(task_id="e").expand(x=numbers().concat(more))
        double.override(task_id="f").expand(x=numbers().zip(more).map(lambda pair: pair[0]))
    return [list(dag.test().get_task_instance("double", 0).xcom_pull(task_ids=t)) for t in "bcef"]


class Poked(sdk.BaseSensorOperator):
    def poke(self, context: Any) -> bool:
        return True


class Killed(EmptyOperator):
    killed = False

    def on_kill(self) -> None:
        self.killed = True


METHODS: dict[str, Callable[[], Any]] = {
    "op >>": lambda: ordered(lambda a, b: a >> b),
    "op <<": lambda: ordered(lambda a, b: b << a),
    "x >> [list]": lambda: ordered(lambda a, b: a >> [b]),
    "[list] >> x": lambda: ordered(lambda a, b: [a] >> b),
    ".set_upstream": lambda: ordered(lambda a, b: b.set_upstream(a)),
    ".set_downstream": lambda: ordered(lambda a, b: a.set_downstream([b])),
    "with DAG": lambda: chain_of_three()[0].task_ids == ["a", "b", "c"],
    "with TaskGroup": lambda: make_group({}).group_id == "g",
    ".xcom_pull": lambda: in_task(lambda ti: ti.xcom_pull(task_ids="none", default=7)) == 7,
    ".xcom_push": lambda: in_task(lambda ti: [ti.xcom_push("k", 1), ti.xcom_pull(key="k")][1]) == 1,
    ".doc_md": lambda: chain_of_three()[0].doc_md == "text",
    ".log": lambda: chain_of_three()[1][0].log.name.startswith("airflow.task.operators"),
    ".run": lambda: (
        refused(chain_of_three()[0].run, "dag.test")
        and refused(chain_of_three()[1][0].run, "task.execute")
    ),
    ".cli": lambda: refused(chain_of_three()[0].cli, "slipstream dags test"),
    ".clear": lambda: (
        refused(chain_of_three()[0].clear, "slipstream tasks clear")
        and refused(chain_of_three()[1][0].clear, "slipstream tasks clear")
    ),
    ".expand": lambda: mapped() == [[2], [4, 6, 8], [2, 4, 6, 2, 4, 6], [2, 4, 6]],
    ".output": lambda: chain_of_three()[1][0].output.operator.task_id == "a",
    ".tasks": lambda: [one.task_id for one in chain_of_three()[0].tasks] == ["a", "b", "c"],
    ".get_task": lambda: chain_of_three()[0].get_task("b").task_id == "b",
    ".test": lambda: chain_of_three()[0].test().state == RunState.SUCCESS,
    ".get_task_instances": lambda: len(chain_of_three()[0].test().get_task_instances()) == 3,
    ".get_task_instance": lambda: (
        chain_of_three()[0].test().get_task_instance("a").state == "success"
    ),
    ".get_dagrun": lambda: in_task(lambda ti: ti.get_dagrun().dag_id) == "d",
    ".get_template_context": lambda: (
        in_task(lambda ti: ti.get_template_context()["dag"].dag_id) == "d"
    ),
    ".template_fields": lambda: "bash_command" in BashOperator.template_fields,
    ".task_dict": lambda: list(chain_of_three()[0].task_dict) == ["a", "b", "c"],
    ".fileloc": lambda: chain_of_three()[0].fileloc == __file__,
    ".as_teardown": lambda: chain_of_three()[1][2].as_teardown().is_teardown,
    ".as_setup": lambda: chain_of_three()[1][0].as_setup().is_setup,
    ".upstream_task_ids": lambda: chain_of_three()[1][1].upstream_task_ids == {"a"},
    ".downstream_task_ids": lambda: chain_of_three()[1][1].downstream_task_ids == {"c"},
    ".upstream_list": lambda: [t.task_id for t in chain_of_three()[1][1].upstream_list] == ["a"],
    ".downstream_list": lambda: (
        [t.task_id for t in chain_of_three()[1][1].downstream_list] == ["c"]
    ),
    ".task_ids": lambda: chain_of_three()[0].task_ids == ["a", "b", "c"],
    ".topological_sort": lambda: (
        [t.task_id for t in chain_of_three()[0].topological_sort()] == ["a", "b", "c"]
    ),
    ".has_task": lambda: chain_of_three()[0].has_task("a"),
    ".roots": lambda: [t.task_id for t in chain_of_three()[0].roots] == ["a"],
    ".leaves": lambda: [t.task_id for t in chain_of_three()[0].leaves] == ["c"],
    ".add_task": lambda: DAG("d").add_task(EmptyOperator(task_id="z")) is None,
    ".poke": lambda: Poked(task_id="p").poke({}),
    ".on_kill": lambda: [task := Killed(task_id="k"), task.on_kill(), task.killed][2],  # type: ignore[func-returns-value]
    ".pre_execute": lambda: EmptyOperator(task_id="p").pre_execute({}) is None,  # type: ignore[func-returns-value,arg-type]
    ".post_execute": lambda: EmptyOperator(task_id="p").post_execute({}) is None,  # type: ignore[func-returns-value,arg-type]
    ".render_template": lambda: (
        BashOperator(task_id="b", bash_command="x").render_template("{{ a }}", {"a": 1}) == "1"
    ),
    ".render_templates": lambda: in_task(lambda ti: ti.render_templates().task_id) == "t",
}
SAME_CASE = {
    ".partial": ".expand",
    ".override": ".expand",
    ".concat": ".expand",
    ".map": ".expand",
    ".zip": ".expand",
    ".expand_kwargs": ".expand",
}
ELSEWHERE = {
    ".skip": "tests/sdk/test_helpers_of_operators.py",
    ".defer": "tests/sdk/test_running.py",
    ".execute_complete": "an operator's own method, called after its deferral",
}


@pytest.mark.parametrize("name", [row[0] for row in used("methods")])
def test_a_method(name: str) -> None:
    if name not in ELSEWHERE:
        assert METHODS[SAME_CASE.get(name, name)]()


# ---------------------------------------------------------------- names

NOT_HERE = {
    "airflow.contrib.": "provider packages; their names of today are imported",
    "airflow.executors.": "the server's",
    "airflow.sdk.task.": "decorators of provider packages",
    "airflow.decorators.task.": "decorators of provider packages",
    "airflow.jobs.": "the database",
    "airflow.stats.": "the server's metrics",
    "airflow.www.": "the web app of Airflow 2",
    "airflow.configuration.secrets_backend_list.": "the server's",
    "airflow.configuration.conf.read": "settings come from the deployment",
    "airflow.utils.dates.utils": "the same as airflow.utils.dates, counted under another name",
    "airflow.utils.db.": "the database",
    "airflow.settings.": "the database",
    "airflow.models.serialized_dag.": "the database",
    "airflow.models.": "columns of tables; a query begins with a session, which is refused",
}
"""`{prefix: why}` of what may be missing; other names have to be there."""


def resolve(path: str) -> Any:
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            found = getattr(found, part)
        return found
    raise ImportError(path)


@pytest.mark.parametrize(
    "name", [row[0] for row in used("attributes") if not row[0].startswith("subclass of")]
)
def test_a_name(name: str) -> None:
    try:
        resolve(name)
    except (AttributeError, ImportError, AirflowException):
        assert any(name.startswith(prefix) for prefix in NOT_HERE), name


def test_tables_of_the_database_can_be_imported_and_say_what_to_do_when_they_are_used() -> None:
    table = resolve("airflow.models.DagModel")
    with pytest.raises(AirflowException, match=r"DagModel\.dag_id was used.*REST API"):
        table.dag_id  # noqa: B018
    with pytest.raises(AirflowException, match=r"DagModel\(\) was used"):
        table()
    with pytest.raises(AirflowException, match="A session on the metadata database"):
        resolve("airflow.settings").Session()


def test_an_import_of_sub_dags_says_what_to_use_instead() -> None:
    sub_dag = resolve("airflow.operators.subdag.SubDagOperator")
    with pytest.raises(AirflowException, match="TaskGroup"):
        sub_dag(task_id="a", subdag=DAG("d.a"))


def test_settings_can_be_given_in_the_process() -> None:
    conf = resolve("airflow.configuration.conf")
    conf.add_section("mine")
    conf.set("mine", "key", "7")
    assert conf.getint("mine", "key") == resolve("airflow.configuration").getint("mine", "key") == 7
    assert conf.has_option("mine", "key")
    conf.remove_option("mine", "key")
    assert not conf.has_option("mine", "key")


def test_run_ids_are_made_as_the_scheduler_makes_them() -> None:
    make = resolve("airflow.models.DagRun").generate_run_id
    kinds = resolve("airflow.utils.types.DagRunType")
    assert make(kinds.MANUAL, MOMENT) == "manual__2026-01-01T00:00:00"
    assert make(run_type=kinds.BACKFILL_JOB, logical_date=MOMENT).startswith("backfill__")
    assert make(run_type=kinds.SCHEDULED, logical_date=MOMENT, run_after=MOMENT).startswith("sched")
    with pytest.raises(TypeError, match="needs logical_date or run_after"):
        make(kinds.MANUAL)
