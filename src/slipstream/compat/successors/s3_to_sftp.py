"""From S3 to a file server with the name that a connection had in older releases."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.transfers.s3_to_sftp import S3ToSFTPOperator as _S3ToSFTP


class S3ToSFTPOperator(_S3ToSFTP):
    """Copies an object; `s3_conn_id` is today's `aws_conn_id`."""

    def __init__(self, *, s3_conn_id: str | None = None, **kwargs: Any) -> None:
        if s3_conn_id is not None:
            kwargs.setdefault("aws_conn_id", s3_conn_id)
        super().__init__(**kwargs)
