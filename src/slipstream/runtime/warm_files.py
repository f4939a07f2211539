"""Which versions of DAG files are loaded and warm, and which ones each task loads itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TypeAlias

import msgspec

from slipstream.runtime.jobs import Source
from slipstream.runtime.reactor import Reactor
from slipstream.runtime.settings import HostSettings
from slipstream.runtime.warm import Phase, WarmFile
from slipstream.wire import messages

Version: TypeAlias = tuple[str, str]
"""`(fileloc, source hash)`."""


class WarmFiles:
    """Keeps loaded files within the budget. All methods are the reactor's thread's."""

    def __init__(self, reactor: Reactor, settings: HostSettings) -> None:
        """Nothing is loaded yet."""
        self._reactor = reactor
        self._settings = settings
        self._warm: dict[Version, WarmFile] = {}
        self._newest: dict[str, Version] = {}
        self._cold: dict[Version, messages.LoadSpec] = {}
        """Files that must not be forked once they are loaded."""

    def __iter__(self) -> Iterator[WarmFile]:
        return iter(tuple(self._warm.values()))

    def version_of(self, source: Source) -> Version:
        """The version that a source stands for: the newest where it does not say."""
        version = (source.fileloc, source.source_hash)
        return version if source.source_hash else self._newest.get(source.fileloc, version)

    def find(self, version: Version) -> WarmFile | None:
        """The zygote that has loaded this version, or None."""
        return self._warm.get(version)

    def cold(self, version: Version) -> messages.LoadSpec | None:
        """How tasks of this version load the file themselves; None where they need not."""
        return self._cold.get(version)

    def set_overlay(self, version: Version, overlay: str) -> None:
        """The files of a version that tasks load themselves lie in that folder now."""
        self._cold[version] = msgspec.structs.replace(self._cold[version], overlay=overlay)

    def keep(
        self, file: WarmFile, loaded: messages.Loaded, source_hash: str, *, newest: bool
    ) -> None:
        """Remember what was loaded, and make room for it."""
        version = (file.load.fileloc, source_hash)
        file.source_hash = source_hash
        if newest:
            self._newest[file.load.fileloc] = version
        if self._settings.new_interpreters:
            reason = "the settings ask for a new interpreter for each task"
            self._cold[version] = msgspec.structs.replace(file.load, fresh_for=reason)
            file.retire()
        elif loaded.unsafe is not None:
            self._cold[version] = file.load
        if file.phase is not Phase.WARM:
            return
        before = self._warm.get(version)
        self._warm[version] = file
        if before is not None:
            file.jobs.extend(before.jobs)
            before.jobs.clear()
            before.retire()
        self._make_room()
        if file.load_seconds <= self._settings.quick_load_seconds:
            self._let_go_when_idle(file)

    def drop(self, file: WarmFile) -> None:
        """A zygote has ended."""
        version = (file.load.fileloc, file.source_hash)
        if self._warm.get(version) is file:
            del self._warm[version]

    def _make_room(self) -> None:
        """End the files that were not used for longest until the rest fits the memory budget."""
        idle = sorted(
            (file for file in self._warm.values() if not file.is_busy),
            key=lambda file: file.last_used,
        )
        held = sum(file.private_bytes for file in self._warm.values())
        for file in idle[:-1]:
            if held <= self._settings.warm_memory_bytes:
                return
            held -= file.private_bytes
            file.retire()

    def _let_go_when_idle(self, file: WarmFile) -> None:
        """End the file once nothing has been started from it for a while."""
        limit = self._settings.quick_idle_seconds

        def look() -> None:
            if file.phase is not Phase.WARM:
                return
            unused = time.monotonic() - file.last_used
            if unused >= limit and not file.is_busy:
                file.retire()
                return
            wait = limit if file.is_busy else limit - unused
            self._reactor.call_after(wait, look)

        self._reactor.call_after(limit, look)
