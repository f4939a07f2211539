"""A task that starts a run of another DAG and, where it is told to, waits for its end."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from slipstream.model.errors import AlreadyExistsError, SlipstreamError
from slipstream.sdk._external import SHORTEST_PAUSE_SECONDS
from slipstream.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    TaskDeferred,
)

if TYPE_CHECKING:
    from slipstream.sdk._backend import Backend
    from slipstream.sdk._task_instance import TaskInstance
    from slipstream.sdk.exceptions import DagRunTriggerException

_log = logging.getLogger("airflow.task")

_RUN_ID_KEY = "trigger_run_id"


def trigger(order: DagRunTriggerException, ti: TaskInstance) -> None:
    """Carry out what the task asked for; returns when the task has succeeded.

    Raises what ends it in another way: `AirflowSkipException`, `AirflowFailException`,
    `AirflowException`, or `TaskDeferred` to wait in the triggerer.
    """
    run_id = _start(order, ti.backend)
    ti.xcom_push(_RUN_ID_KEY, run_id)
    if not order.wait_for_completion:
        return
    if order.deferrable:
        _defer(order, run_id)
    _wait(order, run_id, ti.backend)


def _start(order: DagRunTriggerException, backend: Backend) -> str:
    dag_id = order.trigger_dag_id
    try:
        run_id = backend.trigger_run(
            dag_id=dag_id,
            run_id=order.dag_run_id,
            logical_date=order.logical_date,
            conf=order.conf,
            note=order.note,
            reset_existing=order.reset_dag_run,
            run_after=order.run_after,
        )
    except AlreadyExistsError as error:
        if order.skip_when_already_exists:
            raise AirflowSkipException(
                f"Run {order.dag_run_id!r} of DAG {dag_id!r} exists already."
            ) from error
        raise AirflowFailException(str(error)) from error
    except SlipstreamError as error:
        raise AirflowException(str(error)) from error
    _log.info("Started run %s of DAG %s", run_id, dag_id)
    return run_id


def _defer(order: DagRunTriggerException, run_id: str) -> None:
    from slipstream.sdk.triggers.external_task import DagStateTrigger

    raise TaskDeferred(
        trigger=DagStateTrigger(
            dag_id=order.trigger_dag_id,
            states=[*order.allowed_states, *order.failed_states],
            run_ids=[run_id],
            poll_interval=order.poke_interval,
        ),
        method_name="execute_complete",
    )


def _wait(order: DagRunTriggerException, run_id: str, backend: Backend) -> None:
    """Until the run has come to a state that counts; the deployment tells when to look again."""
    dag_id = order.trigger_dag_id
    seen = backend.await_change(dag_id=dag_id, seen=None, seconds=0)
    while True:
        state = backend.get_run_state(dag_id=dag_id, run_id=run_id)
        if state in order.failed_states:
            raise AirflowException(f"Run {run_id!r} of DAG {dag_id!r} has ended as {state}.")
        if state in order.allowed_states:
            _log.info("Run %s of DAG %s is %s", run_id, dag_id, state)
            return
        if state is None:
            raise AirflowException(f"Run {run_id!r} of DAG {dag_id!r} was deleted.")
        # A busy DAG changes all the time; not every change is worth a look.
        time.sleep(SHORTEST_PAUSE_SECONDS)
        seen = backend.await_change(dag_id=dag_id, seen=seen, seconds=float(order.poke_interval))
