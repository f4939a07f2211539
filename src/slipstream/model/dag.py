"""A DAG as the scheduler knows it: plain frozen values, no user code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from slipstream.model.asset import AssetSpec
from slipstream.model.deadline import DeadlineSpec
from slipstream.model.deferral import StartTrigger
from slipstream.model.json import JsonValue
from slipstream.model.schedule import NoSchedule, Schedule
from slipstream.model.states import RunType, TriggerRule, WeightRule


@dataclass(frozen=True, slots=True)
class Literal:
    """A length known when the file was parsed."""

    length: int


@dataclass(frozen=True, slots=True)
class Upstream:
    """The length of what an upstream task pushed.

    For an unmapped upstream it is the length of that list or dict. For a mapped one it is the
    number of its instances that pushed a value.
    """

    task_id: str
    key: str = "return_value"


@dataclass(frozen=True, slots=True)
class Product:
    """The cross product of several inputs, the last one varying fastest."""

    of: tuple[Length, ...]


@dataclass(frozen=True, slots=True)
class Shortest:
    """As long as the shortest input: `zip`."""

    of: tuple[Length, ...]


@dataclass(frozen=True, slots=True)
class Longest:
    """As long as the longest input: `zip` with a fill value."""

    of: tuple[Length, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """One input after the other: `concat`."""

    of: tuple[Length, ...]


Length: TypeAlias = Literal | Upstream | Product | Shortest | Longest | Sum
"""How many instances a mapped task or group has, computed once its upstreams are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpec:
    """A task group. A mapped group multiplies every task below it by its length.

    A mapped group's tasks have one instance per map index, and an edge between two of them joins
    equal indexes only.
    """

    group_id: str
    parent_id: str | None = None
    label: str = ""
    tooltip: str = ""
    doc_md: str | None = None
    prefix_group_id: bool = True
    ui_color: str = ""
    ui_fgcolor: str = ""
    mapped: Length | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """One task: what decides when it runs, and what describes it to people."""

    task_id: str
    operator_name: str = "BaseOperator"
    upstream: tuple[str, ...] = ()
    downstream: tuple[str, ...] = ()
    group_id: str | None = None
    mapped: Length | None = None
    trigger_rule: TriggerRule = TriggerRule.ALL_SUCCESS

    retries: int = 0
    retry_delay: timedelta = timedelta(minutes=5)
    retry_exponential_backoff: float = 0.0
    """Base of the growth of the delay between attempts; 0 keeps the delay constant."""
    max_retry_delay: timedelta | None = None
    execution_timeout: timedelta | None = None

    pool: str = "default_pool"
    pool_slots: int = 1
    priority_weight: int = 1
    """The task's own weight, before the weight rule."""
    weight_rule: WeightRule | str = WeightRule.DOWNSTREAM
    """A rule, or the import path of a custom strategy (then `total_weight` is its answer)."""
    total_weight: int = 1
    """The weight after the weight rule: higher is admitted first."""
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None

    depends_on_past: bool = False
    wait_for_downstream: bool = False
    ignore_first_depends_on_past: bool = True
    wait_for_past_depends_before_skipping: bool = False
    start_date: datetime | None = None
    end_date: datetime | None = None

    is_setup: bool = False
    is_teardown: bool = False
    on_failure_fail_dagrun: bool = False
    is_empty: bool = False
    """Nothing to execute and no callback: it succeeds without a process."""

    start_trigger: StartTrigger | None = None
    """What it waits on before a process is started for it."""

    queue: str = "default"
    executor: str | None = None
    owner: str = "airflow"
    map_index_template: str | None = None
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    """What only the API and the UI show: docs, template fields, colours, operator module …"""

    @property
    def display_name(self) -> str:
        """What people call the task."""
        return str(self.details.get("task_display_name") or self.task_id)

    @property
    def waits_for_dag(self) -> bool:
        """Whether it is a sensor that waits for another DAG of the deployment."""
        return bool(self.details.get("waits_for_dag"))

    @property
    def class_name(self) -> str:
        """The name of the operator's class; `operator_name` is what people call the operator."""
        found = self.details.get("class_ref")
        return str(found["class_name"]) if isinstance(found, Mapping) else self.operator_name


@dataclass(frozen=True, slots=True, kw_only=True)
class DagSpec:
    """One version of a DAG. `tasks` is in topological order; ids are unique."""

    dag_id: str
    tasks: Mapping[str, TaskSpec] = field(default_factory=dict)
    groups: Mapping[str, GroupSpec] = field(default_factory=dict)
    schedule: Schedule = field(default_factory=NoSchedule)
    timezone: str = "UTC"
    start_date: datetime | None = None
    end_date: datetime | None = None
    catchup: bool = False

    max_active_tasks: int = 16
    max_active_runs: int = 16
    max_consecutive_failed_dag_runs: int = 0
    """0 never pauses the DAG."""
    dagrun_timeout: timedelta | None = None
    fail_fast: bool = False
    deadlines: tuple[DeadlineSpec, ...] = ()
    is_paused_upon_creation: bool | None = None
    allowed_run_types: tuple[RunType, ...] | None = None
    has_success_callback: bool = False
    has_failure_callback: bool = False
    """Also where nobody but a plugin listens for it."""
    has_start_listener: bool = False
    """Whether a plugin wants to know when a run begins."""

    description: str | None = None
    display_name: str | None = None
    doc_md: str | None = None
    tags: tuple[str, ...] = ()
    owner_links: Mapping[str, str] = field(default_factory=dict)
    access_control: Mapping[str, JsonValue] = field(default_factory=dict)
    params: Mapping[str, JsonValue] = field(default_factory=dict)
    """`{name: {"value": default, "description": text or null, "schema": JSON Schema}}`."""
    assets: tuple[AssetSpec, ...] = ()
    """The assets that it mentions, wherever it does."""
    fileloc: str = ""
    relative_fileloc: str = ""
    details: Mapping[str, JsonValue] = field(default_factory=dict)
    """What only the API and the UI show."""


def on_demand(spec: DagSpec) -> DagSpec:
    """The DAG, of which neither its timetable nor an asset makes a run."""
    allowed = RunType if spec.allowed_run_types is None else spec.allowed_run_types
    by_itself = {RunType.SCHEDULED, RunType.ASSET_TRIGGERED}
    return replace(spec, allowed_run_types=tuple(kind for kind in allowed if kind not in by_itself))
