"""Runs of DAGs that wait for assets: made when what was updated is what they ask for."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime

from slipstream.core.assets import is_met, sources
from slipstream.core.partitions import (
    MOST_TARGETS,
    endless_waits,
    ready_partitions,
    sort_entries,
)
from slipstream.core.timetable import run_id_for
from slipstream.model.asset import AssetQueue
from slipstream.model.errors import AlreadyExistsError, InvalidInputError
from slipstream.model.ids import IdSource
from slipstream.model.run import DagRun
from slipstream.model.schedule import OnAssets
from slipstream.model.states import RunType, TriggeredBy
from slipstream.services.scheduler.asked_partitions import AskedPartitions
from slipstream.services.scheduler.dags import DagBook, KnownDag
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.services.scheduler.run_queue import RunQueue
from slipstream.store.records import NewAssetRun, NewRun

_log = logging.getLogger(__name__)

_AT_ONCE = 50
"""DAGs that one step looks at."""


class AssetRuns:
    """Looks at a DAG when something that it waits for was updated, when it changes, and when a run
    of it ends; never at all of them.

    No run is made while the DAG is paused or has `max_active_runs` runs that wait or run. What is
    updated meanwhile comes together in the next run.
    """

    def __init__(
        self,
        store: SchedulingStore,
        dags: DagBook,
        queue: RunQueue,
        new_id: IdSource,
        asked: AskedPartitions,
        *,
        most_targets: int = MOST_TARGETS,
    ) -> None:
        """`most_targets` is how many partitions one event may belong to."""
        self._store = store
        self._dags = dags
        self._queue = queue
        self._new_id = new_id
        self._most_targets = most_targets
        self._asked = asked
        self._to_look: dict[str, None] = {}
        self._endless: dict[str, Sequence[str]] = {}
        """`{dag: why partitions of it wait for ever}`, as people were told."""

    @property
    def is_due(self) -> bool:
        """Whether there are DAGs to look at."""
        return bool(self._to_look) or self._asked.has_answers

    def look(self, dag_id: str) -> None:
        """Something may be there for the DAG, or there may be room for a run of it."""
        dag = self._dags.get(dag_id)
        if dag is not None and isinstance(dag.spec.schedule, OnAssets):
            self._to_look[dag_id] = None

    def look_at_all(self) -> None:
        """Look at every DAG that something waits for. Raises `StoreError`."""
        for dag_id in self._store.dags_with_asset_queue():
            self.look(dag_id)

    def make_due_runs(self, now: datetime) -> Iterator[DagRun]:
        """Make the runs that are due. Raises `StoreError` in between; what was not done is done by
        the next call."""
        for dag_id in self._asked.take_answered():
            self.look(dag_id)
        looked = tuple(self._to_look)[:_AT_ONCE]
        known = [dag for dag_id in looked if (dag := self._dags.get(dag_id)) and not dag.is_stale]
        yield from self._make_together([dag for dag in known if not _is_partitioned(dag)], now)
        for dag in known:
            if _is_partitioned(dag):
                yield from self._make(dag, now)
        for dag_id in looked:
            del self._to_look[dag_id]

    def _make_together(self, dags: Sequence[KnownDag], now: datetime) -> Iterator[DagRun]:
        """One run of each that has one due, in one transaction: many come at the same moment."""
        able = [dag for dag in dags if self._may_make(dag)]
        queues = self._store.read_asset_queues([dag.dag_id for dag in able]) if able else {}
        wanted = []
        for dag in able:
            new = self._wanted(dag, queues[dag.dag_id])
            if new is not None:
                wanted.append(new)
        if not wanted:
            return
        try:
            made = self._store.create_asset_runs(wanted)
        except AlreadyExistsError:
            # A run's name is a moment and chance: the next one will be another.
            for dag in able:
                yield from self._make(dag, now)
            return
        yield from (run for run in made if run is not None)

    def _make(self, dag: KnownDag, now: datetime) -> Iterator[DagRun]:
        """Its runs, one by one."""
        schedule = dag.spec.schedule
        if not isinstance(schedule, OnAssets):
            return
        while self._may_make(dag):
            queue = self._store.read_asset_queue(dag.dag_id)
            try:
                made = self._make_next(dag, schedule, queue, now)
            except AlreadyExistsError:
                continue
            except InvalidInputError as error:
                _log.warning("DAG %s does not run by its assets: %s", dag.dag_id, error)
                return
            if made is None:
                return
            yield made
            if schedule.partitions is None:
                # Nothing waits any more; of what comes from now on there is word.
                return

    def _may_make(self, dag: KnownDag) -> bool:
        spec = dag.spec
        return (
            not dag.is_paused
            and (
                spec.allowed_run_types is None or RunType.ASSET_TRIGGERED in spec.allowed_run_types
            )
            and not 0 < spec.max_active_runs <= self._queue.count(dag.dag_id)
        )

    def _make_next(
        self, dag: KnownDag, schedule: OnAssets, queue: AssetQueue, now: datetime
    ) -> DagRun | None:
        """The next run, or None where nothing is complete, or was taken away meanwhile: then
        whoever did that has left word, and the DAG is looked at again."""
        if schedule.partitions is not None:
            return self._make_partition(dag, schedule, queue, now)
        wanted = self._wanted(dag, queue)
        return None if wanted is None else self._store.create_asset_runs([wanted])[0]

    def _wanted(self, dag: KnownDag, queue: AssetQueue) -> NewAssetRun | None:
        """The run that what is queued asks for; None where it does not meet the condition."""
        schedule = dag.spec.schedule
        updated = {queued.asset for queued in queue.assets}
        if not isinstance(schedule, OnAssets) or not updated:
            return None
        if not is_met(schedule.condition, updated, queue.members):
            return None
        moment = max(queued.queued_at for queued in queue.assets)
        names = sources([queued.asset.name for queued in queue.assets])
        new = self._new_run(dag, moment, f"Its assets were updated: {names}.")
        return NewAssetRun(new, [queued.asset_pk for queued in queue.assets])

    def _make_partition(
        self, dag: KnownDag, schedule: OnAssets, queue: AssetQueue, now: datetime
    ) -> DagRun | None:
        found = sort_entries(schedule, queue, most=self._most_targets)
        for problem in found.problems:
            _log.warning("DAG %s: %s", dag.dag_id, problem)
        if found.targets:
            self._store.sort_partitions(dag.dag_id, found.targets)
            queue = self._store.read_asset_queue(dag.dag_id)
        queue, told = self._asked.work(dag, schedule, queue, now, self._most_targets)
        for ready in ready_partitions(schedule, queue, told):
            reason = f"Its partition {ready.key!r} is complete: {sources(ready.sources)}."
            new = self._new_run(dag, now, reason, key=ready.key, date=ready.date)
            return self._store.create_asset_run(new, [], ready.entries)
        self._tell_endless(dag, endless_waits(schedule, queue))
        return None

    def _tell_endless(self, dag: KnownDag, endless: Sequence[str]) -> None:
        """Log what is new, and show the last where the DAG is looked at."""
        known = self._endless.get(dag.dag_id, ())
        if endless == known:
            return
        for why in endless:
            if why not in known:
                _log.warning("DAG %s: %s", dag.dag_id, why)
        self._asked.show(dag, endless[-1] if endless else "")
        self._endless[dag.dag_id] = endless

    def _new_run(
        self,
        dag: KnownDag,
        moment: datetime,
        reason: str,
        *,
        key: str | None = None,
        date: datetime | None = None,
    ) -> NewRun:
        suffix = self._new_id()[-8:]
        return NewRun(
            dag_id=dag.dag_id,
            run_id=run_id_for(RunType.ASSET_TRIGGERED, run_after=moment, suffix=suffix),
            run_type=RunType.ASSET_TRIGGERED,
            version_id=dag.version_id,
            run_after=moment,
            triggered_by=TriggeredBy.ASSET,
            reason=reason,
            partition_key=key,
            partition_date=date,
        )


def _is_partitioned(dag: KnownDag) -> bool:
    schedule = dag.spec.schedule
    return isinstance(schedule, OnAssets) and schedule.partitions is not None
