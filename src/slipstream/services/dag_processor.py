"""Keeps the store's DAGs equal to the files on disk, as they change."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol, TypeAlias

from slipstream.model.errors import SlipstreamError
from slipstream.model.version import DagVersion, ParsedFile
from slipstream.services.dag_files import DAG_FILE_SUFFIXES, IGNORE_FILE, DagFolder, is_of
from slipstream.services.dag_watch import FolderWatch, stamp

_log = logging.getLogger(__name__)

_BATCH = 50
"""Files that one transaction records at most, so that the first of a thousand show at once."""

_MANY = 10
"""Files in work from which on results are gathered."""

_GATHER_SECONDS = 0.2

_RETRY_SECONDS = 1.0
"""How long to wait with what the store would not take."""

_EVERYTHING: frozenset[Path] = frozenset({Path()})


class FileParser(Protocol):
    """Loads DAG files in child processes: the process host."""

    def parse(self, path: Path, folder: Path) -> Future[ParsedFile]:
        """Load a file of the DAGs folder `folder`; several at a time, in order of request.

        What is wrong with a file is in the result. The future fails only where the host itself
        has stopped.
        """


class ParsedStore(Protocol):
    """What the processor needs of the store."""

    def record_parsed(self, parsed: Sequence[ParsedFile]) -> Mapping[str, DagVersion]:
        """See `slipstream.store.interface.DagStore`."""

    def mark_files_gone(self, filelocs: Sequence[str]) -> None:
        """See `slipstream.store.interface.DagStore`."""

    def known_files(self) -> Mapping[str, str]:
        """See `slipstream.store.interface.DagStore`."""


_Done: TypeAlias = "Future[ParsedFile]"
_Item: TypeAlias = "tuple[Path, _Done] | frozenset[Path] | Callable[[], None] | None"


class DagProcessor:
    """Watches the DAGs folders, has changed files parsed and records the outcome.

    A file is parsed when the processor starts, when it changes, and when a file that it imports
    from its folder changes. Files that the store has never seen go first at the start.
    """

    def __init__(
        self,
        store: ParsedStore,
        parser: FileParser,
        folders: Sequence[DagFolder],
        *,
        on_recorded: Callable[[Sequence[ParsedFile]], None] = lambda _: None,
        others: Sequence[DagFolder] = (),
    ) -> None:
        """`on_recorded` is told, on the processor's thread, of files when the store has them;
        with none, when files are gone. Files in the folders `others` are left as they are."""
        self._store = store
        self._parser = parser
        self._on_recorded = on_recorded
        self._folders = tuple(folders)
        self._others = tuple(others)
        self._inbox: SimpleQueue[_Item] = SimpleQueue()
        self._known: dict[Path, DagFolder] = {}
        self._imported_by: dict[Path, set[Path]] = {}
        self._imports: dict[Path, frozenset[Path]] = {}
        self._stamps: dict[Path, tuple[int, int, int, int] | None] = {}
        """What the files were when they were parsed."""
        self._watch = FolderWatch([folder.path for folder in folders], self._inbox.put)
        self._parsing: dict[Path, bool] = {}
        """`{file: it has changed again since its parse was asked for}`."""
        self._unrecorded: dict[Path, ParsedFile] = {}
        self._gathering_since: float | None = None
        self._has_looked = False
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def is_idle(self) -> bool:
        """Whether every file that it knows of is parsed and recorded."""
        return not self._parsing and not self._unrecorded

    @property
    def files(self) -> Collection[Path] | None:
        """The files that it knows of; None before it has looked for them. On its own thread."""
        return self._known.keys() if self._has_looked else None

    def start(self) -> None:
        """Begin to watch, and to parse everything in threads of its own."""
        # The watch stands before the first look, so that no change falls between the two.
        self._watch.start()
        self._spawn("dag-processor", self._run)

    def stop(self) -> None:
        """End the threads. What is being parsed is not recorded any more."""
        self._stopping.set()
        self._watch.stop()
        self._inbox.put(None)
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def reparse(self) -> None:
        """Parse every file again, though none changed."""
        self._inbox.put(_EVERYTHING)

    def parse_again(self, paths: Iterable[Path]) -> None:
        """Parse these files again as far as it knows of them. On the processor's own thread."""
        for path in paths:
            if path in self._known:
                self._parse(path)

    def call(self, command: Callable[[], None]) -> None:
        """Run `command` on the processor's thread, soon."""
        self._inbox.put(command)

    def run_once(self, timeout: float | None) -> bool:
        """Handle what has arrived; waits for the first of it. False where nothing came."""
        changed: set[Path] = set()
        try:
            item = self._inbox.get(timeout=timeout) if timeout != 0 else self._inbox.get_nowait()
        except Empty:
            self._record()
            return False
        try:
            while True:
                match item:
                    case frozenset() if item is _EVERYTHING:
                        changed |= self._known.keys() | self._find().keys()
                    case frozenset():
                        changed |= item
                    case (path, future):
                        self._take(path, future)
                    case None:
                        return False
                    case _:
                        item()
                if len(self._unrecorded) >= _BATCH:
                    break
                item = self._inbox.get_nowait()
        except Empty:
            pass
        if changed:
            self._changed(changed)
        if not self._gathers():
            self._record()
        return True

    def look_everywhere(self) -> None:
        """Find every file and have it parsed; those that are gone leave the store."""
        recorded = self._store.known_files()
        found = self._find()
        gone = [name for name in recorded if Path(name) not in found and self._is_mine(Path(name))]
        if gone:
            self._store.mark_files_gone(gone)
            self._on_recorded(())
        self._known = found
        for path in sorted(found, key=lambda path: str(path) in recorded):
            self._parse(path)
        self._has_looked = True

    def _is_mine(self, path: Path) -> bool:
        return is_of(self._folders, self._others, path)

    def _find(self) -> dict[Path, DagFolder]:
        found: dict[Path, DagFolder] = {}
        for folder in self._folders:
            for path in folder.find():
                if self._is_mine(path):
                    found.setdefault(path, folder)
        return found

    def _run(self) -> None:
        step: Callable[[], object] = self.look_everywhere
        while not self._stopping.is_set():
            try:
                step()
            except SlipstreamError as error:
                # What is wrong with one file or one moment of the store must not end the watch.
                _log.error("%s", error)
            step = self._wait_and_handle

    def _wait_and_handle(self) -> None:
        if self._unrecorded:
            gathers = self._gathering_since is not None
            self.run_once(_GATHER_SECONDS if gathers else _RETRY_SECONDS)
        else:
            self.run_once(None)

    def _spawn(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _changed(self, paths: Iterable[Path]) -> None:
        touched: set[Path] = set()
        look = False
        for path in paths:
            if path.suffix not in DAG_FILE_SUFFIXES:
                look = look or self._changes_what_is_found(path)
                continue
            touched |= self._imported_by.get(path, set())
            folder = next((folder for folder in self._folders if folder.holds(path)), None)
            if folder is not None and self._is_mine(path):
                self._known[path] = folder
            if path in self._known:
                touched.add(path)
        if look:
            found = self._find()
            touched |= found.keys() ^ self._known.keys()
            self._known = {**self._known, **found}
            # A folder may be another one than before, where a link leads to it.
            for path, before in self._stamps.items():
                if stamp(path) != before:
                    touched |= {path, *self._imported_by.get(path, ())} & self._known.keys()
        gone = [path for path in touched if path in self._known and not self._is_there(path)]
        self._forget(gone)
        for path in sorted(touched.difference(gone)):
            self._parse(path)

    def _changes_what_is_found(self, path: Path) -> bool:
        """Whether DAG files may have come or gone with this: a folder, or what is ignored."""
        if path.name == IGNORE_FILE or path.is_dir():
            return True
        return not path.exists() and any(path in known.parents for known in self._known)

    def _is_there(self, path: Path) -> bool:
        return self._known[path].holds(path)

    def _forget(self, gone: Sequence[Path]) -> None:
        if not gone:
            return
        for path in gone:
            del self._known[path]
            self._unrecorded.pop(path, None)
            self._stamps.pop(path, None)
            self._remember_imports(path, frozenset())
        self._store.mark_files_gone([str(path) for path in gone])
        self._on_recorded(())

    def _parse(self, path: Path) -> None:
        if path in self._parsing:
            self._parsing[path] = True
            return
        self._parsing[path] = False
        self._stamps[path] = stamp(path)
        future = self._parser.parse(path, self._known[path].root)
        future.add_done_callback(lambda done: self._inbox.put((path, done)))

    def _take(self, path: Path, future: Future[ParsedFile]) -> None:
        changed_again = self._parsing.pop(path)
        if path not in self._known:
            self._on_recorded(())
            return
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            _log.error("%s could not be parsed: %s", path, error)
            return
        parsed = future.result()
        self._remember_imports(path, frozenset(self._sources(path, parsed)))
        if changed_again:
            self._parse(path)
        else:
            name = self._known[path].bundle_name
            self._unrecorded[path] = replace(parsed, bundle_name=name)

    def _sources(self, path: Path, parsed: ParsedFile) -> Iterator[Path]:
        root = self._known[path].root
        for name in parsed.sources:
            if (root / name) != path:
                yield root / name

    def _remember_imports(self, path: Path, imports: frozenset[Path]) -> None:
        for before in self._imports.pop(path, frozenset()):
            self._imported_by[before].discard(path)
        if imports:
            self._imports[path] = imports
        for imported in imports:
            self._stamps[imported] = stamp(imported)
            self._imported_by.setdefault(imported, set()).add(path)

    def _gathers(self) -> bool:
        """Whether what is parsed waits a little for more: one transaction for many files costs
        a fraction of one for each."""
        if not self._unrecorded:
            return False
        now = time.monotonic()
        if self._gathering_since is None:
            self._gathering_since = now
        return (
            len(self._parsing) >= _MANY
            and len(self._unrecorded) < _BATCH
            and now < self._gathering_since + _GATHER_SECONDS
        )

    def _record(self) -> None:
        if not self._unrecorded:
            return
        self._gathering_since = None
        recorded = tuple(self._unrecorded.values())
        versions = self._store.record_parsed(recorded)
        self._unrecorded.clear()
        self._on_recorded(recorded)
        for dag_id, version in versions.items():
            _log.info("%s is at version %d", dag_id, version.number)
