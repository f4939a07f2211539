"""Paths on object stores, with the methods of `pathlib`: `ObjectStoragePath("s3://bucket/key")`."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import urlsplit, urlunsplit

from slipstream.sdk._object_stat import stat_result
from slipstream.sdk._object_stores import attach
from slipstream.sdk._types import UserValue

try:
    from upath import UPath
    from upath.extensions import ProxyUPath
except ImportError as error:
    raise ImportError(
        "ObjectStoragePath needs the package universal-pathlib: install `slipstream[objects]`."
    ) from error

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_LOCAL = frozenset({"", "file", "local"})


class ObjectStoragePath(ProxyUPath):
    """A path on any store that a provider or fsspec knows.

    `ObjectStoragePath("s3://bucket/key", conn_id="aws")` and `"s3://aws@bucket/key"` say which
    connection opens the store. Nothing is connected to before something is read or written, so
    paths may be made at the top of a DAG file. As an XCom a path is passed by its text.
    """

    __version__: ClassVar[int] = 1
    __slots__ = ()

    sep: ClassVar[str] = "/"
    root_marker: ClassVar[str] = "/"

    def __init__(
        self,
        *args: UserValue,
        protocol: str | None = None,
        conn_id: str | None = None,
        **storage_options: UserValue,
    ) -> None:
        first, *rest = args or ("",)
        if isinstance(first, ObjectStoragePath):
            conn_id = conn_id or first.conn_id
            storage_options = {**first.storage_options, **storage_options}
            first = first.__wrapped__
        elif isinstance(first, str):
            named, first = _without_connection(first)
            conn_id = conn_id or named
        segments = [_text(each) for each in rest]
        self.__wrapped__ = UPath(first, *segments, protocol=protocol, **storage_options)
        if self.__wrapped__.protocol not in _LOCAL:
            self.__wrapped__._fs_cached = _Unopened(
                self.__wrapped__.protocol, conn_id, storage_options
            )
        elif conn_id is not None:
            self.__wrapped__._fs_cached = _Unopened(
                "file", conn_id, storage_options, needs_connection=False
            )

    # ------------------------------------------------------------------ where it is

    @property
    def conn_id(self) -> str | None:
        """The connection that opens the store; None for what the environment gives."""
        known = getattr(self.__wrapped__, "_fs_cached", None)
        return known.conn_id if isinstance(known, _Unopened) else None

    @property
    def fs(self) -> AbstractFileSystem:
        """The file system, opened."""
        found = self.__wrapped__.fs
        return found.opened if isinstance(found, _Unopened) else found

    @property
    def bucket(self) -> str:
        """The first part of a path on a store that has buckets; empty for files."""
        return "" if self.protocol in _LOCAL else urlsplit(self.as_uri()).netloc

    container = bucket
    """What some stores call a bucket."""

    @property
    def key(self) -> str:
        """The path without the bucket."""
        if self.protocol in _LOCAL:
            return self.path.lstrip("/")
        return urlsplit(self.as_uri()).path.lstrip("/")

    @property
    def namespace(self) -> str:
        """The scheme and the bucket, where there is one."""
        return f"{self.protocol}://{self.bucket}" if self.bucket else self.protocol

    def samestore(self, other: object) -> bool:
        """Whether the other path is opened by the same connection to the same kind of store."""
        return (
            isinstance(other, ObjectStoragePath)
            and self.protocol == other.protocol
            and self.conn_id == other.conn_id
        )

    def samefile(self, other_path: UserValue) -> bool:
        """Whether both are the same object, by what their stores say of them."""
        other = other_path if isinstance(other_path, ObjectStoragePath) else type(self)(other_path)
        return self.samestore(other) and self.fs.info(self.path) == other.fs.info(other.path)

    # ------------------------------------------------------------------ what the store says

    def stat(self, *, follow_symlinks: bool = True) -> stat_result:  # type: ignore[override]  # Airflow's own
        """What the store tells about the object, with `st_size` and its kin."""
        return stat_result(self.fs.info(self.path), protocol=self.protocol, conn_id=self.conn_id)

    def size(self) -> int:
        """How many bytes it has."""
        found: int = self.fs.size(self.path)
        return found

    def checksum(self) -> int:
        """A number that changes when the object does."""
        found: int = self.fs.checksum(self.path)
        return found

    def ukey(self) -> str:
        """A hash that changes when the object does, as the store makes it."""
        found: str = self.fs.ukey(self.path)
        return found

    def sign(self, expiration: int = 100, **kwargs: UserValue) -> UserValue:
        """A URL for everybody, for so many seconds. Raises `NotImplementedError`."""
        return self.fs.sign(self.path, expiration=expiration, **kwargs)

    def read_block(self, offset: int, length: int, delimiter: bytes | None = None) -> UserValue:
        """Some bytes, from one delimiter to another where one is given."""
        return self.fs.read_block(self.path, offset, length, delimiter=delimiter)

    # ------------------------------------------------------------------ copying and moving

    def copy(  # type: ignore[override]  # Airflow's own
        self, dst: UserValue, recursive: bool = False, **kwargs: UserValue
    ) -> None:
        """Copy to a path on any store; a folder only with `recursive`."""
        target = self._target(dst)
        if self.samestore(target):
            self.fs.copy(self.path, target.path, recursive=recursive, **kwargs)
        elif not self.is_dir():
            _copy_file(self, target, **kwargs)
        elif not recursive:
            raise IsADirectoryError(f"{self} is a folder: copy it with recursive=True.")
        else:
            _copy_folder(self, target, **kwargs)

    def copy_into(  # type: ignore[override]  # Airflow's own
        self, target_dir: UserValue, recursive: bool = False, **kwargs: UserValue
    ) -> None:
        """Copy into a folder, under the same name. Raises `NotADirectoryError`."""
        self.copy(self._folder(target_dir) / self.name, recursive=recursive, **kwargs)

    def move(  # type: ignore[override]  # Airflow's own
        self, path: UserValue, recursive: bool = False, **kwargs: UserValue
    ) -> None:
        """Move to a path on any store; a folder only with `recursive`."""
        target = self._target(path)
        if self.samestore(target):
            self.fs.move(self.path, target.path, recursive=recursive, **kwargs)
            return
        self.copy(target, recursive=recursive, **kwargs)
        self.fs.rm(self.path, recursive=recursive)

    def move_into(  # type: ignore[override]  # Airflow's own
        self, target_dir: UserValue, recursive: bool = False, **kwargs: UserValue
    ) -> None:
        """Move into a folder, under the same name. Raises `NotADirectoryError`."""
        self.move(self._folder(target_dir) / self.name, recursive=recursive, **kwargs)

    def replace(self, target: UserValue) -> Self:
        """Move to a path on the same store, over what is there."""
        return self.rename(target)

    def _target(self, path: UserValue) -> ObjectStoragePath:
        return path if isinstance(path, ObjectStoragePath) else type(self)(path)

    def _folder(self, path: UserValue) -> ObjectStoragePath:
        folder = self._target(path)
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is no folder to put {self.name!r} into.")
        return folder

    # ------------------------------------------------------------------ as a value

    @classmethod
    def cwd(cls) -> Self:
        """The current folder of the process."""
        return cls._from_upath(UPath.cwd())

    @classmethod
    def home(cls) -> Self:
        """The user's home."""
        return cls._from_upath(UPath.home())

    def serialize(self) -> dict[str, UserValue]:
        """What `deserialize` takes."""
        return {
            "path": str(self),
            "conn_id": self.conn_id,
            "kwargs": dict(self.storage_options),
        }

    @classmethod
    def deserialize(cls, data: Mapping[str, UserValue], version: int) -> ObjectStoragePath:
        """The path that was serialized. Raises `ValueError` for a newer version."""
        if version > cls.__version__:
            raise ValueError(
                f"An ObjectStoragePath of version {version}; known is {cls.__version__}."
            )
        return cls(data["path"], conn_id=data["conn_id"], **data["kwargs"])

    def __reduce__(self) -> UserValue:
        return _from_serialized, (self.serialize(),)

    def __str__(self) -> str:
        text = super().__str__()
        if self.conn_id is None or "://" not in text:
            return text
        scheme, rest = text.split("://", 1)
        return f"{scheme}://{self.conn_id}@{rest}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ObjectStoragePath):
            return NotImplemented
        return self.__wrapped__ == other.__wrapped__ and self.conn_id == other.conn_id

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash((self.__wrapped__, self.conn_id))


class _Unopened:
    """Stands for a file system until something is asked of it; paths made of a path share it."""

    def __init__(
        self,
        protocol: str,
        conn_id: str | None,
        storage_options: Mapping[str, UserValue],
        *,
        needs_connection: bool = True,
    ) -> None:
        self.conn_id = conn_id
        self._protocol = protocol
        self._connection = conn_id if needs_connection else None
        self._options = storage_options

    @property
    def opened(self) -> AbstractFileSystem:
        """The file system itself."""
        return attach(self._protocol, self._connection, **self._options).fs

    def __getattr__(self, name: str) -> UserValue:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.opened, name)


def _without_connection(text: str) -> tuple[str | None, str]:
    """The connection's id that stands before the `@` of a URL, and the URL without it."""
    if "://" not in text:
        return None, text
    parts = urlsplit(text)
    conn_id, at, place = parts.netloc.rpartition("@")
    if not at:
        return None, text
    return conn_id, urlunsplit(parts._replace(netloc=place))


def _text(segment: UserValue) -> UserValue:
    return segment.path if isinstance(segment, ObjectStoragePath) else segment


def _copy_file(source: ObjectStoragePath, target: ObjectStoragePath, **kwargs: UserValue) -> None:
    with (
        source.fs.open(source.path, "rb") as reading,
        target.fs.open(target.path, "wb", **kwargs) as writing,
    ):
        shutil.copyfileobj(reading, writing, 1 << 20)


def _copy_folder(source: ObjectStoragePath, target: ObjectStoragePath, **kwargs: UserValue) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        entry.copy(target / entry.name, recursive=True, **kwargs)


def _from_serialized(data: Mapping[str, UserValue]) -> ObjectStoragePath:
    return ObjectStoragePath.deserialize(data, ObjectStoragePath.__version__)
