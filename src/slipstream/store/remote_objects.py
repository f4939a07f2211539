"""XCom objects on whatever fsspec reaches: S3, Google Storage, Azure, SFTP and so on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

from slipstream.model.sensitive import without_password
from slipstream.store.errors import UnsupportedUrlError
from slipstream.store.objects import object_missing


class RemoteObjects:
    """Objects under a URL, named as `DirectoryObjects` names its files."""

    def __init__(self, url: str) -> None:
        """Reaches for nothing yet. Raises `UnsupportedUrlError` where a package is missing."""
        place = without_password(url)
        try:
            import fsspec
        except ImportError as error:
            raise UnsupportedUrlError(
                f"XCom objects at {place} need the package fsspec: install `slipstream[objects]`, "
                "or give a folder."
            ) from error
        try:
            self._files, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise UnsupportedUrlError(
                f"XCom objects cannot be kept at {place}: {error}. fsspec names the package that a "
                "kind of URL needs."
            ) from error
        self._root = str(root).rstrip("/")

    def put(self, text: str) -> str:
        """Keep a text; gives its name."""
        content = text.encode()
        name = hashlib.sha256(content).hexdigest()
        # Also where it is there already: writing it anew makes it young for the cleaner.
        self._files.pipe_file(self._path(name), content)
        return name

    def get(self, name: str) -> str:
        """The text of that name. Raises `ObjectMissingError`."""
        try:
            content: bytes = self._files.cat_file(self._path(name))
        except FileNotFoundError as error:
            raise object_missing(name, self._root) from error
        return content.decode()

    def names(self) -> Iterator[tuple[str, datetime]]:
        """All names, each with the moment it was last written."""
        self._files.invalidate_cache()
        for path in self._files.find(self._root):
            modified: datetime = self._files.modified(path)
            moment = modified if modified.tzinfo is not None else modified.replace(tzinfo=UTC)
            yield "".join(path.split("/")[-2:]), moment

    def remove(self, name: str) -> None:
        """Forget a text; it may be gone already."""
        try:
            self._files.rm_file(self._path(name))
        except FileNotFoundError:
            return

    def _path(self, name: str) -> str:
        return f"{self._root}/{name[:2]}/{name[2:]}"
