"""What `task_instance_mutation_hook` decides of a task before any instance of it is queued."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.map_index import UNMAPPED
from slipstream.sdk._abstract_operator import AbstractOperator
from slipstream.sdk._dag import DAG
from slipstream.sdk._policies import cluster_policies
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowClusterPolicyError

_HOOK = "task_instance_mutation_hook"


@dataclass(slots=True, kw_only=True)
class PlannedInstance:
    """A task instance of no run yet, as the hook sees it while the file is loaded."""

    task: AbstractOperator
    task_id: str
    dag_id: str
    queue: str
    pool: str
    pool_slots: int
    priority_weight: int
    executor: str | None
    max_tries: int
    operator: str
    executor_config: dict[str, UserValue] = field(default_factory=dict)
    run_id: str = ""
    map_index: int = UNMAPPED
    try_number: int = 0
    state: str | None = None
    dag_run: None = None
    logical_date: None = None
    start_date: None = None
    end_date: None = None
    duration: None = None
    hostname: str = ""

    @property
    def next_try_number(self) -> int:
        """The number of the first try."""
        return 1

    def changes(self, spec: TaskSpec) -> TaskSpec:
        """The task as the hook wants it."""
        return replace(
            spec,
            queue=self.queue,
            pool=self.pool,
            pool_slots=self.pool_slots,
            total_weight=self.priority_weight,
            executor=self.executor,
            retries=self.max_tries,
        )


def with_mutations(dag: DAG, spec: DagSpec) -> DagSpec:
    """The spec after the deployment's hook has seen an instance of each task."""
    policies = cluster_policies()
    if not policies.has(_HOOK):
        return spec
    tasks = {}
    for task_id, task in spec.tasks.items():
        planned = _plan(dag.task_dict[task_id], dag.dag_id, task)
        try:
            policies.call(_HOOK, planned, None)
        except Exception as error:
            raise AirflowClusterPolicyError(
                f"The cluster policy {_HOOK} failed on task {task_id!r} of DAG {dag.dag_id!r}: "
                f"{type(error).__name__}: {error}. While a file is loaded there is no run yet: "
                f"dag_run is None and try_number is 0."
            ) from error
        tasks[task_id] = planned.changes(task)
    return replace(spec, tasks=tasks)


def _plan(task: AbstractOperator, dag_id: str, spec: TaskSpec) -> PlannedInstance:
    return PlannedInstance(
        task=task,
        task_id=spec.task_id,
        dag_id=dag_id,
        queue=spec.queue,
        pool=spec.pool,
        pool_slots=spec.pool_slots,
        priority_weight=spec.total_weight,
        executor=spec.executor,
        max_tries=spec.retries,
        operator=spec.operator_name,
        executor_config=dict(task.executor_config),
    )
