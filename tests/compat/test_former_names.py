"""Names that DAG files of any generation import.

`usage/imports.csv` lists what at least two of 200 public repositories import, with their number and
what it resolves to here: `ours`, `provider NAME`, or `refused`.
"""

from __future__ import annotations

import csv
import importlib
import importlib.util
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from slipstream import compat
from slipstream.compat.errors import ModuleGoneError, NoSuccessorError, ProviderNotInstalledError
from slipstream.compat.explaining import provider_of
from slipstream.compat.surface import dropped_names
from slipstream.compat.surface._former import former_modules


def rows() -> list[list[str]]:
    with (Path(__file__).parent / "usage" / "imports.csv").open() as file:
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


def take(module: str, name: str) -> object:
    found = importlib.import_module(module)
    return getattr(found, name) if name else found


@pytest.mark.parametrize(
    ("module", "name"), [row[:2] for row in rows() if row[3] == "ours"], ids=str
)
def test_a_name_is_there(module: str, name: str) -> None:
    assert take(module, name) is not None or name == "NEW_SESSION"


@pytest.mark.parametrize(
    ("module", "name", "provider"),
    [(*row[:2], row[3].split()[1]) for row in rows() if row[3].startswith("provider")],
    ids=str,
)
def test_a_name_of_a_provider_is_there_or_its_package_is_named(
    module: str, name: str, provider: str
) -> None:
    """Where a package is installed without what it needs itself, that is named by the package."""
    error = error_of(lambda: take(module, name))
    if isinstance(error, ProviderNotInstalledError):
        assert f"apache-airflow-providers-{provider}" in str(error)
        assert f"slipstream providers install {provider}" in str(error)
    else:
        assert error is None or not str(error.name).startswith("airflow")


def error_of(use: Callable[[], object]) -> ImportError | None:
    try:
        use()
    except ImportError as error:
        return error
    return None


@pytest.mark.parametrize(
    ("module", "name"), [row[:2] for row in rows() if row[3] == "refused"], ids=str
)
def test_a_name_without_a_successor_says_what_to_use(module: str, name: str) -> None:
    with pytest.raises((ModuleGoneError, NoSuccessorError), match="is gone since Airflow 3"):
        take(module, name)


def test_the_table_is_read() -> None:
    assert len(rows()) > 450


def test_what_several_packages_share_is_named_by_the_one_that_is_missing() -> None:
    with pytest.raises(ProviderNotInstalledError, match="slipstream providers install apache-pig"):
        importlib.import_module("airflow.providers.apache.pig.hooks.pig")
    assert provider_of("airflow.providers.microsoft.azure.hooks.wasb") == "microsoft-azure"
    assert provider_of("airflow.providers.cncf") is None


def test_whoever_only_asks_for_a_module_gets_none() -> None:
    assert importlib.util.find_spec("airflow.providers.acme") is None
    assert importlib.util.find_spec("airflow.www") is None


def test_every_entry_of_the_tables_has_a_target_or_says_what_to_use() -> None:
    entries = [
        target
        for table in (former_modules(), dropped_names())
        for names in table.values()
        for target in names.values()
    ]
    assert len(entries) > 500
    for target in entries:
        assert target.replacement
        if target.module.startswith("slipstream.compat.adapters") or target.module in (
            "airflow.sdk",
            "slipstream.sdk.operators.email",
        ):
            assert take(target.module, target.attribute or "") is not None


def test_a_former_name_warns_once_for_each_file() -> None:
    code = """
        import slipstream.compat; slipstream.compat.install()
        import warnings
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            from airflow.operators.email_operator import EmailOperator
            from airflow.operators.email_operator import EmailOperator as again
            from airflow import Dataset
        print(*[str(one.message) for one in seen], sep="|")
    """
    assert run(code).split("|") == [
        "airflow.operators.email_operator.EmailOperator is deprecated. "
        "Use airflow.providers.smtp.operators.smtp.EmailOperator.",
        "airflow.Dataset is deprecated. Use airflow.sdk.Asset.",
    ]


def test_plain_files_do_not_read_the_tables_of_former_names() -> None:
    code = """
        import slipstream.compat; slipstream.compat.install()
        from airflow import DAG
        from airflow.operators.python import PythonOperator
        from airflow.providers.standard.operators.bash import BashOperator
        from slipstream.compat.surface import _former
        print(_former.former_modules.cache_info().currsize)
    """
    assert run(code) == "0"


# ---------------------------------------------------------------- packages that lost names


@pytest.fixture
def acme(tmp_path: Path) -> Path:
    """What an installed package looks like that has lost some of its modules and names."""
    http = tmp_path / "airflow" / "providers" / "http" / "operators"
    http.mkdir(parents=True)
    for folder in (http, http.parent):
        (folder / "__init__.py").touch()
    (http / "http.py").write_text("class HttpOperator: ...\n")
    sql = tmp_path / "airflow" / "providers" / "common" / "sql" / "operators"
    sql.mkdir(parents=True)
    for folder in (sql, sql.parent):
        (folder / "__init__.py").touch()
    (sql / "sql.py").write_text(
        "from airflow.sdk import BaseOperator\n"
        "class SQLExecuteQueryOperator(BaseOperator):\n"
        "    def __init__(self, *, sql, conn_id=None, database=None, hook_params=None, **kwargs):\n"
        "        super().__init__(**kwargs)\n"
        "        self.conn_id = conn_id\n"
        "        self.given = (sql, conn_id, database, hook_params)\n"
        "class SQLCheckOperator(SQLExecuteQueryOperator): ...\n"
    )
    postgres = tmp_path / "airflow" / "providers" / "postgres"
    postgres.mkdir()
    (postgres / "__init__.py").touch()
    return tmp_path


def test_a_name_that_an_installed_package_lost_is_found_in_its_module(acme: Path) -> None:
    code = """
        import slipstream.compat; slipstream.compat.install()
        from airflow.providers.http.operators.http import HttpOperator, SimpleHttpOperator
        print(SimpleHttpOperator is HttpOperator)
    """
    assert run(code, path=acme) == "True"


@pytest.mark.parametrize(
    ("module", "name", "today"),
    [
        ("amazon.aws.operators.datasync", "AWSDataSyncOperator", "DataSyncOperator"),
        ("amazon.aws.operators.dms_create_task", "DmsCreateTaskOperator", "DmsCreateTaskOperator"),
        ("microsoft.azure.hooks.azure_fileshare", "AzureFileShareHook", "AzureFileShareHook"),
        ("microsoft.azure.transfers.file_to_wasb", "FileToWasbOperator", "LocalFilesystem"),
    ],
)
def test_names_of_the_first_packages_lead_to_those_of_today(
    module: str, name: str, today: str
) -> None:
    target = dropped_names()[f"airflow.providers.{module}"][name]
    assert str(target.attribute).startswith(today)
    assert str(target.module).startswith(f"airflow.providers.{module.split('.', maxsplit=1)[0]}.")


def test_a_module_that_an_installed_package_lost_is_made_from_the_table(acme: Path) -> None:
    code = """
        import slipstream.compat; slipstream.compat.install()
        from airflow import DAG
        from airflow.operators.postgres_operator import PostgresOperator
        from airflow.providers.postgres.operators.postgres import PostgresOperator as again
        assert PostgresOperator is again
        with DAG("d", default_args={"postgres_conn_id": "warehouse"}):
            a = PostgresOperator(task_id="a", sql="SELECT 1", database="db",
                                 runtime_parameters={"statement_timeout": "1s"})
            b = PostgresOperator.partial(task_id="b", postgres_conn_id="other").expand(sql=["x"])
        print(a.given, a.postgres_conn_id)
    """
    assert run(code, path=acme).startswith(
        "('SELECT 1', 'warehouse', 'db', {'options': '-c statement_timeout=1s'}"
    )


def test_a_module_of_a_package_that_is_not_there_at_all_names_the_package(acme: Path) -> None:
    code = """
        import slipstream.compat; slipstream.compat.install()
        try:
            from airflow.providers.mysql.operators.mysql import MySqlOperator
        except ImportError as error:
            print(error)
    """
    assert "slipstream providers install mysql" in run(code, path=acme)


def run(code: str, *, path: Path | None = None) -> str:
    environment_path = [str(Path(__file__).parents[2] / "src"), *([str(path)] if path else [])]
    script = f"import sys; sys.path[:0] = {environment_path!r}\n" + textwrap.dedent(code)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
