"""What the partition mappers that a DAG's author has written say, asked elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from slipstream.core.partitions import PartitionShare, Told, ToldShare, shares, to_ask
from slipstream.model.asset import AssetName, AssetQueue, QueuedPartition
from slipstream.model.schedule import NoSchedule, OnAssets
from slipstream.services.scheduler.asking import AsksTimetables, pause_after
from slipstream.services.scheduler.dags import KnownDag
from slipstream.services.scheduler.keys import AskTimer, TimerKey
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.services.scheduler.timers import Timers
from slipstream.store.records import NextRun
from slipstream.wire.questions import (
    Answered,
    PartitionQuestion,
    ToldPartition,
    WaitingPartition,
)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Asking:
    """What one version of a DAG was asked, and has said."""

    version_id: str
    told: dict[PartitionShare, ToldShare] = field(default_factory=dict)
    answer: Answered | None = None
    """One that has come and was not worked in."""
    is_asking: bool = False
    in_vain: int = 0
    again_at: datetime | None = None
    shown: str | None = None
    """The problem that the store tells people; None where that is not known."""


class AskedPartitions:
    """Asks the mappers of each DAG one question at a time, and keeps what is still of use."""

    def __init__(
        self, store: SchedulingStore, timers: Timers[TimerKey], ask: AsksTimetables
    ) -> None:
        self._store = store
        self._timers = timers
        self._ask = ask
        self._by_dag: dict[str, _Asking] = {}
        self._answered: dict[str, None] = {}

    def take_answered(self) -> list[str]:
        """The DAGs of which an answer has come since the last call."""
        dag_ids = list(self._answered)
        self._answered.clear()
        return dag_ids

    @property
    def has_answers(self) -> bool:
        """Whether there are such."""
        return bool(self._answered)

    def work(
        self, dag: KnownDag, schedule: OnAssets, queue: AssetQueue, now: datetime, most: int
    ) -> tuple[AssetQueue, Told]:
        """Work in what was answered, and ask what is open. Gives the queue, read again where it
        has changed, and what is known of it. Raises `StoreError`."""
        asking = self._by_dag.get(dag.dag_id)
        if asking is None or asking.version_id != dag.version_id:
            if not to_ask(schedule, queue, {}):
                self._by_dag.pop(dag.dag_id, None)
                return queue, {}
            asking = self._by_dag[dag.dag_id] = _Asking(dag.version_id)
        if asking.answer is not None:
            queue = self._take(dag, asking, asking.answer, queue, now)
            asking.answer = None
        open_entries = to_ask(schedule, queue, asking.told)
        current = set(shares(queue.partitions))
        asking.told = {share: told for share, told in asking.told.items() if share in current}
        if open_entries and not asking.is_asking:
            if asking.again_at is None or asking.again_at <= now:
                self._put(dag, asking, open_entries, now, most)
            else:
                self._timers.set(AskTimer(dag.dag_id), asking.again_at)
        return queue, asking.told

    def show(self, dag: KnownDag, problem: str) -> None:
        """Tell people what is wrong with the DAG's partitions, by mappers that are not asked."""
        self._show(dag, self._by_dag.get(dag.dag_id) or _Asking(dag.version_id), problem)

    def _put(
        self,
        dag: KnownDag,
        asking: _Asking,
        entries: Sequence[QueuedPartition],
        now: datetime,
        most: int,
    ) -> None:
        question = PartitionQuestion(
            dag_id=dag.dag_id,
            at=now,
            events=[
                WaitingPartition(
                    number=entry.pk,
                    asset=entry.asset.name,
                    uri=entry.asset.uri,
                    source_key=entry.source_key,
                    source_date=entry.source_date,
                    target_key=entry.target_key,
                )
                for entry in entries
            ],
            most=most,
        )
        asking.is_asking = True
        asking.again_at = None

        def answered(answer: Answered, _at: datetime) -> None:
            asking.is_asking = False
            if self._by_dag.get(dag.dag_id) is asking:
                asking.answer = answer
                self._answered[dag.dag_id] = None

        self._ask.ask(question, dag.version_id, answered)

    def _take(
        self, dag: KnownDag, asking: _Asking, answer: Answered, queue: AssetQueue, now: datetime
    ) -> AssetQueue:
        if answer.error is not None:
            asking.again_at = now + pause_after(asking.in_vain, failed=True)
            asking.in_vain += 1
            self._show(dag, asking, f"Its partition mappers failed: {answer.error}")
            return queue
        for problem in answer.problems:
            _log.warning("DAG %s: %s", dag.dag_id, problem)
        waiting = {entry.pk for entry in queue.partitions if entry.target_key is None}
        targets = {pk: keys for pk, keys in answer.targets.items() if pk in waiting}
        if targets:
            self._store.sort_partitions(dag.dag_id, targets)
            queue = self._store.read_asset_queue(dag.dag_id)
        asking.told.update(_told(one) for one in answer.partitions)
        asking.in_vain = 0
        self._show(dag, asking, answer.problems[-1] if answer.problems else "")
        return queue

    def _show(self, dag: KnownDag, asking: _Asking, problem: str) -> None:
        """Tell people what is wrong, where the clock has nothing to say about the DAG."""
        schedule = dag.spec.schedule
        if asking.shown is None:
            asking.shown = dag.next_run.problem
        if problem == asking.shown or not isinstance(schedule, OnAssets):
            return
        if isinstance(schedule.or_at, NoSchedule):
            self._store.set_next_runs([NextRun(dag_id=dag.dag_id, problem=problem)])
        asking.shown = problem


def _told(one: ToldPartition) -> tuple[PartitionShare, ToldShare]:
    share = PartitionShare(AssetName(one.asset, one.uri), one.target_key, frozenset(one.arrived))
    moments = frozenset() if one.moment is None else frozenset({one.moment})
    return share, ToldShare(
        is_complete=one.is_complete, moments=moments, carried=frozenset(one.carried)
    )
