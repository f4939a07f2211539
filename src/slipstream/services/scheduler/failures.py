"""Pausing a DAG whose runs fail one after the other."""

from __future__ import annotations

import logging

from slipstream.model.states import RunState
from slipstream.services.scheduler.active import ActiveRun
from slipstream.services.scheduler.needs import SchedulingStore
from slipstream.store.records import RunFilter, Window

_log = logging.getLogger(__name__)


def pause_after_failures(store: SchedulingStore, failed: ActiveRun) -> None:
    """Pause the DAG if its last `max_consecutive_failed_dag_runs` runs have all failed.

    The last ones are those that were due last (`run_after`), as in Airflow.

    Raises `slipstream.store.errors.StoreError`; asking again does no harm.
    """
    most = failed.dag.max_consecutive_failed_dag_runs
    dag_id = failed.run.dag_id
    newest = Window(limit=most, order_by=("-run_after", "-id"))
    runs = store.list_runs(RunFilter(dag_ids=[dag_id]), newest).items
    if len(runs) == most and all(run.state is RunState.FAILED for run in runs):
        reason = f"Its last {'run' if most == 1 else f'{most} runs'} failed."
        if store.set_paused([dag_id], True, reason=reason):
            _log.warning("DAG %s was paused: %s", dag_id, reason)
