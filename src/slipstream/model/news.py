"""What has been written about runs, for those who follow them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from slipstream.model.changes import RowChange
from slipstream.model.dag import DagSpec
from slipstream.model.run import DagRun


@dataclass(frozen=True, slots=True)
class RunNews:
    """The rows of one run that one transaction has written, and the run as it is with them."""

    dag: DagSpec
    """The version that the run is of."""
    run: DagRun
    changes: Sequence[RowChange]


class Observer(Protocol):
    """Is told, on the scheduler's thread, of what was committed. It must return at once."""

    def runs_written(self, news: Sequence[RunNews]) -> None:
        """The scheduler has written these."""

    def dags_edited(self, dag_ids: Collection[str]) -> None:
        """Somebody else has changed these DAGs, or runs of theirs."""
