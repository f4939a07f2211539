"""Watches folders for changes, and the links that lead to them.

A deployment often swaps a link: `current` to a new checkout, `..data` to a new set of files. The
kernel watches folders, not paths, so the watch is set up anew when a link has been changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from watchfiles._rust_notify import RustNotify

_STEP_MILLISECONDS = 50
"""A burst of changes is over when none came for this long: an editor's save is several."""

_LONGEST_BURST_MILLISECONDS = 1000


class FolderWatch:
    """Tells of changed paths below the folders; a folder itself stands for all that is in it.

    `changed` is called in threads of its own, from `start` until `stop`.
    """

    def __init__(self, folders: Sequence[Path], changed: Callable[[frozenset[Path]], None]) -> None:
        self._folders = list(folders)
        self._changed = changed
        self._stopping = threading.Event()
        self._interrupt = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; changes count from when this returns."""
        self._folders = [folder for folder in self._folders if folder.exists()]
        if not self._folders:
            return
        watch = self._watch_folders()
        self._spawn("dag-watch", lambda: self._run(watch))
        links = [link for folder in self._folders for link in links_to(folder)]
        if links:
            parents = sorted({str(link.parent) for link in links})
            above = _new_watch(parents, recursive=False)
            self._spawn("dag-links", lambda: self._run_above(above, frozenset(links)))

    def stop(self) -> None:
        """End the threads."""
        self._stopping.set()
        self._interrupt.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _run(self, watch: RustNotify) -> None:
        while not self._stopping.is_set():
            with watch:
                while not self._interrupt.is_set():
                    batch = _wait(watch, self._interrupt)
                    if batch:
                        self._changed(batch)
                    if any(os.path.islink(path) for path in batch):
                        self._interrupt.set()
            if self._stopping.is_set():
                return
            self._interrupt.clear()
            watch = self._watch_folders()
            # What changed between the two watches nobody has seen.
            self._changed(frozenset(self._folders))

    def _run_above(self, watch: RustNotify, links: frozenset[Path]) -> None:
        with watch:
            while not self._stopping.is_set():
                if links & _wait(watch, self._stopping):
                    self._interrupt.set()

    def _watch_folders(self) -> RustNotify:
        there = [str(folder) for folder in self._folders if folder.exists()]
        return _new_watch(there, recursive=True)

    def _spawn(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()


def links_to(path: Path) -> list[Path]:
    """The links on the way to a path, itself included, and those that they lead over."""
    found: list[Path] = []
    waiting = [path.absolute()]
    while waiting:
        current = waiting.pop()
        for part in (current, *current.parents):
            if part.is_symlink() and part not in found:
                found.append(part)
                waiting.append(part.parent / os.readlink(part))
    return found


def stamp(path: Path) -> tuple[int, int, int, int] | None:
    """Changes when what the path leads to does; None where it leads nowhere."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def _new_watch(paths: Sequence[str], *, recursive: bool) -> RustNotify:
    return RustNotify(list(paths), False, False, 0, recursive, True)


def _wait(watch: RustNotify, until: threading.Event) -> frozenset[Path]:
    batch = watch.watch(_LONGEST_BURST_MILLISECONDS, _STEP_MILLISECONDS, 0, until)
    return frozenset(Path(name) for _, name in batch) if isinstance(batch, set) else frozenset()
