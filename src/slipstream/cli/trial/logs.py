"""The log lines of a run's tasks, as they come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from slipstream.model.run import TaskKey
from slipstream.runtime.log_files import callbacks_log_path, log_path
from slipstream.store.records import RunSnapshot

CALLBACKS = TaskKey("callbacks")
"""In whose name the lines of the DAG's callbacks are shown."""


@dataclass(slots=True)
class LogTail:
    """Reads on in every log from where it stopped."""

    folder: Path
    _read: dict[Path, int] = field(default_factory=dict)

    def new_lines(self, snapshot: RunSnapshot) -> Iterator[tuple[TaskKey, str]]:
        """What the tasks have logged since the last look, by task."""
        run = snapshot.run
        for instance in snapshot.instances:
            for try_number in range(1, instance.try_number + 1):
                path = self.folder / log_path(
                    run.dag_id, run.run_id, instance.task_id, instance.map_index, try_number
                )
                for event in self._lines_of(path):
                    yield instance.key, event
        for event in self._lines_of(self.folder / callbacks_log_path(run.dag_id, run.run_id)):
            yield CALLBACKS, event

    def _lines_of(self, path: Path) -> Iterator[str]:
        start = self._read.get(path, 0)
        try:
            with path.open("rb") as file:
                file.seek(start)
                data = file.read()
        except FileNotFoundError:
            return
        whole = data[: data.rfind(b"\n") + 1]
        self._read[path] = start + len(whole)
        for line in whole.splitlines():
            yield from _text_of(line)


def _text_of(line: bytes) -> Iterator[str]:
    """What was said, and the traceback where there is one."""
    entry = json.loads(line)
    yield from str(entry.get("event", "")).splitlines()
    yield from str(entry.get("exception", "")).splitlines()
