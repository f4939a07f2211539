"""The finder, in interpreters of its own: an import surface cannot be tested in a shared one."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest


def run(code: str, *, path: Path | None = None) -> str:
    environment_path = [str(Path(__file__).parents[2] / "src"), *([str(path)] if path else [])]
    script = f"import sys; sys.path[:0] = {environment_path!r}\n" + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def foreign_airflow(tmp_path: Path) -> Path:
    """A folder with what a real installation looks like: a package and a provider below it."""
    provider = tmp_path / "airflow" / "providers" / "acme"
    provider.mkdir(parents=True)
    (tmp_path / "airflow" / "__init__.py").write_text("raise RuntimeError('real Airflow ran')")
    (tmp_path / "airflow" / "models.py").write_text("raise RuntimeError('real Airflow ran')")
    (provider / "__init__.py").write_text("__version__ = '1.2.3'")
    (provider / "operators.py").write_text(
        "from airflow.sdk import BaseOperator\nclass AcmeOperator(BaseOperator): ...\n"
    )
    return tmp_path


def test_dag_is_the_same_object_wherever_it_is_imported_from() -> None:
    assert (
        run("""
        import slipstream.compat; slipstream.compat.install()
        from airflow import DAG
        from airflow.models import DAG as a
        from airflow.models.dag import DAG as b
        from airflow.sdk import DAG as c
        import slipstream.sdk
        print(DAG is a is b is c is slipstream.sdk.DAG)
    """)
        == "True"
    )


def test_airflow_says_which_file_it_is() -> None:
    said = run(
        """
        from slipstream import compat
        compat.install()
        import os, airflow
        print(os.path.isfile(airflow.__file__), os.path.dirname(airflow.__file__))
        """
    )
    assert said == f"True {Path(__file__).parents[2] / 'src' / 'slipstream' / 'compat'}"


def test_a_real_airflow_on_the_path_is_not_touched(foreign_airflow: Path) -> None:
    assert (
        run(
            """
        import slipstream.compat; slipstream.compat.install()
        import airflow, airflow.models
        print(airflow.__version__)
    """,
            path=foreign_airflow,
        )
        == "3.3.2"
    )


def test_installed_providers_are_found_beside_the_surface(foreign_airflow: Path) -> None:
    assert (
        run(
            """
        import slipstream.compat; slipstream.compat.install()
        from airflow.providers.acme.operators import AcmeOperator
        import airflow.providers.acme
        from slipstream.sdk import BaseOperator
        print(airflow.providers.acme.__version__, issubclass(AcmeOperator, BaseOperator))
    """,
            path=foreign_airflow,
        )
        == "1.2.3 True"
    )


def test_an_installed_provider_wins_where_several_share_a_namespace(tmp_path: Path) -> None:
    folder = tmp_path / "airflow" / "providers" / "common" / "io" / "xcom"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").touch()
    (folder / "backend.py").write_text("XComObjectStorageBackend = 'the installed one'")
    code = """
        import slipstream.compat; slipstream.compat.install()
        from airflow.providers.common.io.xcom.backend import XComObjectStorageBackend
        print(XComObjectStorageBackend)
    """
    assert run(code, path=tmp_path) == "the installed one"
    assert "_xcom_object_storage.XComObjectStorageBackend" in run(code)


def test_the_standard_provider_is_ours_and_an_installed_one_adds_to_it(
    foreign_airflow: Path,
) -> None:
    operators = foreign_airflow / "airflow" / "providers" / "standard" / "operators"
    operators.mkdir(parents=True)
    for folder in (operators.parent, operators):
        (folder / "__init__.py").write_text("raise RuntimeError('the installed package ran')")
    (operators / "bash.py").write_text("raise RuntimeError('the installed operator ran')")
    (operators / "novel.py").write_text("from airflow.sdk import BaseOperator\nNAME = 'novel'\n")
    assert (
        run(
            """
        import slipstream.compat; slipstream.compat.install()
        from airflow.providers.standard.operators.bash import BashOperator
        from airflow.providers.standard.operators.novel import NAME
        print(BashOperator.__module__, NAME)
    """,
            path=foreign_airflow,
        )
        == "slipstream.sdk.operators.bash novel"
    )


def test_a_module_that_airflow_does_not_have_fails_as_such() -> None:
    assert (
        run("""
        import slipstream.compat; slipstream.compat.install()
        try:
            import airflow.no_such_module
        except ModuleNotFoundError as error:
            print(error.name)
        try:
            from airflow.models import NoSuchName
        except ImportError as error:
            print("NoSuchName" in str(error))
    """)
        == "airflow.no_such_module\nTrue"
    )


def test_an_airflow_that_was_imported_before_is_an_error(foreign_airflow: Path) -> None:
    (foreign_airflow / "airflow" / "__init__.py").write_text("")
    assert "before anything imports airflow" in run(
        """
        import airflow, slipstream.compat
        try:
            slipstream.compat.install()
        except ImportError as error:
            print(error)
    """,
        path=foreign_airflow,
    )


def test_a_removed_name_works_and_warns_once_per_file(tmp_path: Path) -> None:
    (tmp_path / "old_dag.py").write_text(
        "from airflow.operators.python_operator import PythonOperator\n"
        "from airflow.operators.python_operator import PythonOperator as Again\n"
        "from airflow.operators.dummy_operator import DummyOperator\n"
    )
    assert run(
        """
        import warnings, slipstream.compat; slipstream.compat.install()
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            import old_dag
        for w in seen:
            print(w.filename.endswith("old_dag.py"), w.category.__name__, w.message)
    """,
        path=tmp_path,
    ).splitlines() == [
        "True RemovedInAirflow3Warning airflow.operators.python_operator.PythonOperator is "
        "deprecated. Use airflow.providers.standard.operators.python.PythonOperator.",
        "True RemovedInAirflow3Warning airflow.operators.dummy_operator.DummyOperator is "
        "deprecated. Use airflow.providers.standard.operators.empty.EmptyOperator.",
    ]


def test_installing_twice_changes_nothing_and_uninstall_takes_it_away() -> None:
    assert (
        run("""
        import sys, slipstream.compat as compat
        compat.install(); compat.install()
        import airflow.models
        print(len([f for f in sys.meta_path if "Surface" in type(f).__name__]))
        compat.uninstall()
        print("airflow" in sys.modules, compat.is_installed())
    """)
        == "1\nFalse False"
    )


def test_every_name_of_the_surface_can_be_imported() -> None:
    assert (
        run("""
        import warnings, slipstream.compat; slipstream.compat.install()
        warnings.simplefilter("ignore")
        from slipstream.compat.surface import load_surface
        import importlib
        surface = load_surface()
        # Once a name is missing, the tables of former names are added.
        listed = {module: sorted(surface.names(module)) for module in sorted(surface.modules())}
        for module, names in listed.items():
            loaded = importlib.import_module(module)
            for name in names:
                try:
                    getattr(loaded, name)
                except (AttributeError, ImportError) as error:
                    print(module, name, repr(error))
    """)
        == ""
    )


@pytest.mark.parametrize(
    "code",
    [
        "from airflow.sdk import DAG, BaseOperator, Param, TaskGroup, chain, dag, task",
        """
        from airflow import DAG
        from airflow.operators.bash import BashOperator
        from airflow.operators.empty import EmptyOperator
        from airflow.operators.python import PythonOperator
        """,
    ],
)
def test_the_imports_of_a_dag_file_load_what_authors_need_and_no_more(code: str) -> None:
    kept_out = [
        "asyncio",
        "email",
        "importlib.metadata",
        "jinja2",
        "msgspec",
        "pendulum",
        "slipstream.core",
        "slipstream.model.asset",
        "slipstream.model.attempt",
        "slipstream.model.dag",
        "slipstream.model.run",
        "slipstream.model.schedule",
        "socket",
        "sqlalchemy",
        "zipfile",
    ]

    said = run(
        "import slipstream.compat\nslipstream.compat.install()\n"
        + textwrap.dedent(code)
        + f"\nprint([name for name in {kept_out!r} if name in sys.modules])"
    )

    assert said == "[]"
