"""What the store sums up for people: the interface of `overviews`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from slipstream.model.run import DagRun
from slipstream.model.states import RunState
from slipstream.store.records import (
    DagWarning,
    Page,
    RunTime,
    TaskSummary,
    Window,
)


class OverviewStore(Protocol):
    """Runs and task instances summed up, for people who look at many of them at once."""

    def newest_runs(
        self, dag_ids: Sequence[str], count: int, until: datetime | None = None
    ) -> Mapping[str, Sequence[DagRun]]:
        """`{dag_id: its last runs that were due by that moment, newest first}`, at most `count`
        of each."""

    def count_runs(
        self,
        by: RunTime,
        since: datetime,
        step: timedelta,
        *,
        dag_ids: Sequence[str] | None = None,
    ) -> Mapping[datetime, Mapping[RunState, int]]:
        """`{begin of a step: {state: runs}}` of these DAGs (None: all), from that moment on; steps
        without any are left out."""

    def count_active_runs(self, dag_ids: Sequence[str] | None = None) -> Mapping[RunState, int]:
        """`{state: runs}` of what is queued or runs, of these DAGs (None: all)."""

    def count_runs_by_dag(
        self, dag_ids: Sequence[str] | None = None
    ) -> Mapping[str, Mapping[RunState, int]]:
        """`{dag_id: {state: runs}}` of these DAGs (None: all) as far as they have runs."""

    def list_dag_warnings(
        self,
        dag_id: str | None,
        warning_type: str | None,
        window: Window,
        *,
        dag_ids: Sequence[str] | None = None,
    ) -> Page[DagWarning]:
        """A page of what is wrong with DAGs that run all the same; with `dag_ids` of these."""

    def task_summaries(
        self, run_pks: Sequence[int], *, with_times: bool = True
    ) -> Sequence[TaskSummary]:
        """The instances of these runs, summed up by run, task and state; where only that is asked
        for, without their times."""

    def list_owners(self, dag_ids: Sequence[str] | None = None) -> Sequence[str]:
        """The owners of these DAGs (None: of all that have a file), in alphabetical order."""
