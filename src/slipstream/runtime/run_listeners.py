"""What listeners are told of a run."""

from __future__ import annotations

from slipstream.model.states import RunState
from slipstream.sdk._backend import Backend
from slipstream.sdk._dag import DAG
from slipstream.sdk._dag_run import DagRun
from slipstream.sdk._listeners import tell
from slipstream.wire.messages import Errand


class ToldRun(DagRun):
    """The run as listeners get it: in the state that it came to, and with its DAG."""

    def __init__(self, state: RunState, errand: Errand, dag: DAG, backend: Backend) -> None:
        super().__init__(errand.attempt.run, backend, dag.task_dict)
        self.state = state
        self.dag = dag

    def get_dag(self) -> DAG:
        """The run's DAG."""
        return self.dag


def tell_of_run(
    hook: str, state: RunState, errand: Errand, dag: DAG, backend: Backend
) -> str | None:
    """Call those who listen to the hook; gives the error of one that raised, in one line."""
    return tell(hook, dag_run=ToldRun(state, errand, dag, backend), msg=errand.reason)
