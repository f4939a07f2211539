"""From S3 to Cloud Storage with the name that a connection had in older releases."""

from __future__ import annotations

from typing import Any

from airflow.providers.google.cloud.transfers.s3_to_gcs import S3ToGCSOperator as _S3ToGCS


class S3ToGCSOperator(_S3ToGCS):
    """Copies objects; `dest_gcs_conn_id` is today's `gcp_conn_id`."""

    def __init__(self, *, dest_gcs_conn_id: str | None = None, **kwargs: Any) -> None:
        if dest_gcs_conn_id is not None:
            kwargs.setdefault("gcp_conn_id", dest_gcs_conn_id)
        super().__init__(**kwargs)
