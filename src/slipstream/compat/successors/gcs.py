"""Transfers of Google's provider with the names that connections had in older releases."""

from __future__ import annotations

from typing import Any

from airflow.providers.google.cloud.transfers.gcs_to_bigquery import (
    GCSToBigQueryOperator as _GCSToBigQuery,
)


class GCSToBigQueryOperator(_GCSToBigQuery):
    """Loads files into a table; `bigquery_conn_id` is today's `gcp_conn_id`.

    One connection serves both ends today: that of the table where two were given.
    """

    def __init__(
        self,
        *,
        bigquery_conn_id: str | None = None,
        google_cloud_storage_conn_id: str | None = None,
        delegate_to: str | None = None,
        **kwargs: Any,
    ) -> None:
        if delegate_to is not None:
            raise TypeError(
                "delegate_to is not supported any more; give impersonation_chain instead."
            )
        conn_id = bigquery_conn_id or google_cloud_storage_conn_id
        if conn_id is not None:
            kwargs.setdefault("gcp_conn_id", conn_id)
        super().__init__(**kwargs)
