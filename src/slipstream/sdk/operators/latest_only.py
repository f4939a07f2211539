"""An operator that lets only the newest scheduled run go on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from slipstream.model.states import RunType
from slipstream.sdk._ticks import neighbour
from slipstream.sdk.operators.branch import BaseBranchOperator

if TYPE_CHECKING:
    from slipstream.sdk._context import Context


class LatestOnlyOperator(BaseBranchOperator):
    """Skips the tasks right below it, unless the run is the newest by its schedule.

    Runs that somebody asked for always go on.
    """

    ui_color = "#e9ffdb"

    def choose_branch(self, context: Context) -> Iterable[str]:
        """All tasks below, or none."""
        run = context["dag_run"]
        below = [one.task_id for one in self.downstream_list]
        if run.run_type == RunType.MANUAL or run.logical_date is None:
            self.log.info("The run was asked for: going on.")
            return below
        now = datetime.now(UTC)
        end = run.data_interval_end or run.logical_date
        following = neighbour(context["dag"].model_schedule, end, 1)
        self.log.info(
            "This run's interval ends at %s, the next at %s; it is %s.", end, following, now
        )
        if following is None or now < following:
            return below
        self.log.info("This is not the newest run: skipping what is below.")
        return []
