"""From MySQL to S3 with the arguments of the operator that had one database only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.amazon.aws.transfers.sql_to_s3 import SqlToS3Operator


class MySQLToS3Operator(SqlToS3Operator):
    """Writes what a query finds to an object, as `SqlToS3Operator` does.

    Text has neither the row numbers nor the names of the columns unless `index` or `header` ask for
    them, as in older releases.
    """

    def __init__(
        self,
        *,
        mysql_conn_id: str = "mysql_default",
        pd_csv_kwargs: Mapping[str, Any] | None = None,
        index: bool = False,
        header: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("sql_conn_id", mysql_conn_id)
        if not kwargs.keys() & {"df_kwargs", "pd_kwargs"}:
            of_text = kwargs.get("file_format", "csv") == "csv"
            columns = {"index": index, "header": header} if of_text else {}
            kwargs["df_kwargs"] = {**columns, **(pd_csv_kwargs or {})}
        super().__init__(**kwargs)
