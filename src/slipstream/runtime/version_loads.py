"""Loading the version of a DAG file that is asked for: from the disk, or as the store has it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path

from slipstream.model.version import ParsedFile, hash_sources
from slipstream.runtime.conversation import Surroundings
from slipstream.runtime.jobs import Source
from slipstream.runtime.loads import Load, LoadQueue
from slipstream.runtime.overlay import materialise
from slipstream.runtime.parsing import parsed_file
from slipstream.runtime.warm import WarmFile
from slipstream.runtime.warm_files import WarmFiles
from slipstream.wire import messages

_log = logging.getLogger(__name__)


class VersionLoads:
    """What is loaded becomes one of `files`. All methods are the reactor's thread's."""

    def __init__(self, around: Surroundings, loads: LoadQueue, files: WarmFiles) -> None:
        """`loads` decides how many are loaded at a time."""
        self._around = around
        self._settings = around.settings
        self._loads = loads
        self._files = files

    def parse(self, path: Path, folder: Path, result: Future[ParsedFile]) -> None:
        """Load the file as it is on the disk and tell what came of it."""
        started = datetime.now(UTC)

        def on_loaded(file: WarmFile, loaded: messages.Loaded) -> None:
            self._files.keep(file, loaded, hash_sources(loaded.sources), newest=True)
            if not result.cancelled():
                result.set_result(parsed_file(path, folder, started, loaded))

        spec = self._spec(path, folder)
        self._loads.add(Load(spec=spec, on_loaded=on_loaded, on_dropped=result.cancel))

    def load(self, source: Source, then: Callable[[messages.Loaded], None]) -> None:
        """Load a version: from the disk if that is still what is there."""
        path = Path(source.fileloc)
        folder = self.folder_of(path)

        def on_loaded(file: WarmFile, loaded: messages.Loaded) -> None:
            found = hash_sources(loaded.sources)
            if source.source_hash in {"", found}:
                self._files.keep(file, loaded, found, newest=True)
                then(loaded)
                return
            if loaded.error is None:
                file.retire()
            self.lay_out(
                source, folder, lambda overlay: self._load_overlay(source, overlay, then), then
            )

        self._loads.add(Load(spec=self._spec(path, folder), on_loaded=on_loaded), urgent=True)

    def lay_out(
        self,
        source: Source,
        folder: Path,
        then: Callable[[Path], None],
        failed: Callable[[messages.Loaded], None],
    ) -> None:
        """Put the version's files on the disk, in a thread of the pool, and go on with them."""
        reactor = self._around.reactor

        def work() -> None:
            try:
                overlay = materialise(source, folder, self._settings.run_dir)
            except Exception as error:  # noqa: BLE001 - the jobs that wait must hear of it
                _log.exception("cannot lay out version %s", source.source_hash)
                what = messages.Loaded(error=f"the version's files cannot be had: {error}\n")
                reactor.call(lambda: failed(what))
            else:
                reactor.call(lambda: then(overlay))

        self._around.pool.submit(work)

    def folder_of(self, path: Path) -> Path:
        """The DAGs folder that the file lies in; its own folder where it lies in none."""
        for folder in self._settings.dags_folders:
            if path.is_relative_to(folder):
                return folder
        return path.parent

    def close(self) -> None:
        """Begin no more; who waits is told."""
        self._loads.close()

    def _load_overlay(
        self, source: Source, overlay: Path, then: Callable[[messages.Loaded], None]
    ) -> None:
        def on_loaded(file: WarmFile, loaded: messages.Loaded) -> None:
            self._files.keep(file, loaded, source.source_hash, newest=False)
            then(loaded)

        path = Path(source.fileloc)
        spec = self._spec(path, self.folder_of(path), overlay)
        self._loads.add(Load(spec=spec, on_loaded=on_loaded), urgent=True)

    def _spec(self, path: Path, folder: Path, overlay: Path | None = None) -> messages.LoadSpec:
        return messages.LoadSpec(
            fileloc=str(path),
            dags_folder=str(folder),
            overlay=None if overlay is None else str(overlay),
            timeout_seconds=self._settings.load_timeout_seconds,
            grace_seconds=self._settings.timeout_grace_seconds,
            memory_bytes=self._settings.load_memory_bytes,
        )
