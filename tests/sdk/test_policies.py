"""What cluster policies are called with, and what comes of their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slipstream.sdk import DAG
from slipstream.sdk._planned_instance import with_mutations
from slipstream.sdk._policies import (
    ClusterPolicies,
    apply_policies,
    import_timeout,
    policies_in_force,
)
from slipstream.sdk._spec import build_spec
from slipstream.sdk.exceptions import AirflowClusterPolicyError
from slipstream.sdk.operators.empty import EmptyOperator


def one_task() -> DAG:
    with DAG("d") as dag:
        EmptyOperator(task_id="t")
    return dag


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("queue", "queue", "gpu"),
        ("pool", "pool", "small"),
        ("pool_slots", "pool_slots", 3),
        ("priority_weight", "total_weight", 77),
        ("executor", "executor", "Other"),
        ("max_tries", "retries", 9),
    ],
)
def test_what_the_hook_changes_the_scheduler_knows(name: str, field: str, value: object) -> None:
    def hook(ti: Any) -> None:
        assert (ti.dag_id, ti.task_id, ti.try_number, ti.operator) == ("d", "t", 0, "EmptyOperator")
        setattr(ti, name, value)

    dag = one_task()
    with policies_in_force(ClusterPolicies({"task_instance_mutation_hook": hook})):
        spec = with_mutations(dag, build_spec(dag))
    assert getattr(spec.tasks["t"], field) == value


def test_a_hook_that_needs_a_run_says_that_there_is_none_yet() -> None:
    def hook(task_instance: Any, dag_run: Any) -> None:
        task_instance.queue = dag_run.conf["queue"]

    dag = one_task()
    with (
        policies_in_force(ClusterPolicies({"task_instance_mutation_hook": hook})),
        pytest.raises(AirflowClusterPolicyError, match="dag_run is None"),
    ):
        with_mutations(dag, build_spec(dag))


@pytest.mark.parametrize(
    "hook",
    [
        lambda task_instance: (task_instance.task_id, None),
        lambda ti: (ti.task_id, None),
        lambda ti, run: (ti.task_id, run),
        lambda dag_run, task_instance: (task_instance.task_id, dag_run),
    ],
)
def test_a_policy_takes_what_it_names(hook: Callable[..., object]) -> None:
    class Instance:
        task_id = "t"

    policies = ClusterPolicies({"task_instance_mutation_hook": hook})
    ((task_id, run),) = policies.call("task_instance_mutation_hook", Instance(), "run")
    assert task_id == "t"
    assert run in {None, "run"}


def test_without_policies_nothing_is_changed() -> None:
    dag = one_task()
    with policies_in_force(ClusterPolicies()):
        assert apply_policies(dag)
        spec = build_spec(dag)
        assert with_mutations(dag, spec) is spec
        assert import_timeout("/dags/a.py", 30.0) == 30.0
