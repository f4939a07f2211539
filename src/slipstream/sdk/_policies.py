"""Cluster policies: a deployment's own rules for the DAGs that people write.

They stand in a module `airflow_local_settings` on the path (its usual place is the `config` folder
of the home), or in installed packages with an entry point of the group `airflow.policy`. They are
people's code: only processes that load DAG files or run tasks may call what is here.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._entry_points import entry_points_of, look_again
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import (
    AirflowClusterPolicyError,
    AirflowClusterPolicySkipDag,
    AirflowClusterPolicyViolation,
)

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from slipstream.sdk._dag import DAG

GROUP = "airflow.policy"
LOCAL_SETTINGS = "airflow_local_settings"

POLICIES: Mapping[str, Sequence[str]] = {
    "task_policy": ("task",),
    "dag_policy": ("dag",),
    "task_instance_mutation_hook": ("task_instance", "dag_run"),
    "pod_mutation_hook": ("pod",),
    "get_airflow_context_vars": ("context",),
    "get_dagbag_import_timeout": ("dag_file_path",),
}
"""`{policy: names of its arguments}`."""


@dataclass(frozen=True, slots=True)
class ClusterPolicies:
    """The policies that are in force."""

    local: Mapping[str, Callable[..., UserValue]] = field(default_factory=dict)
    plugins: UserValue = None
    """Of installed packages: pluggy's hooks."""

    def has(self, name: str) -> bool:
        """Whether there is such a policy."""
        if name in self.local:
            return True
        return self.plugins is not None and getattr(self.plugins, name, None) is not None

    def call(self, name: str, *arguments: UserValue) -> list[UserValue]:
        """Call every policy of that name; what they answered, None left out, local settings
        first."""
        found = []
        if (own := self.local.get(name)) is not None:
            found.append(_call_fitting(own, POLICIES[name], arguments))
        if (hook := getattr(self.plugins, name, None)) is not None:
            found += hook(**dict(zip(POLICIES[name], arguments, strict=True)))
        return [answer for answer in found if answer is not None]


_in_force: list[ClusterPolicies] = []


def cluster_policies() -> ClusterPolicies:
    """The policies of this deployment; read once in a process.

    Whatever is wrong in people's modules is raised as it is.
    """
    return _in_force[-1] if _in_force else _read()


@contextmanager
def policies_in_force(policies: ClusterPolicies) -> Iterator[None]:
    """Inside, these policies are the deployment's; nothing of people's is imported."""
    _in_force.append(policies)
    try:
        yield
    finally:
        _in_force.pop()


@cache
def _read() -> ClusterPolicies:
    return ClusterPolicies(_local_policies(), _plugin_policies())


def read_policies_anew() -> None:
    """Forget what was read: modules or installed packages have changed."""
    _read.cache_clear()
    look_again()


def policy_entry_points() -> Sequence[EntryPoint]:
    """Where installed packages keep policies; nothing of them is imported."""
    return entry_points_of(GROUP)


def apply_policies(dag: DAG) -> bool:
    """Let the policies change or refuse the DAG and its tasks; False where it is to be left out.

    Raises `AirflowClusterPolicyViolation` where they refuse it, `AirflowClusterPolicyError` where
    they fail; both name the DAG and the task.
    """
    policies = cluster_policies()
    where = f"DAG {dag.dag_id!r}"
    try:
        policies.call("dag_policy", dag)
        if policies.has("task_policy"):
            for task in dag.tasks:
                where = f"task {task.task_id!r} of DAG {dag.dag_id!r}"
                policies.call("task_policy", task)
    except AirflowClusterPolicySkipDag:
        return False
    except AirflowClusterPolicyViolation as error:
        error.add_note(f"A cluster policy of this deployment refuses {where} ({dag.fileloc}).")
        raise
    except Exception as error:
        raise AirflowClusterPolicyError(
            f"A cluster policy of this deployment failed on {where} ({dag.fileloc}): "
            f"{type(error).__name__}: {error}. Ask who keeps its {LOCAL_SETTINGS}.py."
        ) from error
    return True


def mutate_instance(context: Mapping[str, UserValue]) -> None:
    """Let the policies change the task instance that is about to run."""
    policies = cluster_policies()
    if policies.has("task_instance_mutation_hook"):
        policies.call("task_instance_mutation_hook", context["ti"], context["dag_run"])


def import_timeout(path: str, default: float) -> float:
    """Seconds that loading this file may take; 0 or less is without end."""
    for seconds in cluster_policies().call("get_dagbag_import_timeout", path):
        if not isinstance(seconds, int | float):
            raise TypeError(
                f"The cluster policy get_dagbag_import_timeout answered {seconds!r} for {path}; "
                f"expected a number of seconds."
            )
        return float(seconds)
    return default


def further_context_vars(context: Mapping[str, UserValue]) -> Mapping[str, str]:
    """What the deployment adds to the variables that name the running task."""
    policies = cluster_policies()
    if not policies.has("get_airflow_context_vars"):
        return {}
    for found in policies.call("get_airflow_context_vars", context):
        for name, value in found.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise TypeError(
                    f"The cluster policy get_airflow_context_vars answered {name!r}: {value!r}; "
                    f"expected a text for a text."
                )
        return dict(found)
    return {}


def _local_policies() -> Mapping[str, Callable[..., UserValue]]:
    try:
        module = importlib.import_module(LOCAL_SETTINGS)
    except ModuleNotFoundError as error:
        if error.name != LOCAL_SETTINGS:
            raise
        return {}
    return _in_module(module)


def _in_module(module: ModuleType) -> dict[str, Callable[..., UserValue]]:
    names = getattr(module, "__all__", None) or vars(module)
    found = {name: getattr(module, name) for name in POLICIES if name in names}
    if "policy" in names and "task_policy" not in found:
        warn_deprecated(
            f"{LOCAL_SETTINGS}.policy", "Call it task_policy.", filename=module.__file__
        )
        found["task_policy"] = module.policy
    return {name: policy for name, policy in found.items() if callable(policy)}


def _plugin_policies() -> UserValue:
    points = policy_entry_points()
    if not points:
        return None
    import pluggy

    manager = pluggy.PluginManager(GROUP)
    for point in points:
        manager.register(point.load(), name=point.name)
    return manager.hook


def _call_fitting(
    policy: Callable[..., UserValue], names: Sequence[str], arguments: Sequence[UserValue]
) -> UserValue:
    """Call it with as many arguments as it takes, whatever it calls them."""
    taken = [
        parameter
        for parameter in inspect.signature(policy).parameters.values()
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    by_name = dict(zip(names, arguments, strict=True))
    if all(parameter.name in by_name for parameter in taken):
        return policy(*(by_name[parameter.name] for parameter in taken))
    return policy(*arguments[: len(taken)])
