"""What operators link to is kept with the task instance when its attempt is at its end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from slipstream.model.attempt import Deferred, Failed, Outcome, Skipped, Succeeded
from slipstream.sdk._links import links_of

if TYPE_CHECKING:
    from slipstream.sdk._context import Context
    from slipstream.sdk._operator import BaseOperator

_log = logging.getLogger("airflow.task")


def keep_links(operator: BaseOperator, context: Context, outcome: Outcome) -> None:
    """Ask each of the operator's links for its address, and push it under the link's key.

    What is returned counts as pushed already, for links are made of that. A link that fails costs
    a line in the log.
    """
    links = links_of(operator)
    if not isinstance(outcome, Succeeded | Failed | Skipped | Deferred):
        return
    ti = context["ti"]
    for write in () if isinstance(outcome, Deferred) else outcome.xcoms:
        ti.backend.set_xcom(
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            task_id=ti.task_id,
            map_index=ti.map_index,
            key=write.key,
            value=write.value,
            length=write.length,
        )
    for link in links:
        try:
            address = link.get_link(operator, ti_key=ti.key)
            if address:
                ti.xcom_push(key=link.xcom_key, value=str(address))
        except Exception:  # noqa: BLE001 - a link is not worth a task
            _log.warning("The link %r could not be made", link, exc_info=True)
