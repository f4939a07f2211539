"""The pytest plugin: `import airflow` works in tests, and fixtures run DAGs without a server.

It is active wherever Slipstream is installed; `-p no:slipstream` turns it off. Where Apache Airflow
is installed too, `import airflow` stays Airflow's unless the ini option `slipstream_airflow` is
`always`.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._types import UserValue
    from slipstream.testing.dag_bag import DagBag
    from slipstream.testing.surroundings import Surroundings
    from slipstream.testing.tested_run import TestedRun

pytest.register_assert_rewrite("slipstream.testing.assertions")


class DagRunner(Protocol):
    """The type of the fixture `run_dag`."""

    def __call__(self, dag: DAG | str, **arguments: UserValue) -> TestedRun:
        """Run a DAG, or the one of that id in the `dag_bag`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the DAG files lie, and whose `airflow` is imported."""
    folder = "folder of the DAG files, relative to the rootdir (default: dags)"
    parser.addini("slipstream_dags_folder", folder, default="dags")
    parser.addini(
        "slipstream_airflow",
        "whether `import airflow` gives Slipstream: auto (where Apache Airflow is not installed), "
        "always or never",
        default="auto",
    )
    group = parser.getgroup("slipstream")
    group.addoption("--dags-folder", metavar="FOLDER", help=folder)


def pytest_configure(config: pytest.Config) -> None:
    """Let test modules import `airflow`."""
    whose = str(config.getini("slipstream_airflow"))
    if whose not in {"auto", "always", "never"}:
        raise pytest.UsageError(f"slipstream_airflow is {whose!r}; expected auto, always or never.")
    if whose == "always" or (whose == "auto" and not _is_airflow_installed()):
        from slipstream import compat

        compat.install()


@pytest.fixture(scope="session")
def dag_bag(request: pytest.FixtureRequest) -> DagBag:
    """Every DAG of the folder; `import_errors` says what could not be loaded."""
    from slipstream.testing.dag_bag import DagBag

    config = request.config
    folder = config.getoption("--dags-folder") or config.getini("slipstream_dags_folder")
    path = config.rootpath / str(folder)
    if not Path(path).exists():
        raise pytest.UsageError(
            f"The folder of the DAG files, {path}, does not exist. Name it with --dags-folder or "
            "the ini option slipstream_dags_folder."
        )
    return DagBag(path, include_examples=False)


@pytest.fixture
def airflow_world() -> Iterator[Surroundings]:
    """Variables, connections and XComs that code outside of a run finds in this test."""
    from slipstream.testing.surroundings import Surroundings

    world = Surroundings()
    with world.in_force():
        yield world


@pytest.fixture
def run_dag(request: pytest.FixtureRequest) -> DagRunner:
    """`run_dag(dag_or_id, …)`: see `slipstream.testing.given_run.run_dag`.

    Variables and connections of the test's `airflow_world` are there for its tasks.
    """
    from slipstream.model.errors import NotFoundError
    from slipstream.testing.given_run import run_dag as run

    world: Surroundings | None = None
    if "airflow_world" in request.fixturenames:
        world = request.getfixturevalue("airflow_world")

    def run_one(dag: DAG | str, **arguments: UserValue) -> TestedRun:
        if isinstance(dag, str):
            bag: DagBag = request.getfixturevalue("dag_bag")
            found = bag.get_dag(dag)
            if found is None:
                problems = "".join(f"\n{path}: {text}" for path, text in bag.import_errors.items())
                raise NotFoundError(
                    f"There is no DAG {dag!r} in {bag.dag_folder}; it has "
                    f"{', '.join(bag.dag_ids) or 'none'}.{problems}"
                )
            dag = found
        if world is not None:
            for name in ("variables", "connections"):
                arguments[name] = {**getattr(world, name), **arguments.get(name, {})}
        return run(dag, **arguments)

    return run_one


def _is_airflow_installed() -> bool:
    for name in ("apache-airflow-core", "apache-airflow"):
        try:
            distribution(name)
        except PackageNotFoundError:
            continue
        return True
    return False
