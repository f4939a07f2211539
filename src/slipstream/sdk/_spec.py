"""A DAG as the scheduler knows it, made from the one that its author wrote."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from slipstream.model.dag import DagSpec, GroupSpec, TaskSpec
from slipstream.model.durations import iso_duration
from slipstream.model.json import JsonValue
from slipstream.model.schedule import NoSchedule
from slipstream.model.states import TriggerRule, WeightRule
from slipstream.sdk import _assets
from slipstream.sdk._asset_specs import asset_specs
from slipstream.sdk._conf import authoring_defaults
from slipstream.sdk._deferral import start_trigger_of
from slipstream.sdk._group import MappedTaskGroup, TaskGroup
from slipstream.sdk._keys import quoted
from slipstream.sdk._links import links_of
from slipstream.sdk._listeners import is_anybody_listening
from slipstream.sdk._mapped_operator import MappedOperator
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._params import ParamsDict
from slipstream.sdk._times import in_utc
from slipstream.sdk._topology import in_order
from slipstream.sdk._types import UserValue
from slipstream.sdk._weights import PriorityWeightStrategy, total_weights
from slipstream.sdk.exceptions import AirflowDagInconsistent, ParamValidationError
from slipstream.sdk.operators.empty import EmptyOperator

if TYPE_CHECKING:
    from slipstream.sdk._abstract_operator import AbstractOperator
from slipstream.sdk._dag import DAG


def build_spec(dag: DAG) -> DagSpec:
    """The spec of one version of the DAG.

    Raises `AirflowDagCycleException`, `AirflowDagInconsistent`, `ParamValidationError` or
    `AirflowTimetableInvalid` where the DAG makes no sense; the message names the DAG and the task.
    """
    for task in dag.tasks:
        if isinstance(task, BaseOperator):
            task.find_upstreams()
    ordered = in_order(dag)
    check_setups(dag, ordered)
    _check_params(dag)
    weights = total_weights(ordered)
    dag.timetable.validate()
    schedule = dag.model_schedule
    return DagSpec(
        dag_id=dag.dag_id,
        tasks={task.task_id: _task(dag, task, weights[task.task_id]) for task in ordered},
        groups={group_id: _group(group) for group_id, group in dag.task_group_dict.items()},
        schedule=schedule,
        timezone=dag.timezone_name,
        start_date=in_utc(dag.start_date),
        end_date=in_utc(dag.end_date),
        catchup=dag.catchup,
        max_active_tasks=dag.max_active_tasks,
        max_active_runs=dag.max_active_runs,
        max_consecutive_failed_dag_runs=dag.max_consecutive_failed_dag_runs,
        dagrun_timeout=dag.dagrun_timeout,
        fail_fast=dag.fail_fast,
        deadlines=tuple(alert.as_spec() for alert in dag.deadlines),
        is_paused_upon_creation=dag.is_paused_upon_creation,
        allowed_run_types=None if dag.allowed_run_types is None else tuple(dag.allowed_run_types),
        has_success_callback=dag.has_on_success_callback
        or is_anybody_listening("on_dag_run_success"),
        has_failure_callback=dag.has_on_failure_callback
        or is_anybody_listening("on_dag_run_failed"),
        has_start_listener=is_anybody_listening("on_dag_run_running"),
        description=dag.description,
        display_name=dag.dag_display_name if dag.dag_display_name != dag.dag_id else None,
        doc_md=dag.doc_md,
        tags=tuple(sorted(dag.tags)),
        owner_links=dict(dag.owner_links),
        access_control=_access(dag.access_control),
        params=_params(dag.params),
        assets=asset_specs(dag),
        fileloc=dag.fileloc,
        details=_dag_details(dag),
    )


# ---------------------------------------------------------------------- checks


def check_setups(dag: DAG, tasks: Iterable[AbstractOperator]) -> None:
    """What comes after a setup must wait for it to succeed."""
    for task in tasks:
        if not task.is_setup:
            continue
        for below in task.downstream_list:
            if not below.is_teardown and below.trigger_rule is not TriggerRule.ALL_SUCCESS:
                raise AirflowDagInconsistent(
                    f"Task {below.task_id!r} of DAG {dag.dag_id!r} comes right after the setup "
                    f"{task.task_id!r}, so its trigger rule has to be 'all_success'; it is "
                    f"{below.trigger_rule.value!r}."
                )


def _check_params(dag: DAG) -> None:
    """A DAG that runs by itself needs a default, one that fits, for every param."""
    if isinstance(dag.model_schedule, NoSchedule):
        return
    missing = [name for name, param in dag.params.items() if not param.has_value]
    if missing:
        raise ParamValidationError(
            f"DAG {dag.dag_id!r} has a schedule, so every param needs a default; "
            f"{quoted(missing)} {'has' if len(missing) == 1 else 'have'} none."
        )
    try:
        dag.params.validate()
    except ParamValidationError as error:
        raise ParamValidationError(f"DAG {dag.dag_id!r}: {error}") from None


# ---------------------------------------------------------------------- tasks and groups


def _task(dag: DAG, task: AbstractOperator, total_weight: int) -> TaskSpec:
    group = task.task_group
    return TaskSpec(
        task_id=task.task_id,
        operator_name=task.operator_name,
        upstream=tuple(sorted(task.upstream_task_ids)),
        downstream=tuple(sorted(task.downstream_task_ids)),
        group_id=group.group_id if group is not None else None,
        mapped=task.expand_input.length() if isinstance(task, MappedOperator) else None,
        trigger_rule=task.trigger_rule,
        retries=task.retries,
        retry_delay=task.retry_delay,
        retry_exponential_backoff=task.retry_exponential_backoff,
        max_retry_delay=task.max_retry_delay or _longest_delay(task),
        execution_timeout=task.execution_timeout,
        pool=task.pool,
        pool_slots=task.pool_slots,
        priority_weight=task.priority_weight,
        weight_rule=_weight_rule(task.weight_rule),
        total_weight=total_weight,
        max_active_tis_per_dag=task.max_active_tis_per_dag,
        max_active_tis_per_dagrun=task.max_active_tis_per_dagrun,
        depends_on_past=task.depends_on_past,
        wait_for_downstream=task.wait_for_downstream,
        ignore_first_depends_on_past=task.ignore_first_depends_on_past,
        wait_for_past_depends_before_skipping=task.wait_for_past_depends_before_skipping,
        start_date=_later(task.start_date, dag.start_date),
        end_date=_earlier(task.end_date, dag.end_date),
        is_setup=task.is_setup,
        is_teardown=task.is_teardown,
        on_failure_fail_dagrun=task.on_failure_fail_dagrun,
        is_empty=_is_empty(task),
        start_trigger=start_trigger_of(task),
        queue=task.queue,
        executor=task.executor,
        owner=task.owner,
        map_index_template=task.map_index_template,
        details=_task_details(task),
    )


def _longest_delay(task: AbstractOperator) -> timedelta | None:
    """Without a limit of its own a growing delay stops at the setting's."""
    return authoring_defaults().max_retry_delay if task.retry_exponential_backoff else None


def _weight_rule(rule: WeightRule | PriorityWeightStrategy) -> WeightRule | str:
    if isinstance(rule, WeightRule):
        return rule
    return f"{type(rule).__module__}.{type(rule).__qualname__}"


def _later(own: datetime | None, dags: datetime | None) -> datetime | None:
    """A task's own start, where it is later than the DAG's."""
    if own is None or (dags is not None and own <= dags):
        return None
    return in_utc(own)


def _earlier(own: datetime | None, dags: datetime | None) -> datetime | None:
    """A task's own end, where it is earlier than the DAG's."""
    if own is None or (dags is not None and own >= dags):
        return None
    return in_utc(own)


def _is_empty(task: AbstractOperator) -> bool:
    """Whether there is nothing to run for it: exactly an EmptyOperator, and nothing to call."""
    if not _does_nothing(task.operator_class):
        return False
    if isinstance(task, MappedOperator):
        # What is mapped over might be a callback; only the instance's own process can tell.
        return False
    return not (
        task.on_execute_callback
        or task.on_success_callback
        or task.on_skipped_callback
        or task._pre_execute_hook
        or task._post_execute_hook
        or task.outlets
        or task.map_index_template
    )


def _does_nothing(operator_class: type) -> bool:
    """Whether it is the EmptyOperator, ours or that of Airflow's standard provider."""
    if operator_class is EmptyOperator:
        return True
    path = f"{operator_class.__module__}.{operator_class.__qualname__}"
    return path == "airflow.providers.standard.operators.empty.EmptyOperator"


def _group(group: TaskGroup) -> GroupSpec:
    parent = group.parent_group
    return GroupSpec(
        group_id=group.node_id,
        parent_id=parent.group_id if parent is not None else None,
        label=group.group_display_name or group.label,
        tooltip=group.tooltip,
        doc_md=group.doc_md,
        prefix_group_id=group.prefix_group_id,
        ui_color=group.ui_color,
        ui_fgcolor=group.ui_fgcolor,
        mapped=group.expand_input.length() if isinstance(group, MappedTaskGroup) else None,
    )


# ---------------------------------------------------------------------- for people


def _params(params: ParamsDict) -> dict[str, JsonValue]:
    return {name: plain(value) for name, value in params.describe().items()}


def _access(access_control: Mapping[str, UserValue]) -> dict[str, JsonValue]:
    return {str(role): plain(allowed) for role, allowed in access_control.items()}


def _dag_details(dag: DAG) -> dict[str, JsonValue]:
    details: dict[str, JsonValue] = {
        "owners": sorted({task.owner for task in dag.tasks}),
        "default_args": {
            name: iso_duration(value) if isinstance(value, timedelta) else plain(value)
            for name, value in dag.default_args.items()
        },
        "timetable_summary": dag.timetable.summary,
        "timetable_description": dag.timetable.description,
        "timetable_periodic": dag.timetable.periodic,
        "template_searchpath": list(dag.template_searchpath),
        "render_template_as_native_obj": dag.render_template_as_native_obj,
        "edge_info": plain(dag.edge_info),
    }
    if list(dag.params) != sorted(dag.params):
        details["params_order"] = list(dag.params)  # A mapping of a serialized DAG has no order.
    if dag.timetable.partitioned:
        details["timetable_partitioned"] = True
    if dag.timetable.asset_condition is not None:
        details["asset_expression"] = dag.timetable.asset_condition.as_expression()
    if dag.deadline:
        details["deadlines"] = [plain(alert.describe()) for alert in dag.deadlines]
    floats = dag.disable_bundle_versioning
    if floats is not None or authoring_defaults().disable_bundle_versioning:
        details["disable_bundle_versioning"] = floats is None or bool(floats)
    reruns = dag.rerun_with_latest_version
    if reruns is not None or authoring_defaults().rerun_with_latest_version:
        details["rerun_with_latest_version"] = reruns is None or bool(reruns)
    return details


def _task_details(task: AbstractOperator) -> dict[str, JsonValue]:
    """What the API and the UI show besides the spec's own fields; what says nothing is left out."""
    operator_class = task.operator_class
    details: dict[str, JsonValue] = {
        "class_ref": {
            "module_path": operator_class.__module__,
            "class_name": operator_class.__qualname__,
        },
        "template_fields": list(task.template_fields),
        "ui_color": task.ui_color,
        "ui_fgcolor": task.ui_fgcolor,
    }
    shown = {
        "task_display_name": task.task_display_name
        if task.task_display_name != task.task_id
        else None,
        "template_fields_renderers": dict(
            getattr(operator_class, "template_fields_renderers", None) or {}
        ),
        "params": _params(task.params),
        "extra_links": sorted(_link_keys(task)),
        "extra_link_keys": _link_keys(task),
        "doc": task.doc,
        "doc_md": task.doc_md,
        "doc_json": task.doc_json,
        "doc_yaml": task.doc_yaml,
        "doc_rst": task.doc_rst,
        "email": task.email,
        "executor_config": task.executor_config,
        "run_as_user": task.run_as_user,
        "resources": task.resources,
        "logger_name": task.logger_name,
        "inlets": [_assets.as_json(one) for one in task.inlets],
        "outlets": [_assets.as_json(one) for one in task.outlets],
        "callbacks": [
            kind
            for kind in ("execute", "failure", "success", "retry", "skipped")
            if getattr(task, f"on_{kind}_callback")
        ],
        "multiple_outputs": task.multiple_outputs,
        "retry_policy": None if task.retry_policy is None else repr(task.retry_policy),
        "external_marker": _marker_details(task),
        "waits_for_dag": getattr(operator_class, "waits_for_dag", False),
        "returns_dag_result": task.returns_dag_result,
    }
    details.update({name: plain(value) for name, value in shown.items() if value})
    if not task.do_xcom_push:
        details["do_xcom_push"] = False
    return details


def _marker_details(task: AbstractOperator) -> dict[str, UserValue]:
    """Where an `ExternalTaskMarker` leads, as it is written."""
    if not getattr(task.operator_class, "is_external_marker", False):
        return {}
    given = task.partial_kwargs if isinstance(task, MappedOperator) else vars(task)
    names = ("external_dag_id", "external_task_id", "logical_date", "recursion_depth")
    return {"recursion_depth": 10} | {name: given[name] for name in names if name in given}


def _link_keys(task: AbstractOperator) -> dict[str, str]:
    """`{name of a link: key of the XCom that the task leaves its address under}`."""
    return {
        str(getattr(link, "name", link)): str(
            getattr(link, "xcom_key", f"_link_{type(link).__name__}")
        )
        for link in links_of(task)
    }


def plain(value: UserValue) -> JsonValue:
    """The value as JSON can hold it, the same in every process; what it cannot is named."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(item) for item in value), key=json.dumps)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}.{value.__qualname__}"
    text = str(value)
    # The default text of an object has its address in it, which differs between processes.
    kind = type(value)
    return f"<{kind.__module__}.{kind.__qualname__}>" if " at 0x" in text else text
