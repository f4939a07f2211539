"""The deferrable forms that the other files do not have: each waits in a trigger, and goes on."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.integrations.conftest import RunDag
from tests.integrations.services import Ssh, Web


def test_sql_is_read_page_by_page(try_dag: RunDag, tmp_path: Path) -> None:
    source, target = tmp_path / "source.db", tmp_path / "target.db"
    with closing(sqlite3.connect(source)) as database, database:
        database.execute("CREATE TABLE t (n INTEGER)")
        database.executemany("INSERT INTO t VALUES (?)", [(number,) for number in range(5)])
    said = try_dag(
        """
        from airflow import DAG
        from airflow.providers.common.sql.operators.generic_transfer import GenericTransfer

        with DAG("d"):
            GenericTransfer(task_id="move", sql="SELECT n FROM t ORDER BY n", page_size=2,
                            source_conn_id="source", destination_conn_id="target",
                            destination_table="t", preoperator="CREATE TABLE t (n INTEGER)",
                            deferrable=True)
        """,
        AIRFLOW_CONN_SOURCE=json.dumps({"conn_type": "sqlite", "host": str(source)}),
        AIRFLOW_CONN_TARGET=json.dumps({"conn_type": "sqlite", "host": str(target)}),
    ).succeeded()
    assert said.count("SQLExecuteQueryTrigger") >= 3
    with closing(sqlite3.connect(target)) as database:
        assert database.execute("SELECT n FROM t ORDER BY n").fetchall() == [(n,) for n in range(5)]


class ThereLater(dict[str, tuple[int, object]]):
    """Answers of a web server that has nothing at first."""

    asked = 0

    def get(self, *_path: object) -> tuple[int, object]:  # type: ignore[override]
        self.asked += 1
        return (404, "not yet") if self.asked == 1 else (200, "there")


def test_a_web_server_is_waited_for(try_dag: RunDag, web: Web) -> None:
    web.answers = ThereLater()
    said = try_dag(
        """
        from airflow import DAG
        from airflow.providers.http.sensors.http import HttpSensor

        with DAG("d"):
            HttpSensor(task_id="wait", http_conn_id="web", endpoint="items", poke_interval=1,
                       deferrable=True)
        """,
        AIRFLOW_CONN_WEB=f"http://127.0.0.1:{web.port}/",
    ).succeeded()
    assert "HttpSensorTrigger" in said
    assert {request[1] for request in web.requests} == {"/items"}


def test_files_and_jobs_of_another_machine(try_dag: RunDag, ssh: Ssh, tmp_path: Path) -> None:
    (ssh.folder / "there.txt").write_text("there")
    said = try_dag(
        f"""
        from airflow import DAG
        from airflow.providers.sftp.operators.sftp import SFTPOperator
        from airflow.providers.ssh.operators.ssh_remote_job import SSHRemoteJobOperator

        with DAG("d"):
            get = SFTPOperator(task_id="get", ssh_conn_id="box", operation="get", deferrable=True,
                               local_filepath="{tmp_path}/got.txt", remote_filepath="/there.txt")
            job = SSHRemoteJobOperator(task_id="job", ssh_conn_id="box", poll_interval=1,
                                       remote_os="posix", remote_base_dir="{tmp_path}/jobs",
                                       command="echo from afar $((40 + 2))")
            get >> job
        """,
        AIRFLOW_CONN_BOX=f"ssh://{ssh.user}:{ssh.password}@127.0.0.1:{ssh.port}"
        "?no_host_key_check=true&allow_host_key_change=true",
    ).succeeded()
    assert (tmp_path / "got.txt").read_text() == "there"
    assert "SSHRemoteJobTrigger" in said
    assert "from afar 42" in said
