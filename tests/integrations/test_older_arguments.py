"""Operators of today's packages with the names and arguments that older releases had."""

from __future__ import annotations

import pytest


def test_s3_to_sftp_takes_the_connection_under_its_older_name() -> None:
    from airflow.providers.amazon.aws.transfers.s3_to_sftp import S3ToSFTPOperator

    older = S3ToSFTPOperator(
        task_id="a", s3_conn_id="mine", s3_bucket="b", s3_key="k", sftp_path="/p"
    )
    assert (older.aws_conn_id, older.task_type) == ("mine", "S3ToSFTPOperator")


def test_mysql_to_s3_writes_no_header_unless_asked() -> None:
    with pytest.warns(DeprecationWarning, match="SqlToS3Operator"):
        from airflow.providers.amazon.aws.transfers.mysql_to_s3 import MySQLToS3Operator

    where = {"query": "SELECT 1", "s3_bucket": "b", "s3_key": "k", "mysql_conn_id": "m"}
    plain = MySQLToS3Operator(task_id="a", **where)
    assert (plain.sql_conn_id, plain.df_kwargs) == ("m", {"index": False, "header": False})
    named = MySQLToS3Operator(task_id="b", header=True, pd_csv_kwargs={"sep": ";"}, **where)
    assert named.df_kwargs == {"index": False, "header": True, "sep": ";"}
    columnar = MySQLToS3Operator(task_id="c", file_format="parquet", **where)
    assert columnar.df_kwargs == {}


def test_parts_of_pods_keep_their_older_module() -> None:
    with pytest.warns(DeprecationWarning, match="V1ResourceRequirements"):
        from airflow.providers.cncf.kubernetes.backcompat.pod import Resources

    assert Resources(request_cpu="1").requests == {"cpu": "1"}
