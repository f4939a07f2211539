"""`airflow.models.dag.DagContext` of Airflow 2: the DAG whose `with` block is open."""

from __future__ import annotations

from slipstream.sdk import DAG
from slipstream.sdk._scope import current_dag


class DagContext:
    """Which DAG new tasks belong to."""

    @classmethod
    def get_current_dag(cls) -> DAG | None:
        """The DAG of the innermost open `with` block, or None outside of all."""
        return current_dag()

    @classmethod
    def get_current(cls) -> DAG | None:
        """The same under the name of Airflow 3."""
        return current_dag()
