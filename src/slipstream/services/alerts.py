"""Alerts that did not reach anybody: entries of the audit log, so that somebody sees them."""

from __future__ import annotations

from slipstream.model.attempt import Attempt
from slipstream.model.map_index import UNMAPPED
from slipstream.runtime.log_files import callbacks_log_path, log_path_of
from slipstream.store.event_records import Door, NewEvent


def failed_alert(attempt: Attempt, error: str) -> NewEvent:
    """That a callback or a mail about the attempt, or about its run, has failed with this error.

    The entry names the class of the error alone. Its text may hold the address of a webhook, which
    is a secret; it stands in the log, masked.
    """
    run = attempt.run
    of_run = not attempt.task_id
    log = callbacks_log_path(run.dag_id, run.run_id) if of_run else log_path_of(attempt)
    return NewEvent(
        event="alert_failed",
        owner=None,
        door=Door.DEPLOYMENT,
        dag_id=run.dag_id,
        run_id=run.run_id,
        task_id=attempt.task_id or None,
        map_index=None if attempt.map_index == UNMAPPED else attempt.map_index,
        try_number=None if of_run else attempt.try_number,
        details={"error": error.partition(":")[0], "log": str(log)},
    )
