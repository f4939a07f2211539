"""A hook for an index of Python packages."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from slipstream.sdk._hook import BaseHook
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from urllib.request import Request

_PATIENCE_SECONDS = 30


class PackageIndexHook(BaseHook):
    """Gives the address of a package index: the connection's host, with its login and password."""

    conn_name_attr = "pi_conn_id"
    default_conn_name = "package_index_default"
    conn_type = "package_index"
    hook_name = "Package Index (Python)"

    def __init__(self, pi_conn_id: str = default_conn_name, **kwargs: UserValue) -> None:
        super().__init__(**kwargs)
        self.pi_conn_id = pi_conn_id
        self.conn = None

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, UserValue]:
        """How the connection's form shows its fields."""
        return {
            "hidden_fields": ["schema", "port", "extra"],
            "relabeling": {"host": "Package Index URL"},
            "placeholders": {
                "host": "Example: https://packages.example.org/simple",
                "login": "Username for package index",
                "password": "Password for package index (will be masked)",
            },
        }

    def get_conn(self) -> str:
        """The address, with the credentials in it."""
        return self.get_connection_url()

    def get_connection_url(self) -> str:
        """The address, with the credentials in it. Raises `ValueError` without a host."""
        connection = self.get_connection(self.pi_conn_id)
        if not connection.host:
            raise ValueError(
                f"Connection {self.pi_conn_id!r} has no host; expected the address of the index."
            )
        return self._get_basic_auth_conn_url(connection.host, connection.login, connection.password)

    @staticmethod
    def _get_basic_auth_conn_url(index_url: str, user: str | None, password: str | None) -> str:
        """The address with what of the credentials is there."""
        if not user:
            return index_url
        address = urlsplit(index_url)
        secret = f":{quote(password, safe='')}" if password else ""
        host = address.netloc.rpartition("@")[2]
        return urlunsplit(address._replace(netloc=f"{quote(user, safe='')}{secret}@{host}"))

    def test_connection(self) -> tuple[bool, str]:
        """Whether the index answers, and a sentence about it."""
        from urllib.error import URLError
        from urllib.request import urlopen

        connection = self.get_connection(self.pi_conn_id)
        try:
            request = _request(connection.host or "", connection.login, connection.password)
            with urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - checked
                return True, f"Connection successfully tested: HTTP {answer.status}."
        except (URLError, OSError, ValueError) as error:
            return False, f"The index does not answer: {error}."


def _request(address: str, login: str | None, password: str | None) -> Request:
    from base64 import b64encode
    from urllib.request import Request

    if urlsplit(address).scheme not in ("http", "https"):
        raise ValueError(f"{address!r} is no http address")
    request = Request(address)  # noqa: S310 - the scheme was checked
    if login:
        credentials = b64encode(f"{login}:{password or ''}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
    return request
