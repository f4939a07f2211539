"""Where XComs go that are too large for a row: files named by what they contain."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from slipstream.store.errors import ObjectMissingError


class ObjectStore(Protocol):
    """Texts by the hash of their content. Writing the same text twice is writing it once."""

    def put(self, text: str) -> str:
        """Keep a text; gives its name."""

    def get(self, name: str) -> str:
        """The text of that name. Raises `ObjectMissingError`."""

    def names(self) -> Iterator[tuple[str, datetime]]:
        """All names, each with the moment it was last written."""

    def remove(self, name: str) -> None:
        """Forget a text; it may be gone already."""


class DirectoryObjects:
    """Objects as files under a folder: `ab/cdef…`, the parts of the SHA-256 of the content."""

    def __init__(self, root: Path) -> None:
        """`root` is made when the first object is written."""
        self._root = root

    def put(self, text: str) -> str:
        """Keep a text; gives its name."""
        content = text.encode()
        name = hashlib.sha256(content).hexdigest()
        path = self._path(name)
        try:
            # An object that is there is as good as new: the cleaner goes by its age.
            os.utime(path)
        except FileNotFoundError:
            _write_whole(path, content)
        return name

    def get(self, name: str) -> str:
        """The text of that name. Raises `ObjectMissingError`."""
        try:
            return self._path(name).read_bytes().decode()
        except FileNotFoundError as error:
            raise object_missing(name, str(self._root)) from error

    def names(self) -> Iterator[tuple[str, datetime]]:
        """All names, each with the moment it was last written."""
        for path in self._root.glob("??/*"):
            if not path.name.startswith("."):
                modified = path.stat().st_mtime
                yield path.parent.name + path.name, datetime.fromtimestamp(modified, UTC)

    def remove(self, name: str) -> None:
        """Forget a text; it may be gone already."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._root / name[:2] / name[2:]


def _write_whole(path: Path, content: bytes) -> None:
    # Readers see the whole file or none: it gets its name when it is complete and on the disk.
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def object_missing(name: str, where: str) -> ObjectMissingError:
    """The error for an object that is not where it should be."""
    return ObjectMissingError(
        f"The XCom object {name} is not in {where}: it was removed there, or the store is given "
        "another place for its objects than the one it was written to."
    )


def open_objects(url: str) -> ObjectStore:
    """The object store at a folder's path, a `file://` URL, or any URL that fsspec knows.

    Raises `UnsupportedUrlError` where fsspec, or what it needs for that URL, is not installed.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme == "file":
        return DirectoryObjects(Path(rest if separator else url))
    from slipstream.store.remote_objects import RemoteObjects

    return RemoteObjects(url)
