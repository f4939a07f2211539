"""A DAG as its author writes it."""

from __future__ import annotations

import copy
import functools
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from importlib import import_module
from typing import TYPE_CHECKING, Self

from slipstream.model.states import RunType, TriggerRule
from slipstream.sdk import _scope
from slipstream.sdk._argument_types import as_count, as_dictionary
from slipstream.sdk._conf import authoring_defaults, conf
from slipstream.sdk._dag_arguments import (
    check_dag_types,
    checked_access,
    checked_owner_links,
    checked_tags,
    file_of_caller,
    run_types,
    text_of_docs,
    todays_arguments,
)
from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._former_methods import FormerDagMethods
from slipstream.sdk._group import TaskGroup
from slipstream.sdk._keys import check_id, quoted
from slipstream.sdk._naming import naming
from slipstream.sdk._operator_arguments import Callbacks, as_callbacks, as_optional_duration
from slipstream.sdk._params import DagParam, ParamsDict
from slipstream.sdk._schedule import as_timetable
from slipstream.sdk._times import aware, default_timezone, zone_name
from slipstream.sdk._timetable import schedule_of
from slipstream.sdk._types import NOTSET, ArgNotSet, UserValue
from slipstream.sdk.exceptions import (
    DuplicateTaskIdFound,
    FailFastDagInvalidTriggerRule,
    TaskNotFound,
)

if TYPE_CHECKING:
    from types import TracebackType

    import jinja2

    from slipstream.model.schedule import Schedule
    from slipstream.sdk._abstract_operator import AbstractOperator
    from slipstream.sdk._dag_run import DagRun
    from slipstream.sdk._deadlines import DeadlineAlert
    from slipstream.sdk._edges import EdgeInfo
    from slipstream.sdk._schedule import ScheduleArgument
    from slipstream.sdk._task import TasksOfDag
    from slipstream.sdk._xcom_arg import XComArg

_SUFFIX = re.compile(r"(.*)__(\d+)\Z", re.DOTALL)


def _naming_itself(init: Callable[..., None]) -> Callable[..., None]:
    """Errors of the constructor name the DAG."""

    @functools.wraps(init)
    def named(self: DAG, *args: UserValue, **kwargs: UserValue) -> None:
        with naming(dag_id=args[0] if args else kwargs.get("dag_id")):
            init(self, *args, **kwargs)

    return named


class DAG(FormerDagMethods):
    """Tasks, the order between them, and when they run.

    Used with `with`, the tasks made inside belong to it. `schedule` is None, a cron expression or
    preset, a timedelta, a timetable, or assets.
    """

    partial: bool = False
    """Whether tasks of the DAG that it was made from were left out."""

    @_naming_itself
    def __init__(
        self,
        dag_id: str,
        description: str | None = None,
        schedule: ScheduleArgument | ArgNotSet = NOTSET,
        start_date: datetime | str | None = None,
        end_date: datetime | str | None = None,
        *,
        default_args: Mapping[str, UserValue] | None = None,
        template_searchpath: str | os.PathLike[str] | Collection[str] | None = None,
        template_undefined: type[jinja2.Undefined] | None = None,
        user_defined_macros: Mapping[str, UserValue] | None = None,
        user_defined_filters: Mapping[str, Callable[..., UserValue]] | None = None,
        max_active_tasks: int | None = None,
        max_active_runs: int | None = None,
        max_consecutive_failed_dag_runs: int | None = None,
        dagrun_timeout: timedelta | None = None,
        deadline: UserValue = None,
        catchup: bool | None = None,
        on_success_callback: Callbacks = None,
        on_failure_callback: Callbacks = None,
        doc_md: str | None = None,
        params: Mapping[str, UserValue] | None = None,
        access_control: Mapping[str, UserValue] | None = None,
        is_paused_upon_creation: bool | None = None,
        jinja_environment_kwargs: Mapping[str, UserValue] | None = None,
        render_template_as_native_obj: bool = False,
        tags: Collection[str] | None = None,
        owner_links: Mapping[str, str] | None = None,
        auto_register: bool = True,
        fail_fast: bool = False,
        allowed_run_types: Iterable[RunType | str] | None = None,
        dag_display_name: str | None = None,
        task_group: TaskGroup | None = None,
        disable_bundle_versioning: bool | None = None,
        rerun_with_latest_version: bool | None = None,
        **former: UserValue,
    ) -> None:
        today = todays_arguments(former, dag_id)
        if isinstance(schedule, ArgNotSet):
            schedule = today.get("schedule")
        max_active_tasks = max_active_tasks or today.get("max_active_tasks")
        defaults = authoring_defaults()
        self.dag_id = check_id(dag_id, "dag_id")
        _scope.remember(self)
        check_dag_types(
            dag_id,
            description=description,
            dag_display_name=dag_display_name,
            max_active_runs=max_active_runs,
            max_consecutive_failed_dag_runs=max_consecutive_failed_dag_runs,
            template_searchpath=template_searchpath,
            user_defined_macros=user_defined_macros,
            user_defined_filters=user_defined_filters,
            jinja_environment_kwargs=jinja_environment_kwargs,
        )
        self.description = description
        self.fileloc = file_of_caller()
        self.auto_register = auto_register
        self.task_dict: dict[str, AbstractOperator] = {}
        self._groups: dict[str, TaskGroup] = {}
        self._suffixes: dict[str, int] = {}
        self.edge_info: dict[str, dict[str, EdgeInfo]] = {}
        self.task_group = task_group or TaskGroup.create_root(self)

        self.default_args: dict[str, UserValue] = copy.deepcopy(
            as_dictionary(default_args, "default_args")
        )
        self.params = ParamsDict(as_dictionary(params, "params"))
        if in_defaults := self.default_args.pop("params", None):
            self.params = ParamsDict(
                {**dict(ParamsDict(in_defaults).items()), **self._own_params()}
            )
        self._take_dates(start_date, end_date)

        self.timetable = as_timetable(schedule, self.timezone, defaults)
        self.schedule: ScheduleArgument = schedule
        self.catchup = defaults.catchup if catchup is None else bool(catchup)

        self.template_searchpath = (
            [str(template_searchpath)]
            if isinstance(template_searchpath, str | os.PathLike)
            else list(template_searchpath or [])
        )
        self.template_undefined = template_undefined
        self.user_defined_macros = dict(user_defined_macros or {})
        self.user_defined_filters = dict(user_defined_filters or {})
        self.jinja_environment_kwargs = dict(jinja_environment_kwargs or {})
        self.render_template_as_native_obj = render_template_as_native_obj
        self._environments: dict[bool, jinja2.Environment] = {}
        self.returns_mapped_over: frozenset[str] | None = None
        """The tasks whose return values are mapped over, once no task will be added any more."""

        self.max_active_tasks = as_count(
            max_active_tasks or None, "max_active_tasks", defaults.max_active_tasks
        )
        self.max_active_runs = self._checked_active_runs(max_active_runs, defaults.max_active_runs)
        self.max_consecutive_failed_dag_runs = (
            defaults.max_consecutive_failed_dag_runs
            if max_consecutive_failed_dag_runs is None
            else max_consecutive_failed_dag_runs
        )
        if self.max_consecutive_failed_dag_runs < 0:
            raise ValueError(
                f"DAG {dag_id!r} has max_consecutive_failed_dag_runs="
                f"{self.max_consecutive_failed_dag_runs}; expected 0 or more."
            )
        self.dagrun_timeout = as_optional_duration(dagrun_timeout, "dagrun_timeout")
        if self.dagrun_timeout is not None and self.dagrun_timeout < timedelta(0):
            seconds = self.dagrun_timeout.total_seconds()
            raise ValueError(
                f"DAG {dag_id!r} has dagrun_timeout={seconds:g} seconds; "
                "expected a length of time from 0 on."
            )
        self.deadline = deadline
        self.deadlines: list[DeadlineAlert] = _as_deadlines(deadline)
        self.fail_fast = bool(today.get("fail_fast", fail_fast))
        self.on_success_callback = as_callbacks(on_success_callback)
        self.on_failure_callback = as_callbacks(on_failure_callback)
        self.access_control = checked_access(access_control, dag_id)
        self.is_paused_upon_creation = is_paused_upon_creation
        self.allowed_run_types = run_types(allowed_run_types, dag_id)
        self.doc_md = text_of_docs(doc_md, self.fileloc)
        self.tags: set[str] = checked_tags(tags, dag_id)
        self.owner_links = checked_owner_links(owner_links, dag_id)
        self.dag_display_name = dag_display_name or dag_id
        self.made_runs: dict[str, DagRun] = {}
        """The runs that a test has made of it (`create_dagrun`), by their ids."""
        self.disable_bundle_versioning = disable_bundle_versioning
        self.rerun_with_latest_version = rerun_with_latest_version

    def _checked_active_runs(self, given: int | None, default: int) -> int:
        limit = self.timetable.active_runs_limit
        if limit is None:
            return default if given is None else given
        if given is not None and given > limit:
            raise ValueError(
                f"DAG {self.dag_id!r} has max_active_runs={given}; its timetable "
                f"{self.timetable.summary} allows {limit}."
            )
        return limit if given is None else given

    def _own_params(self) -> dict[str, UserValue]:
        return dict(self.params.items())

    def _take_dates(
        self, start_date: datetime | str | None, end_date: datetime | str | None
    ) -> None:
        for name in ("start_date", "end_date"):
            if self.default_args.get(name) is not None:
                self.default_args[name] = aware(self.default_args[name], name)
        start = start_date or self.default_args.get("start_date")
        end = end_date or self.default_args.get("end_date")
        self.start_date: datetime | None = aware(start, "start_date") if start else None
        self.end_date: datetime | None = aware(end, "end_date") if end else None
        self.timezone: tzinfo = (
            self.start_date.tzinfo if self.start_date is not None else None
        ) or default_timezone()
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise ValueError(
                f"DAG {self.dag_id!r} ends ({self.end_date}) before it begins ({self.start_date})."
            )

    # ------------------------------------------------------------------ scope

    def __enter__(self) -> Self:
        _scope.enter_dag(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _scope.leave_dag()

    # ------------------------------------------------------------------ tasks and groups

    def add_task(self, task: AbstractOperator) -> None:
        """Put a task in. Raises `DuplicateTaskIdFound` where one of that id is there."""
        known = self.task_dict.get(task.task_id)
        if known is not None and known is not task:
            raise DuplicateTaskIdFound(
                f"The task id {task.task_id!r} is taken already in DAG {self.dag_id!r}. Give each "
                f"task an id of its own."
            )
        if task.task_id in self._groups:
            raise DuplicateTaskIdFound(
                f"The task id {task.task_id!r} is the id of a group in DAG {self.dag_id!r}."
            )
        if self.fail_fast and task.trigger_rule is not TriggerRule.ALL_SUCCESS:
            raise FailFastDagInvalidTriggerRule(
                f"DAG {self.dag_id!r} has fail_fast=True, so all its tasks need the trigger rule "
                f"'all_success'; {task.task_id!r} has {task.trigger_rule.value!r}."
            )
        task._dag = self
        self.task_dict[task.task_id] = task
        self._note_suffix(task.task_id)

    def add_tasks(self, tasks: Iterable[AbstractOperator]) -> None:
        """Put several tasks in."""
        for task in tasks:
            task.dag = self

    def register_group(self, group_id: str, group: TaskGroup) -> None:
        """Reserve a group's id. Raises `DuplicateTaskIdFound` where it is taken."""
        if group_id in self._groups or group_id in self.task_dict:
            raise DuplicateTaskIdFound(
                f"The group id {group_id!r} is taken already in DAG {self.dag_id!r}. Give each "
                f"group an id of its own."
            )
        self._groups[group_id] = group
        self._note_suffix(group_id)

    def _note_suffix(self, node_id: str) -> None:
        if found := _SUFFIX.match(node_id):
            base, number = found[1], int(found[2])
            self._suffixes[base] = max(self._suffixes.get(base, 0), number)

    def highest_suffix(self, base: str) -> int:
        """The highest n of the ids `base__n` in the DAG; 0 where there is none."""
        return self._suffixes.get(base, 0)

    def has_node(self, node_id: str) -> bool:
        """Whether a task or a group has that id."""
        return node_id in self.task_dict or node_id in self._groups

    def has_task(self, task_id: str) -> bool:
        """Whether a task has that id."""
        return task_id in self.task_dict

    def has_task_group(self, task_group_id: str) -> bool:
        """Whether a group has that id."""
        return task_group_id in self._groups

    def get_task(self, task_id: str, include_subdags: bool = False) -> AbstractOperator:
        """The task of that id. Raises `TaskNotFound`."""
        try:
            return self.task_dict[task_id]
        except KeyError:
            raise TaskNotFound(
                f"DAG {self.dag_id!r} has no task {task_id!r}; it has {quoted(self.task_dict)}."
            ) from None

    @property
    def tasks(self) -> list[AbstractOperator]:
        """All tasks, in the order they were made."""
        return list(self.task_dict.values())

    @property
    def task(self) -> TasksOfDag:
        """`@dag.task`: makes tasks of this DAG, also outside of its `with` block."""
        from slipstream.sdk._task import TasksOfDag

        return TasksOfDag(self)

    @property
    def task_ids(self) -> list[str]:
        """The ids of all tasks."""
        return list(self.task_dict)

    @property
    def task_count(self) -> int:
        """How many tasks there are."""
        return len(self.task_dict)

    @property
    def task_group_dict(self) -> dict[str, TaskGroup]:
        """`{group_id: group}`."""
        return dict(self._groups)

    @property
    def roots(self) -> list[AbstractOperator]:
        """The tasks that wait for nothing."""
        return [task for task in self.task_dict.values() if not task.upstream_task_ids]

    @property
    def leaves(self) -> list[AbstractOperator]:
        """The tasks that nothing waits for."""
        return [task for task in self.task_dict.values() if not task.downstream_task_ids]

    @property
    def teardowns(self) -> list[AbstractOperator]:
        """The teardown tasks."""
        return [task for task in self.task_dict.values() if task.is_teardown]

    def topological_sort(self) -> list[AbstractOperator]:
        """The tasks, each after everything it waits for. Raises where there is a cycle."""
        from slipstream.sdk._topology import in_order

        return in_order(self)

    def validate(self) -> None:
        """Raise what an import of its file would: cycles, params without a value, bad schedules."""
        from slipstream.sdk._spec import build_spec

        build_spec(self)

    def check_cycle(self) -> None:
        """Raise `AirflowDagCycleException` where tasks wait for each other in a circle."""
        self.topological_sort()

    def get_roots_and_leaves(self) -> tuple[list[AbstractOperator], list[AbstractOperator]]:
        """Both at once."""
        return self.roots, self.leaves

    def set_dependency(self, upstream_task_id: str, downstream_task_id: str) -> None:
        """Let one task wait for another, both by id."""
        self.get_task(upstream_task_id).set_downstream(self.get_task(downstream_task_id))

    def set_edge_info(self, upstream_id: str, downstream_id: str, info: EdgeInfo) -> None:
        """Keep what is known about an edge."""
        self.edge_info.setdefault(upstream_id, {})[downstream_id] = info

    def get_edge_info(self, upstream_id: str, downstream_id: str) -> EdgeInfo:
        """What is known about an edge."""
        return self.edge_info.get(upstream_id, {}).get(downstream_id, {})

    # ------------------------------------------------------------------ what it says of itself

    @property
    def owner(self) -> str:
        """The owners of its tasks, separated by commas."""
        return ", ".join(sorted({task.owner for task in self.task_dict.values()}))

    @property
    def display_name(self) -> str:
        """What people see."""
        return self.dag_display_name

    @property
    def folder(self) -> str:
        """The folder that its file lies in; template files are looked up there first."""
        return os.path.dirname(self.fileloc)

    @property
    def filepath(self) -> str:
        """The path of its file."""
        return self.fileloc

    @property
    def relative_fileloc(self) -> str:
        """The path of its file below the DAGs folder; the whole path where it lies elsewhere."""
        folder = conf.get("core", "dags_folder")
        inside = os.path.relpath(self.fileloc, folder)
        return self.fileloc if inside.startswith("..") else inside

    @property
    def timezone_name(self) -> str:
        """The name of its time zone."""
        return zone_name(self.timezone)

    @property
    def model_schedule(self) -> Schedule:
        """The schedule as the scheduler knows it."""
        return schedule_of(self.timetable)

    @property
    def schedule_interval(self) -> ScheduleArgument:
        """The former name of `schedule`."""
        warn_deprecated("dag.schedule_interval", "Use dag.schedule.")
        return self.schedule

    @property
    def concurrency(self) -> int:
        """The former name of `max_active_tasks`."""
        warn_deprecated("dag.concurrency", "Use dag.max_active_tasks.")
        return self.max_active_tasks

    @property
    def has_on_success_callback(self) -> bool:
        """Whether something is called when a run succeeds."""
        return bool(self.on_success_callback)

    @property
    def has_on_failure_callback(self) -> bool:
        """Whether something is called when a run fails."""
        return bool(self.on_failure_callback)

    def param(self, name: str, default: UserValue = NOTSET) -> DagParam:
        """A param to hand to tasks: its value is looked up when they run."""
        return DagParam(self, name, default)

    # ------------------------------------------------------------------ templates

    def get_template_env(
        self, *, force_sandboxed: bool = False, native: bool | None = None
    ) -> jinja2.Environment:
        """The template engine with the DAG's macros, filters and search path."""
        wanted = self.render_template_as_native_obj if native is None else native
        wanted = wanted and not force_sandboxed
        found = self._environments.get(wanted)
        if found is None:
            found = self._environments[wanted] = self._new_environment(wanted)
        return found

    def _new_environment(self, native: bool) -> jinja2.Environment:
        import jinja2

        from slipstream.sdk._template_env import environment

        return environment(
            native=native,
            searchpath=[self.folder, *self.template_searchpath],
            undefined=self.template_undefined or jinja2.StrictUndefined,
            macros=self.user_defined_macros,
            filters=self.user_defined_filters,
            options=self.jinja_environment_kwargs,
        )

    def resolve_template_files(self) -> None:
        """Read in the template files of all tasks."""
        from slipstream.sdk._operator import BaseOperator

        for task in self.task_dict.values():
            if isinstance(task, BaseOperator):
                task.resolve_template_files()

    # ------------------------------------------------------------------ trying it out

    def test(self, *args: UserValue, **kwargs: UserValue) -> UserValue:
        """Run the whole DAG in this process, without a server; gives the run.

        Takes `run_after`, `logical_date`, `run_conf`, `conn_file_path`, `variable_file_path`,
        `use_executor` and `mark_success_pattern`.
        """
        # The module that runs DAGs stands above this layer.
        return import_module("slipstream.testing.dag_test").run(self, *args, **kwargs)

    def create_dagrun(self, **kwargs: UserValue) -> UserValue:
        """A run whose task instances a test runs one by one, without a server.

        Takes `run_id`, `run_type`, `state`, `logical_date`, `data_interval`, `run_after`,
        `start_date` and `conf`, and whatever else Airflow's takes.
        """
        return import_module("slipstream.testing.made_run").create(self, **kwargs)

    @property
    def tasks_upstream_of_teardowns(self) -> list[AbstractOperator]:
        """The work and the setups right before teardowns."""
        return [
            task
            for task in self.tasks
            if not task.is_teardown and any(below.is_teardown for below in task.downstream_list)
        ]

    def validate_setup_teardown(self) -> None:
        """Raise `AirflowDagInconsistent` where what follows a setup may run without it."""
        from slipstream.sdk._spec import check_setups

        check_setups(self, self.tasks)

    def partial_subset(self, *args: UserValue, **kwargs: UserValue) -> DAG:
        """A copy of the DAG with the tasks whose ids contain a text (or match, or are in a list).

        Takes `task_ids`, and what of the tasks around them comes along: `include_downstream`,
        `include_upstream` (on), `include_direct_upstream`, `depth`.
        """
        partial: DAG = import_module("slipstream.testing.partial_dag").subset(self, *args, **kwargs)
        return partial

    def add_result(self, xcom_arg: XComArg) -> XComArg:
        """What that task returns is the result of a run. Raises `ValueError` for other values."""
        from slipstream.sdk._xcom_arg import XCOM_RETURN_KEY, PlainXComArg

        if not isinstance(xcom_arg, PlainXComArg) or xcom_arg.key != XCOM_RETURN_KEY:
            raise ValueError(
                f"The result of DAG {self.dag_id!r} has to be what a task returns, as a whole; "
                f"{xcom_arg!r} is not."
            )
        xcom_arg.operator.returns_dag_result = True
        return xcom_arg

    def take_part(
        self,
        root: TaskGroup,
        tasks: dict[str, AbstractOperator],
        groups: dict[str, TaskGroup],
        edge_info: dict[str, dict[str, EdgeInfo]],
    ) -> None:
        """Have these tasks and groups in place of those that it had."""
        self.task_group, self.task_dict = root, tasks
        self._groups, self.edge_info = groups, edge_info
        self.returns_mapped_over = None

    def __contains__(self, task_id: object) -> bool:
        return task_id in self.task_dict

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        # Default arguments are copied deeply and may name the DAG; the DAG stays the same one.
        return self

    def __lt__(self, other: DAG) -> bool:
        return self.dag_id < other.dag_id

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"


def _as_deadlines(given: UserValue) -> list[DeadlineAlert]:
    """Few DAGs have any: the module is imported where one has."""
    if not given:
        return []
    from slipstream.sdk._deadlines import as_deadlines

    return as_deadlines(given)
