"""`airflow.api.common.trigger_dag` of Airflow 2: a run of another DAG, asked for by a task."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipstream.sdk._backend import current_backend
from slipstream.sdk.exceptions import AirflowException


@dataclass(frozen=True, slots=True)
class TriggeredRun:
    """A run that was started."""

    dag_id: str
    run_id: str
    logical_date: datetime | None
    conf: Mapping[str, Any]

    @property
    def execution_date(self) -> datetime | None:
        """The logical date under its name of Airflow 1 and 2."""
        return self.logical_date


def trigger_dag(
    dag_id: str,
    run_id: str | None = None,
    conf: Mapping[str, Any] | str | None = None,
    execution_date: datetime | None = None,
    logical_date: datetime | None = None,
    replace_microseconds: bool = True,
    **_others: Any,
) -> TriggeredRun:
    """Start a run. Raises AirflowException outside of a task, and where the run exists already."""
    from slipstream.model.errors import SlipstreamError

    backend = current_backend.get()
    if backend is None:
        raise AirflowException(
            "trigger_dag() was called outside of a task; start runs there with slipstream dags "
            "trigger, or with the REST API."
        )
    moment = logical_date or execution_date
    if moment is not None and replace_microseconds and run_id is None:
        moment = moment.replace(microsecond=0)
    values = json.loads(conf) if isinstance(conf, str) else dict(conf or {})
    try:
        started = backend.trigger_run(
            dag_id=dag_id,
            run_id=run_id,
            logical_date=moment,
            conf=values,
            note=None,
            reset_existing=False,
        )
    except SlipstreamError as error:
        raise AirflowException(str(error)) from error
    return TriggeredRun(dag_id, started, moment, values)
