"""The connections that hooks of providers look for when nobody names one.

Each stands under the id that the provider's hook has as its default, with the service's usual port
on this machine. They are a beginning to be edited; none holds a password.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from slipstream.store.records import ConnectionRecord

_LOCAL: Final = "localhost"
_DEFAULTS: Final[Sequence[tuple[str, str, str | None, int | None]]] = (
    ("aws_default", "aws", None, None),
    ("azure_batch_default", "azure_batch", None, None),
    ("azure_cosmos_default", "azure_cosmos", None, None),
    ("azure_data_explorer_default", "azure_data_explorer", None, None),
    ("azure_data_lake_default", "azure_data_lake", None, None),
    ("azure_default", "azure", None, None),
    ("cassandra_default", "cassandra", _LOCAL, 9042),
    ("databricks_default", "databricks", _LOCAL, None),
    ("dingding_default", "http", None, None),
    ("drill_default", "drill", _LOCAL, 8047),
    ("druid_broker_default", "druid", _LOCAL, 8082),
    ("druid_ingest_default", "druid", _LOCAL, 8081),
    ("elasticsearch_default", "elasticsearch", _LOCAL, 9200),
    ("emr_default", "emr", None, None),
    ("facebook_default", "facebook_social", None, None),
    ("fs_default", "fs", None, None),
    ("ftp_default", "ftp", _LOCAL, 21),
    ("google_cloud_default", "google_cloud_platform", None, None),
    ("gremlin_default", "gremlin", _LOCAL, 8182),
    ("hive_cli_default", "hive_cli", _LOCAL, 10000),
    ("hiveserver2_default", "hiveserver2", _LOCAL, 10000),
    ("http_default", "http", _LOCAL, None),
    ("iceberg_default", "iceberg", _LOCAL, None),
    ("impala_default", "impala", _LOCAL, 21050),
    ("kafka_default", "kafka", None, None),
    ("kubernetes_default", "kubernetes", None, None),
    ("kylin_default", "kylin", _LOCAL, 7070),
    ("leveldb_default", "leveldb", _LOCAL, None),
    ("livy_default", "livy", _LOCAL, 8998),
    ("metastore_default", "hive_metastore", _LOCAL, 9083),
    ("mongo_default", "mongo", _LOCAL, 27017),
    ("mssql_default", "mssql", _LOCAL, 1433),
    ("mysql_default", "mysql", _LOCAL, 3306),
    ("opsgenie_default", "opsgenie", None, None),
    ("oracle_default", "oracle", _LOCAL, 1521),
    ("oss_default", "oss", None, None),
    ("pig_cli_default", "pig_cli", None, None),
    ("pinot_admin_default", "pinot", _LOCAL, 9000),
    ("pinot_broker_default", "pinot", _LOCAL, 8099),
    ("postgres_default", "postgres", _LOCAL, 5432),
    ("presto_default", "presto", _LOCAL, 8080),
    ("qdrant_default", "qdrant", _LOCAL, 6333),
    ("redis_default", "redis", _LOCAL, 6379),
    ("redshift_default", "redshift", None, 5439),
    ("salesforce_default", "salesforce", None, None),
    ("segment_default", "segment", None, None),
    ("sftp_default", "sftp", _LOCAL, 22),
    ("spark_default", "spark", "yarn", None),
    ("sqlite_default", "sqlite", None, None),
    ("ssh_default", "ssh", _LOCAL, 22),
    ("tableau_default", "tableau", None, None),
    ("tabular_default", "tabular", None, None),
    ("teradata_default", "teradata", _LOCAL, 1025),
    ("trino_default", "trino", _LOCAL, 8080),
    ("vertica_default", "vertica", _LOCAL, 5433),
    ("wasb_default", "wasb", None, None),
    ("webhdfs_default", "hdfs", _LOCAL, 9870),
    ("yandexcloud_default", "yandexcloud", None, None),
    ("ydb_default", "ydb", _LOCAL, 2135),
)


class ConnectionStore(Protocol):
    """What is needed of the store."""

    def get_connection(self, conn_id: str) -> ConnectionRecord | None:
        """See `slipstream.store.interface.SettingsStore`."""

    def set_connection(self, connection: ConnectionRecord) -> bool:
        """See `slipstream.store.interface.SettingsStore`."""


def create_missing(store: ConnectionStore) -> Sequence[str]:
    """Create those that are not there; gives their ids. What is there stays as it is."""
    created = []
    for conn_id, conn_type, host, port in _DEFAULTS:
        if store.get_connection(conn_id) is None:
            store.set_connection(
                ConnectionRecord(conn_id=conn_id, conn_type=conn_type, host=host, port=port)
            )
            created.append(conn_id)
    return created
