"""The base of hooks: how operators reach the services that connections describe."""

from __future__ import annotations

from slipstream.sdk._connection import Connection
from slipstream.sdk._logging import LoggingMixin
from slipstream.sdk._types import UserValue


class BaseHook(LoggingMixin):
    """A way to a service. Subclasses turn a connection into a client."""

    conn_name_attr: str
    default_conn_name: str
    conn_type: str
    hook_name: str
    _log_config_logger_name = "airflow.task.hooks"

    def __init__(self, logger_name: str | None = None, **kwargs: UserValue) -> None:
        super().__init__(**kwargs)
        self._logger_name = logger_name

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """The connection of that id. Raises `AirflowNotFoundException`."""
        return Connection.get(conn_id)

    @classmethod
    async def aget_connection(cls, conn_id: str) -> Connection:
        """The same for coroutines; the question is asked in another thread."""
        import asyncio

        return await asyncio.to_thread(cls.get_connection, conn_id)

    @classmethod
    def get_connections(cls, conn_id: str) -> list[Connection]:
        """The connection of that id, in a list."""
        return [cls.get_connection(conn_id)]

    @classmethod
    def get_hook(cls, conn_id: str, hook_params: dict[str, UserValue] | None = None) -> UserValue:
        """The hook for a connection's type."""
        connection = cls.get_connection(conn_id)
        return connection.get_hook(hook_params=hook_params)

    @classmethod
    async def aget_hook(
        cls, conn_id: str, hook_params: dict[str, UserValue] | None = None
    ) -> UserValue:
        """The same for coroutines; the connection is asked for in another thread."""
        connection = await cls.aget_connection(conn_id)
        return connection.get_hook(hook_params=hook_params)

    @classmethod
    def get_random_connection(cls, conn_id: str) -> Connection:
        """One of the connections of that id."""
        import random

        return random.choice(cls.get_connections(conn_id))  # noqa: S311  not for cryptography

    def get_conn(self) -> UserValue:
        """The client of the service; every hook makes its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no get_conn; use the hook of the service's provider."
        )

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, UserValue]:
        """Extra fields of the connection's form; none here."""
        return {}

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, UserValue]:
        """How the connection's form shows its fields; as they are here."""
        return {}
