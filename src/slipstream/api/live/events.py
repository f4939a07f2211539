"""News as events of a stream: what has become of runs, instances and DAGs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Final

import msgspec

from slipstream.api.live.feed import Entry
from slipstream.api.payloads.base import Instant, Payload
from slipstream.model.changes import InstanceChanged, InstancesAdded, MapExpanded, RangeChanged
from slipstream.model.news import RunNews
from slipstream.model.run import DagRun, TaskInstance, TaskKey

_encode = msgspec.json.Encoder().encode

_MOST_INSTANCES: Final = 200
"""Of more instances of a run than this, only the tasks are named; the reader asks for the rest."""


class InstanceNews(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """A task instance's new state."""

    task_id: str
    map_index: int
    state: str
    try_number: int
    queued_at: Instant | None = None
    start_date: Instant | None = None
    end_date: Instant | None = None


class RunEvent(Payload, frozen=True, kw_only=True):
    """A run has changed, itself or in its tasks."""

    dag_id: str
    run_id: str
    state: str
    run_type: str
    run_after: Instant
    queued_at: Instant | None
    start_date: Instant | None
    end_date: Instant | None
    task_ids: Sequence[str]
    """The tasks that have changed."""
    instances: Sequence[InstanceNews] | None
    """Their instances; None where there are too many, or where the run's length has changed."""


class DagsEvent(Payload, frozen=True, kw_only=True):
    """DAGs have changed, or somebody has edited runs of theirs."""

    dag_ids: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a follower looks at; None for everything."""

    dag_id: str | None = None
    run_id: str | None = None
    dag_ids: frozenset[str] | None = None
    """The DAGs that the follower may see."""

    def shows(self, run: DagRun) -> bool:
        """Whether the run is in view."""
        return bool(self.shown([run.dag_id])) and self.run_id in (None, run.run_id)

    def shown(self, dag_ids: Iterable[str]) -> Set[str]:
        """Those of the DAGs that are in view."""
        return {
            dag_id
            for dag_id in dag_ids
            if self.dag_id in (None, dag_id) and (self.dag_ids is None or dag_id in self.dag_ids)
        }


@dataclass(slots=True)
class _OneRun:
    run: DagRun
    instances: dict[TaskKey, TaskInstance] = field(default_factory=dict)
    task_ids: dict[str, None] = field(default_factory=dict)
    is_whole: bool = True
    """Whether `instances` is all that has changed."""

    def take(self, news: RunNews) -> None:
        """The later one counts."""
        self.run = news.run
        for change in news.changes:
            match change:
                case InstanceChanged():
                    self._put(change.instance)
                case InstancesAdded():
                    for instance in change.instances:
                        self._put(instance)
                case MapExpanded() | RangeChanged():
                    self.task_ids[change.task_id] = None
                    self.is_whole = False
                case _:
                    pass

    def _put(self, instance: TaskInstance) -> None:
        self.task_ids[instance.task_id] = None
        if self.is_whole:
            self.instances[instance.key] = instance
            self.is_whole = len(self.instances) <= _MOST_INSTANCES

    def event(self) -> RunEvent:
        run = self.run
        return RunEvent(
            dag_id=run.dag_id,
            run_id=run.run_id,
            state=run.state.value,
            run_type=run.run_type.value,
            run_after=run.run_after,
            queued_at=run.queued_at,
            start_date=run.start_date,
            end_date=run.end_date,
            task_ids=list(self.task_ids),
            instances=[_instance_news(one) for one in self.instances.values()]
            if self.is_whole
            else None,
        )


def lines_of(entries: Sequence[Entry] | None, view: View, event_id: str) -> Iterator[bytes]:
    """The entries as server-sent events, each run once with all that has become of it.

    None stands for a gap: `event: reset`.
    """
    if entries is None:
        yield _event("reset", b"{}", event_id)
        return
    runs: dict[int, _OneRun] = {}
    dag_ids: dict[str, None] = {}
    for entry in entries:
        for news in entry.runs:
            if view.shows(news.run):
                runs.setdefault(news.run.pk, _OneRun(news.run)).take(news)
        dag_ids.update(dict.fromkeys(sorted(view.shown(entry.dag_ids))))
    for one in runs.values():
        yield _event("run", _encode(one.event()), event_id)
    if dag_ids:
        yield _event("dags", _encode(DagsEvent(dag_ids=list(dag_ids))), event_id)
    if any(entry.has_files for entry in entries):
        yield _event("files", b"{}", event_id)


def _event(name: str, data: bytes, event_id: str) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (event_id.encode(), name.encode(), data)


def _instance_news(instance: TaskInstance) -> InstanceNews:
    return InstanceNews(
        task_id=instance.task_id,
        map_index=instance.map_index,
        state=instance.state.value,
        try_number=instance.try_number,
        queued_at=instance.queued_at,
        start_date=instance.start_date,
        end_date=instance.end_date,
    )
