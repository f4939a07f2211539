"""A task that starts a run of another DAG and, where it is told to, waits for its end."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from slipstream.model.attempt import Failed, Outcome, Skipped, Succeeded, XComWrite
from slipstream.model.errors import AlreadyExistsError, SlipstreamError
from slipstream.wire.values import encode_value

if TYPE_CHECKING:
    from slipstream.sdk._backend import Backend
    from slipstream.sdk.exceptions import DagRunTriggerException

_log = logging.getLogger("airflow.task")

_RUN_ID_KEY = "trigger_run_id"


def trigger(order: DagRunTriggerException, backend: Backend) -> Outcome:
    """Carry out what the task asked for."""
    dag_id, run_id = order.trigger_dag_id, order.dag_run_id
    try:
        run_id = backend.trigger_run(
            dag_id=dag_id,
            run_id=run_id,
            logical_date=order.logical_date,
            conf=order.conf,
            note=order.note,
            reset_existing=order.reset_dag_run,
        )
    except AlreadyExistsError as error:
        if order.skip_when_already_exists:
            return Skipped(message=f"run {run_id!r} of {dag_id!r} exists already")
        return Failed(message=str(error))
    except SlipstreamError as error:
        return Failed(message=str(error))
    _log.info("Started run %s of DAG %s", run_id, dag_id)
    written = XComWrite(_RUN_ID_KEY, encode_value(run_id))
    if not order.wait_for_completion:
        return Succeeded(xcoms=(written,))
    return _wait(order, run_id, backend, written)


def _wait(
    order: DagRunTriggerException, run_id: str, backend: Backend, written: XComWrite
) -> Outcome:
    while True:
        state = backend.get_run_state(dag_id=order.trigger_dag_id, run_id=run_id)
        if state in order.failed_states:
            return Failed(
                message=f"run {run_id!r} of {order.trigger_dag_id!r} ended as {state}",
                xcoms=(written,),
            )
        if state in order.allowed_states:
            return Succeeded(xcoms=(written,))
        if state is None:
            return Failed(message=f"run {run_id!r} of {order.trigger_dag_id!r} was deleted")
        time.sleep(order.poke_interval)
