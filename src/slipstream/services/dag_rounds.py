"""Has each DAG file loaded so many times, and says when that is done: `--num-runs`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from slipstream.model.version import ParsedFile


class Processor(Protocol):
    """What loads DAG files: the DAG processor."""

    @property
    def files(self) -> Collection[Path] | None:
        """Those that there are; None before it has looked for them."""

    @property
    def is_idle(self) -> bool:
        """Whether every file is loaded and recorded."""

    def call(self, command: Callable[[], None]) -> None:
        """Run `command` on its own thread, soon; not before it has looked for files."""

    def parse_again(self, paths: Iterable[Path]) -> None:
        """Load those of the files that there are. On its own thread."""


class Rounds:
    """Counts what was loaded, on the processor's thread."""

    def __init__(self, number: int, over: Callable[[bool], None]) -> None:
        """`over` is called once: with True when every file was loaded `number` times, with False
        where the processor could not look for files."""
        self._number = number
        self._over = over
        self._loaded: Counter[Path] = Counter()
        self._is_over = False
        self._processor: Processor | None = None

    def begin(self, processor: Processor) -> None:
        """Count what this one loads; it has been started."""
        processor.call(lambda: self._begin(processor))

    def _begin(self, processor: Processor) -> None:
        self._processor = processor
        if processor.files is None:
            self._end(went_well=False)
        self._go_on(self._loaded)

    def recorded(self, files: Sequence[ParsedFile]) -> None:
        """These have been loaded; with none, some are gone."""
        paths = [Path(file.fileloc) for file in files]
        self._loaded.update(paths)
        self._go_on(paths)

    def _go_on(self, paths: Iterable[Path]) -> None:
        processor = self._processor
        if processor is None or self._is_over:
            return
        processor.parse_again([path for path in paths if self._loaded[path] < self._number])
        if processor.is_idle:
            self._end(went_well=True)

    def _end(self, *, went_well: bool) -> None:
        if not self._is_over:
            self._is_over = True
            self._over(went_well)
