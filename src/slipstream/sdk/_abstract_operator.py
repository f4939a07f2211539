"""What plain and mapped operators have in common."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from slipstream.sdk import _setup_teardown
from slipstream.sdk._former_methods import FormerTaskMethods
from slipstream.sdk._node import DAGNode, DependencyMixin, Orderable
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from types import TracebackType

    from slipstream.model.states import TriggerRule, WeightRule
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._edges import EdgeModifier
    from slipstream.sdk._expand_input import ExpandInput
    from slipstream.sdk._group import MappedTaskGroup, TaskGroup
    from slipstream.sdk._params import ParamsDict
    from slipstream.sdk._retry_policy import RetryPolicy
    from slipstream.sdk._weights import PriorityWeightStrategy
    from slipstream.sdk._xcom_arg import XComArg

DEFAULT_POOL = "default_pool"
DEFAULT_UI_COLOR = "#fff"
DEFAULT_UI_FGCOLOR = "#000"


class AbstractOperator(DAGNode, FormerTaskMethods):
    """A task of a DAG: one operator, or one that is mapped over many inputs."""

    is_mapped: bool = False
    inherits_from_skipmixin: bool = False
    default_args: Mapping[str, UserValue] | None = None
    """None: what they gave stands in the task's attributes."""
    returns_dag_result: bool = False
    """Whether what it returns is the result of a run of its DAG."""
    expand_input: ExpandInput
    """What it is mapped over; only a mapped task has it."""

    # What the operator's class says of all its tasks.
    template_fields: Collection[str] = ()
    template_ext: Sequence[str] = ()
    ui_color: str = DEFAULT_UI_COLOR
    ui_fgcolor: str = DEFAULT_UI_FGCOLOR
    operator_extra_links: Collection[UserValue] = ()
    start_from_trigger: bool = False
    start_trigger_args: UserValue = None

    # What every task has; the arguments of BaseOperator of the same names.
    task_id: str
    owner: str
    email: str | Iterable[str] | None
    email_on_retry: bool
    email_on_failure: bool
    retries: int
    retry_delay: timedelta
    retry_exponential_backoff: float
    max_retry_delay: timedelta | None
    retry_policy: RetryPolicy | None
    start_date: datetime | None
    end_date: datetime | None
    depends_on_past: bool
    ignore_first_depends_on_past: bool
    wait_for_past_depends_before_skipping: bool
    wait_for_downstream: bool
    params: ParamsDict
    priority_weight: int
    weight_rule: WeightRule | PriorityWeightStrategy
    queue: str
    pool: str
    pool_slots: int
    execution_timeout: timedelta | None
    on_execute_callback: Sequence[Callable[..., object]]
    on_failure_callback: Sequence[Callable[..., object]]
    on_success_callback: Sequence[Callable[..., object]]
    on_retry_callback: Sequence[Callable[..., object]]
    on_skipped_callback: Sequence[Callable[..., object]]
    trigger_rule: TriggerRule
    run_as_user: str | None
    resources: Mapping[str, UserValue] | None
    logger_name: str | None
    map_index_template: str | None
    max_active_tis_per_dag: int | None
    max_active_tis_per_dagrun: int | None
    executor: str | None
    executor_config: dict[str, UserValue]
    do_xcom_push: bool
    multiple_outputs: bool
    inlets: list[UserValue]
    outlets: list[UserValue]
    doc: str | None
    doc_md: str | None
    doc_json: str | None
    doc_yaml: str | None
    doc_rst: str | None
    _pre_execute_hook: Callable[..., object] | None
    _post_execute_hook: Callable[..., object] | None

    _dag: DAG | None
    _is_setup: bool = False
    _is_teardown: bool = False
    _on_failure_fail_dagrun: bool = False

    # ------------------------------------------------------------------ place

    @property
    def node_id(self) -> str:
        """The task id."""
        return self.task_id

    @property
    def dag(self) -> DAG | None:
        """The DAG that it belongs to. Setting it adds the task to the DAG."""
        return self._dag

    @dag.setter
    def dag(self, dag: DAG | None) -> None:
        if dag is None or dag is self._dag:
            return
        if self._dag is not None:
            raise AirflowException(
                f"Task {self.task_id!r} belongs to DAG {self._dag.dag_id!r} already; it cannot "
                f"be added to {dag.dag_id!r} too."
            )
        if self.task_group is None:
            dag.task_group.add(self)
        dag.add_task(self)
        self._dag = dag

    def get_dag(self) -> DAG | None:
        """The DAG that it belongs to."""
        return self._dag

    def has_dag(self) -> bool:
        """Whether it belongs to a DAG."""
        return self._dag is not None

    @property
    def dag_id(self) -> str:
        """The id of its DAG; without a DAG, a text that says so."""
        return self._dag.dag_id if self._dag is not None else f"adhoc_{self.owner}"

    task_group: TaskGroup | None

    @property
    def task_display_name(self) -> str:
        """What people see."""
        return self.task_id

    @property
    def task_type(self) -> str:
        """The name of the operator's class."""
        return type(self).__name__

    @property
    def operator_class(self) -> type[UserValue]:
        """The operator's class."""
        return type(self)

    @property
    def operator_name(self) -> str:
        """What the operator is called in front of people: `@task`, `BashOperator` …"""
        return str(getattr(self.operator_class, "custom_operator_name", None) or self.task_type)

    @property
    def log(self) -> logging.Logger:
        """The logger of this task."""
        name = getattr(self, "logger_name", None)
        base = "airflow.task.operators"
        return logging.getLogger(
            f"{base}.{name}"
            if name
            else f"{base}.{self.operator_class.__module__}.{self.operator_class.__qualname__}"
        )

    # ------------------------------------------------------------------ order

    @property
    def roots(self) -> Sequence[AbstractOperator]:
        """Itself."""
        return [self]

    @property
    def leaves(self) -> Sequence[AbstractOperator]:
        """Itself."""
        return [self]

    def set_upstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Let this wait for `other`."""
        from slipstream.sdk._edges import order_back

        order_back(self, other, edge_modifier)

    def set_downstream(self, other: Orderable, edge_modifier: EdgeModifier | None = None) -> None:
        """Let `other` wait for this."""
        from slipstream.sdk._edges import order

        order(self, other, edge_modifier)

    def iter_mapped_task_groups(self) -> Iterator[MappedTaskGroup]:
        """The mapped groups around it, from the inside out."""
        if self.task_group is not None:
            yield from self.task_group.iter_mapped_task_groups()

    def get_closest_mapped_task_group(self) -> MappedTaskGroup | None:
        """The innermost mapped group around it."""
        return next(self.iter_mapped_task_groups(), None)

    def iter_mapped_dependants(self) -> Iterator[AbstractOperator | MappedTaskGroup]:
        """The tasks and groups that are mapped over what this returns."""
        from slipstream.sdk._group import MappedTaskGroup

        dag = self.dag
        if dag is None:
            return
        mapped: list[AbstractOperator | MappedTaskGroup] = [
            task for task in dag.task_dict.values() if task.is_mapped
        ]
        mapped += (one for one in dag.task_group_dict.values() if isinstance(one, MappedTaskGroup))
        for one in mapped:
            if any(operator is self for operator, _ in one.expand_input.iter_references()):
                yield one

    def get_needs_expansion(self) -> bool:
        """Whether it can have more than one instance in a run."""
        return self.is_mapped or self.get_closest_mapped_task_group() is not None

    # ------------------------------------------------------------------ output

    @property
    def has_retry_policy(self) -> bool:
        """Whether a policy decides what follows a failure."""
        return self.retry_policy is not None

    @property
    def has_on_execute_callback(self) -> bool:
        """Whether something is called when it begins."""
        return bool(self.on_execute_callback)

    @property
    def has_on_failure_callback(self) -> bool:
        """Whether something is called when it fails."""
        return bool(self.on_failure_callback)

    @property
    def has_on_success_callback(self) -> bool:
        """Whether something is called when it succeeds."""
        return bool(self.on_success_callback)

    @property
    def has_on_retry_callback(self) -> bool:
        """Whether something is called when it will be tried again."""
        return bool(self.on_retry_callback)

    @property
    def has_on_skipped_callback(self) -> bool:
        """Whether something is called when it skips itself."""
        return bool(self.on_skipped_callback)

    @property
    def output(self) -> XComArg:
        """What the task returns, to hand to other tasks."""
        from slipstream.sdk._xcom_arg import PlainXComArg

        return PlainXComArg(operator=self)

    # ------------------------------------------------------------------ setup and teardown

    @property
    def is_setup(self) -> bool:
        """Whether it prepares what the tasks after it need."""
        return self._is_setup

    @is_setup.setter
    def is_setup(self, value: bool) -> None:
        if value and self._is_teardown:
            raise ValueError(f"Task {self.task_id!r} is a teardown; it cannot be a setup too.")
        self._is_setup = value

    @property
    def is_teardown(self) -> bool:
        """Whether it cleans up what a setup made."""
        return self._is_teardown

    @is_teardown.setter
    def is_teardown(self, value: bool) -> None:
        if value and self._is_setup:
            raise ValueError(f"Task {self.task_id!r} is a setup; it cannot be a teardown too.")
        self._is_teardown = value

    @property
    def on_failure_fail_dagrun(self) -> bool:
        """For a teardown: whether its failure fails the run."""
        return self._on_failure_fail_dagrun

    @on_failure_fail_dagrun.setter
    def on_failure_fail_dagrun(self, value: bool) -> None:
        if value and not self._is_teardown:
            raise ValueError(
                f"on_failure_fail_dagrun only means something for a teardown; "
                f"task {self.task_id!r} is none."
            )
        self._on_failure_fail_dagrun = value

    def as_setup(self) -> Self:
        """Make it a setup task."""
        self.is_setup = True
        return self

    def as_teardown(
        self,
        *,
        setups: AbstractOperator
        | DependencyMixin
        | Sequence[AbstractOperator | DependencyMixin]
        | None = None,
        on_failure_fail_dagrun: bool | None = None,
    ) -> Self:
        """Make it a teardown task, of `setups` where they are given.

        It then runs once everything before it is done, if its setups succeeded.
        """
        from slipstream.model.states import TriggerRule

        self.is_teardown = True
        self.trigger_rule = TriggerRule.ALL_DONE_SETUP_SUCCESS
        if on_failure_fail_dagrun is not None:
            self.on_failure_fail_dagrun = on_failure_fail_dagrun
        if setups is not None:
            for item in [setups] if isinstance(setups, DependencyMixin) else setups:
                for setup in item.roots:
                    setup.is_setup = True
                item.set_downstream(self)
        return self

    def __enter__(self) -> Self:
        _setup_teardown.enter([self])
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _setup_teardown.leave(failed=kind is not None)

    def add_task(self, task: AbstractOperator | DependencyMixin) -> None:
        """Inside `with self:` let a task that was made before stand in between, too."""
        for one in task.roots:
            _setup_teardown.add_to_scope(one)

    def __repr__(self) -> str:
        kind = "Mapped" if self.is_mapped else "Task"
        return f"<{kind}({self.task_type}): {self.task_id}>"
