"""Triggers that wait for files."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from glob import iglob

from slipstream.sdk._triggers import BaseEventTrigger, BaseTrigger, TriggerEvent
from slipstream.sdk._types import UserValue


def find_file(pattern: str, *, recursive: bool = False) -> str | None:
    """A file that the glob pattern matches, or a folder with a file below it; None for nothing."""
    for path in iglob(pattern, recursive=recursive):
        if os.path.isfile(path):
            return path
        if any(files for _, _, files in os.walk(path)):
            return path
    return None


class FileTrigger(BaseTrigger):
    """Fires with True when a file matches the glob pattern `filepath`."""

    def __init__(
        self, filepath: str, recursive: bool = False, poke_interval: float = 5.0, **_: UserValue
    ) -> None:
        super().__init__()
        self.filepath = filepath
        self.recursive = recursive
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, UserValue]]:
        """See `BaseTrigger`."""
        return (
            f"{FileTrigger.__module__}.{FileTrigger.__qualname__}",
            {
                "filepath": self.filepath,
                "recursive": self.recursive,
                "poke_interval": self.poke_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look again and again; the disk is asked in another thread."""
        while True:
            found = await asyncio.to_thread(find_file, self.filepath, recursive=self.recursive)
            if found is not None:
                self.log.info("Found %s, last changed %s", found, _changed(found))
                yield TriggerEvent(True)
                return
            await asyncio.sleep(self.poke_interval)


class FileDeleteTrigger(BaseEventTrigger):
    """Fires with True when the file is there, and deletes it."""

    def __init__(self, filepath: str, poke_interval: float = 5.0, **_: UserValue) -> None:
        super().__init__()
        self.filepath = filepath
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, UserValue]]:
        """See `BaseTrigger`."""
        return (
            f"{FileDeleteTrigger.__module__}.{FileDeleteTrigger.__qualname__}",
            {"filepath": self.filepath, "poke_interval": self.poke_interval},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look again and again; the disk is asked in another thread."""
        while not await asyncio.to_thread(_take, self.filepath):
            await asyncio.sleep(self.poke_interval)
        self.log.info("Found and deleted %s", self.filepath)
        yield TriggerEvent(True)


class DirectoryFileDeleteTrigger(BaseEventTrigger):
    """Fires with True when a file of that name is in the folder, and deletes it."""

    def __init__(self, *, directory: str, filename: str, poke_interval: float = 5.0) -> None:
        super().__init__()
        self.directory = directory
        self.filename = filename
        self.poke_interval = poke_interval

    def serialize(self) -> tuple[str, dict[str, UserValue]]:
        """See `BaseTrigger`."""
        return (
            f"{DirectoryFileDeleteTrigger.__module__}.{DirectoryFileDeleteTrigger.__qualname__}",
            {
                "directory": self.directory,
                "filename": self.filename,
                "poke_interval": self.poke_interval,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look again and again; the disk is asked in another thread."""
        path = os.path.join(self.directory, self.filename)
        while not await asyncio.to_thread(_take, path):
            await asyncio.sleep(self.poke_interval)
        self.log.info("Found and deleted %s", path)
        yield TriggerEvent(True)


def _take(path: str) -> bool:
    """Delete the file; False where it is not there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def _changed(path: str) -> str:
    return datetime.fromtimestamp(os.path.getmtime(path), UTC).isoformat(timespec="seconds")
