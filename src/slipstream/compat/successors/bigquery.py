"""BigQuery operators of the older Google provider, as jobs and tables of today's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow.providers.google.cloud.operators.bigquery import (
    BigQueryCheckOperator as _Check,
)
from airflow.providers.google.cloud.operators.bigquery import (
    BigQueryCreateTableOperator,
    BigQueryInsertJobOperator,
)
from airflow.providers.google.cloud.operators.bigquery import (
    BigQueryUpdateDatasetOperator as _UpdateDataset,
)


class BigQueryExecuteQueryOperator(BigQueryInsertJobOperator):
    """Runs a query job; the job is put together when the templates have been filled in."""

    template_fields: Sequence[str] = (
        "sql",
        "destination_dataset_table",
        "labels",
        "query_params",
        "gcp_conn_id",
        "impersonation_chain",
    )
    template_ext: Sequence[str] = (".sql",)

    def __init__(
        self,
        *,
        sql: Any = None,
        bql: Any = None,
        destination_dataset_table: str | None = None,
        write_disposition: str = "WRITE_EMPTY",
        allow_large_results: bool = False,
        flatten_results: bool | None = None,
        gcp_conn_id: str = "google_cloud_default",
        bigquery_conn_id: str | None = None,
        delegate_to: str | None = None,
        udf_config: Any = None,
        use_legacy_sql: bool = True,
        maximum_billing_tier: int | None = None,
        maximum_bytes_billed: int | None = None,
        create_disposition: str = "CREATE_IF_NEEDED",
        schema_update_options: Any = None,
        query_params: Any = None,
        labels: Mapping[str, str] | None = None,
        priority: str | None = None,
        time_partitioning: Any = None,
        range_partitioning: Any = None,
        api_resource_configs: Mapping[str, Any] | None = None,
        cluster_fields: Sequence[str] | None = None,
        encryption_configuration: Any = None,
        **kwargs: Any,
    ) -> None:
        if delegate_to is not None:
            raise TypeError(
                "delegate_to is not supported any more; give impersonation_chain instead."
            )
        if sql is None and bql is None:
            raise TypeError("BigQueryOperator needs sql.")
        super().__init__(configuration={}, gcp_conn_id=bigquery_conn_id or gcp_conn_id, **kwargs)
        self.sql = bql if sql is None else sql
        self.destination_dataset_table = destination_dataset_table
        self.query_params = query_params
        self.labels = labels
        self._options: dict[str, Any] = {
            "useLegacySql": use_legacy_sql,
            "allowLargeResults": allow_large_results or None,
            "flattenResults": flatten_results,
            "userDefinedFunctionResources": udf_config,
            "maximumBillingTier": maximum_billing_tier,
            "maximumBytesBilled": None
            if maximum_bytes_billed is None
            else str(maximum_bytes_billed),
            "schemaUpdateOptions": schema_update_options,
            "priority": priority,
            "timePartitioning": time_partitioning,
            "rangePartitioning": range_partitioning,
            "clustering": {"fields": list(cluster_fields)} if cluster_fields else None,
            "destinationEncryptionConfiguration": encryption_configuration,
        }
        self._dispositions = {
            "writeDisposition": write_disposition,
            "createDisposition": create_disposition,
        }
        self._more = dict(api_resource_configs or {})

    def execute(self, context: Any) -> Any:
        """Run the job. Returns its id."""
        self.configuration = self.job()
        return super().execute(context)

    def job(self) -> dict[str, Any]:
        """The job's configuration as BigQuery's API takes it."""
        text = self.sql if isinstance(self.sql, str) else ";\n".join(self.sql)
        query = {"query": text, **{k: v for k, v in self._options.items() if v is not None}}
        if self.query_params:
            query["queryParameters"] = self.query_params
        if self.destination_dataset_table:
            query["destinationTable"] = table_reference(self.destination_dataset_table)
            query.update(self._dispositions)
        query.update(self._more.get("query", {}))
        job: dict[str, Any] = {k: v for k, v in self._more.items() if k != "query"}
        job["query"] = query
        if self.labels:
            job["labels"] = dict(self.labels)
        return job


BigQueryOperator = BigQueryExecuteQueryOperator


class BigQueryCreateEmptyTableOperator(BigQueryCreateTableOperator):
    """Makes a table or a view without rows."""

    def __init__(
        self,
        *,
        schema_fields: Sequence[Mapping[str, Any]] | None = None,
        time_partitioning: Mapping[str, Any] | None = None,
        cluster_fields: Sequence[str] | None = None,
        labels: Mapping[str, str] | None = None,
        view: Mapping[str, Any] | None = None,
        materialized_view: Mapping[str, Any] | None = None,
        encryption_configuration: Mapping[str, Any] | None = None,
        table_resource: Mapping[str, Any] | None = None,
        bigquery_conn_id: str | None = None,
        exists_ok: bool | None = None,
        **kwargs: Any,
    ) -> None:
        resource = dict(table_resource or {})
        parts: dict[str, Any] = {
            "schema": {"fields": list(schema_fields)} if schema_fields else None,
            "timePartitioning": time_partitioning,
            "clustering": {"fields": list(cluster_fields)} if cluster_fields else None,
            "labels": labels,
            "view": view,
            "materializedView": materialized_view,
            "encryptionConfiguration": encryption_configuration,
        }
        resource.update({name: value for name, value in parts.items() if value})
        if bigquery_conn_id is not None:
            kwargs.setdefault("gcp_conn_id", bigquery_conn_id)
        if exists_ok is not None:
            kwargs.setdefault("if_exists", "ignore" if exists_ok else "log")
        super().__init__(table_resource=resource, **kwargs)


class BigQueryCreateExternalTableOperator(BigQueryCreateTableOperator):
    """Makes a table over files in Cloud Storage."""

    def __init__(
        self,
        *,
        destination_project_dataset_table: str,
        bucket: str | None = None,
        source_objects: Sequence[str] = (),
        source_format: str = "CSV",
        schema_fields: Sequence[Mapping[str, Any]] | None = None,
        autodetect: bool = False,
        compression: str = "NONE",
        skip_leading_rows: int = 0,
        field_delimiter: str = ",",
        quote_character: str | None = None,
        max_bad_records: int = 0,
        allow_quoted_newlines: bool = False,
        allow_jagged_rows: bool = False,
        labels: Mapping[str, str] | None = None,
        bigquery_conn_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        table = table_reference(destination_project_dataset_table)
        external: dict[str, Any] = {
            "sourceUris": [f"gs://{bucket}/{name}" for name in source_objects],
            "sourceFormat": source_format.upper(),
            "compression": compression.upper(),
            "autodetect": autodetect,
            "maxBadRecords": max_bad_records,
        }
        if schema_fields:
            external["schema"] = {"fields": list(schema_fields)}
        if external["sourceFormat"] == "CSV":
            csv = {
                "skipLeadingRows": skip_leading_rows,
                "fieldDelimiter": field_delimiter,
                "quote": quote_character,
                "allowQuotedNewlines": allow_quoted_newlines,
                "allowJaggedRows": allow_jagged_rows,
            }
            external["csvOptions"] = {k: v for k, v in csv.items() if v is not None}
        resource: dict[str, Any] = {"externalDataConfiguration": external}
        if labels:
            resource["labels"] = dict(labels)
        if bigquery_conn_id is not None:
            kwargs.setdefault("gcp_conn_id", bigquery_conn_id)
        if "projectId" in table:
            kwargs.setdefault("project_id", table["projectId"])
        super().__init__(
            dataset_id=table["datasetId"],
            table_id=table["tableId"],
            table_resource=resource,
            **kwargs,
        )


class BigQueryPatchDatasetOperator(_UpdateDataset):
    """Changes the given fields of a dataset."""

    def __init__(self, *, dataset_resource: Mapping[str, Any], **kwargs: Any) -> None:
        kwargs.setdefault("fields", list(dataset_resource))
        super().__init__(dataset_resource=dict(dataset_resource), **kwargs)


class BigQueryCheckOperator(_Check):
    """Fails where the first row of a query holds something false; takes `bigquery_conn_id`."""

    def __init__(self, *, bigquery_conn_id: str | None = None, **kwargs: Any) -> None:
        if bigquery_conn_id is not None:
            kwargs.setdefault("gcp_conn_id", bigquery_conn_id)
        super().__init__(**kwargs)


def table_reference(name: str) -> dict[str, str]:
    """A table of BigQuery's API from `project.dataset.table`, `project:dataset.table` or
    `dataset.table`. Raises ValueError for anything else."""
    rest, _, table = name.rpartition(".")
    separator = ":" if ":" in rest else "."
    project, _, dataset = rest.rpartition(separator)
    if not (table and dataset):
        raise ValueError(f"{name!r} is no table; expected 'project.dataset.table'.")
    found = {"datasetId": dataset, "tableId": table}
    return {"projectId": project, **found} if project else found
