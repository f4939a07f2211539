"""File systems for paths on object stores: of providers, of fsspec, and attached ones.

A provider lists modules under `filesystems` in its provider info; each has `schemes` and
`get_fs(conn_id, storage_options)`. Any other scheme is fsspec's own, and takes no connection.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from slipstream.sdk._provider_info import provided
from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_LOCAL = frozenset({"", "file", "local"})

_attached: dict[str, ObjectStore] = {}


class ObjectStore:
    """A place for objects: a scheme, a connection that opens it, and its file system."""

    __version__: ClassVar[int] = 1

    def __init__(
        self,
        protocol: str,
        conn_id: str | None,
        fs: AbstractFileSystem | None = None,
        storage_options: Mapping[str, UserValue] | None = None,
    ) -> None:
        """The file system is made when it is first needed, unless one is given."""
        self.protocol = protocol
        self.conn_id = conn_id
        self.storage_options = dict(storage_options or {})
        self._fs = fs

    @property
    def fs(self) -> AbstractFileSystem:
        """The file system. Raises `ValueError` where nobody knows the scheme."""
        if self._fs is None:
            self._fs = get_fs(self.protocol, self.conn_id, self.storage_options)
        return self._fs

    @property
    def fsid(self) -> str:
        """What tells this store from others of its scheme."""
        found = getattr(self.fs, "fsid", None)
        return str(found) if isinstance(found, str) else f"{self.protocol}-{self.conn_id or 'env'}"

    def serialize(self) -> dict[str, UserValue]:
        """What `deserialize` takes."""
        return {
            "protocol": self.protocol,
            "conn_id": self.conn_id,
            "storage_options": self.storage_options,
        }

    @classmethod
    def deserialize(cls, data: Mapping[str, UserValue], version: int) -> ObjectStore:
        """The store that was serialized. Raises `ValueError` for a newer version."""
        if version > cls.__version__:
            raise ValueError(f"An ObjectStore of version {version}; known is {cls.__version__}.")
        return attach(data["protocol"], data["conn_id"], **data["storage_options"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ObjectStore) and (
            (self.protocol, self.conn_id, self.storage_options)
            == (other.protocol, other.conn_id, other.storage_options)
        )

    def __hash__(self) -> int:
        return hash((self.protocol, self.conn_id))

    def __repr__(self) -> str:
        return f"ObjectStore({self.protocol!r}, conn_id={self.conn_id!r})"


def attach(
    protocol: str | None = None,
    conn_id: str | None = None,
    alias: str | None = None,
    encryption_type: str | None = "",
    fs: AbstractFileSystem | None = None,
    **storage_options: UserValue,
) -> ObjectStore:
    """The store of a scheme and connection; a `fs` given here serves their paths from now on.

    An `alias` names the store for later calls: `attach(alias="mine")`.
    """
    if alias is not None and alias in _attached and protocol is None:
        return _attached[alias]
    if protocol is None:
        raise ValueError(
            f"No store is attached as {alias!r}; name its protocol: attach('s3', conn_id)."
            if alias
            else "attach() needs a protocol, as in attach('s3', conn_id)."
        )
    name = alias or f"{protocol}-{conn_id or ''}"
    known = _attached.get(name)
    if known is not None and fs is None and known.storage_options == storage_options:
        return known
    _attached[name] = ObjectStore(protocol, conn_id, fs, storage_options)
    return _attached[name]


def get_fs(
    scheme: str,
    conn_id: str | None = None,
    storage_options: Mapping[str, UserValue] | None = None,
) -> AbstractFileSystem:
    """The file system of a scheme. Raises `ValueError` where nobody knows it."""
    import fsspec

    options = dict(storage_options or {})
    if scheme in _LOCAL:
        return fsspec.filesystem("file", **options)
    by_provider = _provided().get(scheme)
    if by_provider is not None:
        return _made_by(by_provider, conn_id, options)
    if conn_id is not None:
        raise ValueError(
            f"No installed provider opens {scheme}:// with a connection, and the path names the "
            f"connection {conn_id!r}. Install the provider of that store, or pass what fsspec "
            f"needs as arguments: ObjectStoragePath('{scheme}://…', key=…)."
        )
    try:
        return fsspec.filesystem(scheme, **options)
    except (ImportError, ValueError) as error:
        raise ValueError(f"No file system is known for {scheme}://: {error}") from error


def has_fs(scheme: str) -> bool:
    """Whether there is a file system for the scheme."""
    import fsspec

    return scheme in _LOCAL or scheme in _provided() or scheme in fsspec.available_protocols()


@cache
def _provided() -> Mapping[str, Callable[..., AbstractFileSystem]]:
    """`{scheme: get_fs}` of the installed providers."""
    found: dict[str, Callable[..., AbstractFileSystem]] = {}
    for path in provided("filesystems"):
        module = import_module(path)
        found.update(dict.fromkeys(module.schemes, module.get_fs))
    return found


def _made_by(
    make: Callable[..., AbstractFileSystem], conn_id: str | None, options: dict[str, UserValue]
) -> AbstractFileSystem:
    if len(inspect.signature(make).parameters) > 1:
        return make(conn_id, options)
    if options:
        raise ValueError(f"{make.__module__}.get_fs() takes no options; {options} were given.")
    return make(conn_id)
