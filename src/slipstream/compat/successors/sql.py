"""The operators of single databases, as the one SQL operator that took their place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLCheckOperator, SQLExecuteQueryOperator


class PostgresOperator(SQLExecuteQueryOperator):
    """Runs SQL on the PostgreSQL of a connection."""

    def __init__(
        self,
        *,
        postgres_conn_id: str = "postgres_default",
        runtime_parameters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if runtime_parameters:
            options = " ".join(f"-c {name}={value}" for name, value in runtime_parameters.items())
            kwargs["hook_params"] = {**(kwargs.get("hook_params") or {}), "options": options}
        kwargs.setdefault("conn_id", postgres_conn_id)
        super().__init__(**kwargs)

    @property
    def postgres_conn_id(self) -> Any:
        """The connection's id under its old name."""
        return self.conn_id


class MySqlOperator(SQLExecuteQueryOperator):
    """Runs SQL on the MySQL or MariaDB of a connection."""

    def __init__(self, *, mysql_conn_id: str = "mysql_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", mysql_conn_id)
        super().__init__(**kwargs)

    @property
    def mysql_conn_id(self) -> Any:
        """The connection's id under its old name."""
        return self.conn_id


class SqliteOperator(SQLExecuteQueryOperator):
    """Runs SQL on the SQLite file of a connection."""

    def __init__(self, *, sqlite_conn_id: str = "sqlite_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", sqlite_conn_id)
        super().__init__(**kwargs)

    @property
    def sqlite_conn_id(self) -> Any:
        """The connection's id under its old name."""
        return self.conn_id


class MsSqlOperator(SQLExecuteQueryOperator):
    """Runs SQL on the SQL Server of a connection."""

    def __init__(self, *, mssql_conn_id: str = "mssql_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", mssql_conn_id)
        super().__init__(**kwargs)

    @property
    def mssql_conn_id(self) -> Any:
        """The connection's id under its old name."""
        return self.conn_id


class OracleOperator(SQLExecuteQueryOperator):
    """Runs SQL on the Oracle database of a connection."""

    def __init__(self, *, oracle_conn_id: str = "oracle_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", oracle_conn_id)
        super().__init__(**kwargs)

    @property
    def oracle_conn_id(self) -> Any:
        """The connection's id under its old name."""
        return self.conn_id


class JdbcOperator(SQLExecuteQueryOperator):
    """Runs SQL through the JDBC driver of a connection."""

    def __init__(self, *, jdbc_conn_id: str = "jdbc_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", jdbc_conn_id)
        super().__init__(**kwargs)


class VerticaOperator(SQLExecuteQueryOperator):
    """Runs SQL on the Vertica database of a connection."""

    def __init__(self, *, vertica_conn_id: str = "vertica_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", vertica_conn_id)
        super().__init__(**kwargs)


class TrinoOperator(SQLExecuteQueryOperator):
    """Runs SQL on the Trino cluster of a connection."""

    def __init__(self, *, trino_conn_id: str = "trino_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", trino_conn_id)
        super().__init__(**kwargs)


class RedshiftSQLOperator(SQLExecuteQueryOperator):
    """Runs SQL on the Redshift cluster of a connection."""

    def __init__(self, *, redshift_conn_id: str = "redshift_default", **kwargs: Any) -> None:
        kwargs.setdefault("conn_id", redshift_conn_id)
        super().__init__(**kwargs)


class SnowflakeOperator(SQLExecuteQueryOperator):
    """Runs SQL on Snowflake, with what was given here over what the connection says."""

    def __init__(
        self,
        *,
        snowflake_conn_id: str = "snowflake_default",
        warehouse: str | None = None,
        database: str | None = None,
        role: str | None = None,
        schema: str | None = None,
        authenticator: str | None = None,
        session_parameters: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = {
            "warehouse": warehouse,
            "database": database,
            "role": role,
            "schema": schema,
            "authenticator": authenticator,
            "session_parameters": session_parameters,
        }
        hook_params = {name: value for name, value in given.items() if value}
        if hook_params:
            kwargs["hook_params"] = {**hook_params, **(kwargs.get("hook_params") or {})}
        kwargs.setdefault("conn_id", snowflake_conn_id)
        super().__init__(**kwargs)

    @property
    def snowflake_conn_id(self) -> Any:
        """The connection's id under its old name."""
        return self.conn_id


class DruidCheckOperator(SQLCheckOperator):
    """Fails where the first row of a query on Druid holds something false."""

    def __init__(
        self, *, druid_broker_conn_id: str = "druid_broker_default", **kwargs: Any
    ) -> None:
        kwargs.setdefault("conn_id", druid_broker_conn_id)
        super().__init__(**kwargs)
