"""How a trial is shown: a table that lives on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from slipstream.cli.trial.logs import CALLBACKS
from slipstream.model.dag import DagSpec
from slipstream.model.run import TaskInstance, TaskKey
from slipstream.model.states import FINISHED, LIVE, TaskState
from slipstream.store.records import RunSnapshot

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table
    from rich.text import Text

COLOURS = {
    TaskState.SUCCESS: "green",
    TaskState.FAILED: "bold red",
    TaskState.UPSTREAM_FAILED: "dark_orange",
    TaskState.SKIPPED: "magenta",
    TaskState.RUNNING: "bright_cyan",
    TaskState.QUEUED: "bright_black",
    TaskState.UP_FOR_RETRY: "yellow",
    TaskState.UP_FOR_RESCHEDULE: "cyan",
    TaskState.DEFERRED: "purple",
}

KEPT_LINES = 40
"""Of the log of a failed task, how many lines are shown at the end."""


class View(Protocol):
    """Shows a run as it goes on."""

    def show(self, snapshot: RunSnapshot, lines: Iterable[tuple[TaskKey, str]]) -> None:
        """How the run stands, and what its tasks have logged since the last time."""

    def close(self) -> None:
        """The run has ended."""


def open_view(spec: DagSpec) -> View:
    """The view that suits the output."""
    return LiveView(spec) if sys.stdout.isatty() else PlainView()


class PlainView:
    """A line for every change of state and for every line of a log."""

    def __init__(self) -> None:
        self._states: dict[TaskKey, tuple[TaskState, int]] = {}

    def show(self, snapshot: RunSnapshot, lines: Iterable[tuple[TaskKey, str]]) -> None:
        """Print what is new: logs first, for they came before the end of their task."""
        for key, line in lines:
            print(f"{name_of(key)} | {line}")
        for instance in snapshot.instances:
            now = (instance.state, instance.try_number)
            if self._states.get(instance.key) != now and instance.state is not TaskState.NONE:
                self._states[instance.key] = now
                if instance.state in FINISHED or instance.state not in LIVE:
                    print(_change(instance))
        sys.stdout.flush()

    def close(self) -> None:
        """Everything has been printed."""


def _change(instance: TaskInstance) -> str:
    words = [f"{name_of(instance.key)}: {instance.state.value}"]
    if instance.try_number > 1:
        words.append(f"at try {instance.try_number}")
    if (duration := duration_of(instance)) is not None:
        words.append(f"after {duration.total_seconds():.2f} s")
    if instance.state is not TaskState.SUCCESS and instance.reason:
        words.append(f"({instance.reason})")
    return " ".join(words)


class LiveView:
    """One row for each task, mapped ones counted, with the last line that it logged."""

    def __init__(self, spec: DagSpec) -> None:
        from rich.console import Console
        from rich.live import Live

        self._spec = spec
        self._snapshot: RunSnapshot | None = None
        self._logs: defaultdict[TaskKey, deque[str]] = defaultdict(lambda: deque(maxlen=KEPT_LINES))
        self._last_lines: dict[str, str] = {}
        self._live: Live = Live(console=Console(), auto_refresh=False, vertical_overflow="ellipsis")
        self._live.start()

    def show(self, snapshot: RunSnapshot, lines: Iterable[tuple[TaskKey, str]]) -> None:
        """Draw the table anew."""
        self._snapshot = snapshot
        for key, line in lines:
            self._logs[key].append(line)
            self._last_lines[key.task_id] = line
        self._live.update(self._table(snapshot), refresh=True)

    def close(self) -> None:
        """Leave the last table standing, and show what the failed tasks have said."""
        self._live.stop()
        for instance in self._snapshot.instances if self._snapshot else ():
            if instance.state is TaskState.FAILED:
                print(f"\n{name_of(instance.key)}: {instance.reason}")
                for line in self._logs[instance.key]:
                    print(f"  {line}")
        for line in self._logs.get(CALLBACKS, ()):
            print(f"{CALLBACKS.task_id} | {line}")

    def _table(self, snapshot: RunSnapshot) -> Table:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, expand=True)
        table.add_column("task", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("try", justify="right")
        table.add_column("time", justify="right", no_wrap=True)
        table.add_column("last line of the log", no_wrap=True, overflow="ellipsis", ratio=1)
        for task_id, instances in _by_task(self._spec, snapshot):
            table.add_row(
                Text(task_id),
                _state_text(instances),
                str(max((instance.try_number for instance in instances), default=0) or ""),
                _time_text(instances),
                Text(self._last_lines.get(task_id, ""), style="dim"),
            )
        run = snapshot.run
        table.caption = f"{run.dag_id} {run.run_id}: {run.state.value}"
        return table


def _by_task(spec: DagSpec, snapshot: RunSnapshot) -> Iterator[tuple[str, list[TaskInstance]]]:
    found: dict[str, list[TaskInstance]] = {task_id: [] for task_id in spec.tasks}
    for instance in snapshot.instances:
        found[instance.task_id].append(instance)
    yield from found.items()


def _state_text(instances: list[TaskInstance]) -> Text:
    """The state, or how many of a mapped task are in which."""
    from rich.text import Text

    counts = Counter(instance.state for instance in instances)
    text = Text()
    for state, count in counts.items():
        if state is TaskState.NONE:
            continue
        words = state.value if len(instances) == 1 else f"{count} {state.value}"
        text.append(f"{', ' if text else ''}{words}", style=COLOURS.get(state, ""))
    return text


def _time_text(instances: list[TaskInstance]) -> str:
    """The longest time that one took so far."""
    durations = [found for instance in instances if (found := duration_of(instance)) is not None]
    return f"{max(durations).total_seconds():.2f} s" if durations else ""


def duration_of(instance: TaskInstance) -> timedelta | None:
    """How long it ran, or has been running; None if it has not."""
    if instance.start_date is None or instance.state not in FINISHED | LIVE:
        return None
    return (instance.end_date or datetime.now(UTC)) - instance.start_date


def name_of(key: TaskKey) -> str:
    """A task instance as people write it down."""
    return key.task_id if key.map_index < 0 else f"{key.task_id}[{key.map_index}]"
