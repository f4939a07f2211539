"""SQL operators, the dropped ones too, on PostgreSQL, MariaDB and SQLite."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integrations.conftest import RunDag

PIPELINE = """
from datetime import datetime
from airflow import DAG
from airflow.providers.common.sql.operators.sql import (
    SQLCheckOperator, SQLColumnCheckOperator, SQLExecuteQueryOperator, SQLTableCheckOperator,
    SQLValueCheckOperator,
)
from airflow.providers.common.sql.sensors.sql import SqlSensor
{imports}

with DAG("d", start_date=datetime(2025, 1, 1), schedule=None) as dag:
    make = {operator}(task_id="make", sql=[
        "CREATE TABLE t (id INTEGER, name VARCHAR(20))",
        "INSERT INTO t VALUES (1, 'a'), (2, '{{{{ dag.dag_id }}}}')",
    ], {conn}="db", autocommit=True)
    read = SQLExecuteQueryOperator(task_id="read", sql="SELECT name FROM t ORDER BY id", conn_id="db")
    check = SQLCheckOperator(task_id="check", sql="SELECT count(*) FROM t", conn_id="db")
    value = SQLValueCheckOperator(
        task_id="value", sql="SELECT count(*) FROM t", pass_value=2, conn_id="db")
    column = SQLColumnCheckOperator(
        task_id="column", table="t", column_mapping={{"id": {{"max": {{"equal_to": 2}}}}}}, conn_id="db")
    table = SQLTableCheckOperator(
        task_id="table", table="t", checks={{"row_count": {{"check_statement": "count(*) = 2"}}}}, conn_id="db")
    wait = SqlSensor(task_id="wait", sql="SELECT 1", conn_id="db")
    make >> read >> [check, value, column, table, wait]
"""


def pipeline(operator: str, module: str, conn: str) -> str:
    return PIPELINE.format(imports=f"from {module} import {operator}", operator=operator, conn=conn)


@pytest.mark.postgres
def test_postgres(try_dag: RunDag, postgres_uri: str) -> None:
    text = pipeline("PostgresOperator", "airflow.operators.postgres_operator", "postgres_conn_id")
    said = try_dag(text, AIRFLOW_CONN_DB=postgres_uri).succeeded()
    assert "wait: success" in said


@pytest.mark.postgres
def test_postgres_by_its_hook(try_dag: RunDag, postgres_uri: str) -> None:
    said = try_dag(
        """
        from airflow import DAG
        from airflow.decorators import task
        from airflow.hooks.postgres_hook import PostgresHook

        with DAG("d"):
            @task
            def count():
                hook = PostgresHook(postgres_conn_id="db")
                hook.run("CREATE TABLE t (n int)")
                hook.insert_rows("t", [(n,) for n in range(5)])
                print("rows", hook.get_first("SELECT count(*) FROM t")[0])
                print("frame", len(hook.get_records("SELECT * FROM t")))
            count()
        """,
        AIRFLOW_CONN_DB=postgres_uri,
    ).succeeded()
    assert "rows 5" in said
    assert "frame 5" in said


def test_mariadb(try_dag: RunDag, mariadb: int) -> None:
    text = pipeline("MySqlOperator", "airflow.providers.mysql.operators.mysql", "mysql_conn_id")
    uri = f"mysql://tester@127.0.0.1:{mariadb}/test?client=mysql-connector-python"
    said = try_dag(text, AIRFLOW_CONN_DB=uri).succeeded()
    assert "wait: success" in said


def test_sqlite(try_dag: RunDag, tmp_path: Path) -> None:
    text = pipeline("SqliteOperator", "airflow.operators.sqlite_operator", "sqlite_conn_id")
    path = str(tmp_path / "data.db").replace("/", "%2F")
    said = try_dag(text, AIRFLOW_CONN_DB=f"sqlite://{path}").succeeded()
    assert "wait: success" in said
