"""Connections: how to reach a service, with what credentials."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from slipstream.sdk._secrets import find_connection
from slipstream.sdk._sensitive import is_sensitive_name
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException, AirflowNotFoundException


class Connection:
    """Host, credentials and options of a service.

    Made from fields or from a URI: `postgres://user:password@host:5432/schema?sslmode=require`.
    `extra` is JSON text.
    """

    EXTRA_KEY = "__extra__"
    """Where a URI carries an extra that is no mapping of texts."""

    def __init__(
        self,
        conn_id: str | None = None,
        conn_type: str | None = None,
        description: str | None = None,
        host: str | None = None,
        login: str | None = None,
        password: str | None = None,
        schema: str | None = None,
        port: int | str | None = None,
        extra: str | Mapping[str, UserValue] | None = None,
        uri: str | None = None,
        team_name: str | None = None,
    ) -> None:
        if uri is not None and any((conn_type, host, login, password, schema, port, extra)):
            raise AirflowException(
                f"Connection {conn_id!r} was given a URI and single fields; give one or the other."
            )
        self.conn_id = conn_id or ""
        self.conn_type = conn_type or ""
        self.description = description
        self.host = host
        self.login = login
        self.password = password
        self.schema = schema
        self.port = int(port) if port not in (None, "") else None
        self.extra = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
        self.team_name = team_name
        if uri is not None:
            from slipstream.sdk._connection_uri import take_uri

            take_uri(self, uri)

    # ------------------------------------------------------------------ finding

    @classmethod
    def get(cls, conn_id: str) -> Connection:
        """The connection of that id. Raises `AirflowNotFoundException`."""
        found = find_connection(conn_id)
        if found is None:
            raise AirflowNotFoundException(
                f"The conn_id `{conn_id}` isn't defined. Add it with `slipstream connections add "
                f"{conn_id} …` or as AIRFLOW_CONN_{conn_id.upper()} in the environment."
            )
        return found

    @classmethod
    async def async_get(cls, conn_id: str) -> Connection:
        """`get`, awaited: the question is asked in another thread."""
        import asyncio

        return await asyncio.to_thread(cls.get, conn_id)

    @classmethod
    def get_connection_from_secrets(cls, conn_id: str) -> Connection:
        """The 2.x name of `get`."""
        return cls.get(conn_id)

    # ------------------------------------------------------------------ URI and JSON

    def get_uri(self) -> str:
        """The connection as a URI that gives the same connection again."""
        from slipstream.sdk._connection_uri import uri_of

        return uri_of(self)

    async def aget_uri(self) -> str:
        """`get_uri`, awaited."""
        return self.get_uri()

    def as_json(self) -> str:
        """The connection as JSON object, without its id."""
        fields = self.to_dict(prune_empty=True, validate=False)
        fields.pop("conn_id", None)
        return json.dumps(fields)

    @classmethod
    def from_json(cls, value: str, conn_id: str | None = None) -> Connection:
        """A connection from a JSON object with the constructor's names; `type` means `conn_type`.

        Raises ValueError where it is no JSON object or has a name that does not exist.
        """
        try:
            fields = json.loads(value)
        except ValueError as error:
            raise ValueError(f"Connection {conn_id!r} is not valid JSON: {error}.") from error
        if not isinstance(fields, dict):
            raise ValueError(f"Connection {conn_id!r} is JSON, but not an object.")
        if "type" in fields:
            fields["conn_type"] = fields.pop("type")
        if fields.get("port") in ("", None):
            fields.pop("port", None)
        unknown = sorted(set(fields) - _FIELDS)
        if unknown:
            raise ValueError(
                f"Connection {conn_id!r} has the unknown field {unknown[0]!r}; "
                f"known are: {', '.join(sorted(_FIELDS))}."
            )
        fields.pop("conn_id", None)
        return cls(conn_id=conn_id, **fields)

    @classmethod
    def from_uri(cls, uri: str, conn_id: str | None = None) -> Connection:
        """A connection from a URI."""
        return cls(conn_id=conn_id, uri=uri)

    def to_dict(self, *, prune_empty: bool = False, validate: bool = True) -> dict[str, UserValue]:
        """The fields by name; `extra` as the value that its JSON stands for."""
        fields: dict[str, UserValue] = {
            "conn_id": self.conn_id,
            "conn_type": self.conn_type,
            "description": self.description,
            "host": self.host,
            "login": self.login,
            "password": self.password,
            "schema": self.schema,
            "port": self.port,
            "extra": self.extra_dejson if validate or self.extra else None,
        }
        return (
            {k: v for k, v in fields.items() if v not in (None, "", {})} if prune_empty else fields
        )

    # ------------------------------------------------------------------ extra and secrets

    @property
    def extra_dejson(self) -> dict[str, UserValue]:
        """What `extra` holds, as a dict."""
        return self.get_extra_dejson()

    def get_extra_dejson(self, nested: bool = False) -> dict[str, UserValue]:
        """What `extra` holds; with `nested`, texts in it that are JSON are read too."""
        if not self.extra:
            return {}
        try:
            value = json.loads(self.extra)
        except ValueError as error:
            raise AirflowException(
                f"The extra of connection {self.conn_id!r} is not valid JSON: {error}."
            ) from error
        if not isinstance(value, dict):
            return {}
        if not nested:
            return value
        return {name: _read_nested(inner) for name, inner in value.items()}

    async def aextra_dejson(self) -> dict[str, UserValue]:
        """`extra_dejson`, awaited."""
        return self.extra_dejson

    def get_extra(self) -> str | None:
        """`extra` as text."""
        return self.extra

    def set_extra(self, value: str | None) -> None:
        """Replace `extra`."""
        self.extra = value

    def get_password(self) -> str | None:
        """The password."""
        return self.password

    def set_password(self, value: str | None) -> None:
        """Replace the password."""
        self.password = value

    def secrets(self) -> Iterator[str]:
        """The texts of this connection that no log may show."""
        if self.password:
            yield self.password
        try:
            extra = self.extra_dejson
        except AirflowException:
            extra = {}
        yield from secret_texts(extra)

    # ------------------------------------------------------------------ hooks

    def get_hook(self, *, hook_params: dict[str, UserValue] | None = None) -> UserValue:
        """The hook that the provider of this connection's type brings.

        Raises `AirflowException` where no installed provider knows the type.
        """
        from slipstream.sdk._hook_types import hook_class

        hook, parameter = hook_class(self.conn_type)
        return hook(**{parameter: self.conn_id}, **(hook_params or {}))

    def test_connection(self) -> tuple[bool, str]:
        """Whether the service answers, and what it said."""
        try:
            hook = self.get_hook()
        except AirflowException as error:
            return False, str(error)
        test = getattr(hook, "test_connection", None)
        if test is None:
            return False, f"The hook {type(hook).__name__} cannot test connections."
        try:
            done, message = test()
        except Exception as error:  # noqa: BLE001  a provider's own; what went wrong is the answer
            return False, str(error)
        return bool(done), str(message)

    def __repr__(self) -> str:
        return f"Connection({self.conn_id!r}, {self.conn_type!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Connection):
            return NotImplemented
        return self.to_dict(validate=False) == other.to_dict(validate=False)

    __hash__ = None  # type: ignore[assignment]  # its fields change


_FIELDS = frozenset(
    {
        "conn_id",
        "conn_type",
        "description",
        "extra",
        "host",
        "login",
        "password",
        "port",
        "schema",
        "team_name",
        "uri",
    }
)


def _read_nested(value: UserValue) -> UserValue:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def secret_texts(value: UserValue, *, under_secret: bool = False) -> Iterator[str]:
    """The texts in a value that stand under a sensitive name, or all where it stands under one."""
    match value:
        case str() if under_secret and value:
            yield value
        case dict():
            for name, inner in value.items():
                secret = under_secret or is_sensitive_name(str(name))
                yield from secret_texts(inner, under_secret=secret)
        case list() | tuple():
            for inner in value:
                yield from secret_texts(inner, under_secret=under_secret)
