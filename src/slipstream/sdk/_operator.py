"""The base of every operator."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, ClassVar, NoReturn, Self, TypeVar

from slipstream.model.states import TriggerRule, WeightRule
from slipstream.sdk import _operator_arguments as convert
from slipstream.sdk._abstract_operator import (
    DEFAULT_POOL,
    DEFAULT_UI_COLOR,
    DEFAULT_UI_FGCOLOR,
    AbstractOperator,
)
from slipstream.sdk._argument_types import as_dictionary, check_types, storable_priority
from slipstream.sdk._conf import authoring_defaults
from slipstream.sdk._keys import check_id
from slipstream.sdk._links import links_of
from slipstream.sdk._node import DAGNode
from slipstream.sdk._operator_arguments import Callbacks
from slipstream.sdk._operator_meta import BaseOperatorMeta, Place, argument_names
from slipstream.sdk._params import ParamsDict
from slipstream.sdk._template import Templater, engine_for
from slipstream.sdk._times import as_duration, aware
from slipstream.sdk._types import NOTSET, ArgNotSet, UserValue
from slipstream.sdk._weights import PriorityWeightStrategy
from slipstream.sdk._xcom_arg import XCOM_RETURN_KEY, XComArg
from slipstream.sdk.exceptions import AirflowException, TaskDeferred

if TYPE_CHECKING:
    import jinja2

    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._group import TaskGroup
    from slipstream.sdk._mapped_operator import OperatorPartial
    from slipstream.sdk._retry_policy import RetryPolicy

AnyOperator = TypeVar("AnyOperator", bound="AbstractOperator")


class BaseOperator(AbstractOperator, Templater, metaclass=BaseOperatorMeta):
    """A task. Subclasses take their arguments in `__init__` and do their work in `execute`.

    Arguments that are not given come from the `default_args` of the operator, its groups and its
    DAG. Fields named in `template_fields` are rendered before `execute` is called; an output of
    another task in one of them makes this task wait for that one.
    """

    ui_color: str = DEFAULT_UI_COLOR
    ui_fgcolor: str = DEFAULT_UI_FGCOLOR
    template_fields: Sequence[str] = ()
    template_ext: Sequence[str] = ()
    template_fields_renderers: ClassVar[Mapping[str, str]] = {}
    operator_extra_links: Collection[UserValue] = ()
    shallow_copy_attrs: Sequence[str] = ()
    overwrite_rtif_after_execution: bool = False
    """Whether its template fields are shown as they are after it has run, not before."""
    pool: str = ""
    deps: ClassVar[frozenset[UserValue]] = frozenset()
    subdag: UserValue = None
    _pulled_values: Sequence[UserValue] = ()
    """Arguments of a mapped instance that other tasks have pushed."""

    @property
    def is_async(self) -> bool:
        """Whether its work is a coroutine."""
        return False

    def __init__(
        self,
        *,
        task_id: str,
        owner: str | None = None,
        email: str | Iterable[str] | None = None,
        email_on_retry: bool | ArgNotSet = NOTSET,
        email_on_failure: bool | ArgNotSet = NOTSET,
        retries: int | ArgNotSet | None = NOTSET,
        retry_delay: timedelta | float | ArgNotSet = NOTSET,
        retry_exponential_backoff: bool | float = False,
        max_retry_delay: timedelta | float | None = None,
        retry_policy: RetryPolicy | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        depends_on_past: bool = False,
        ignore_first_depends_on_past: bool | ArgNotSet = NOTSET,
        wait_for_past_depends_before_skipping: bool = False,
        wait_for_downstream: bool = False,
        dag: DAG | None = None,
        params: Mapping[str, UserValue] | None = None,
        default_args: Mapping[str, UserValue] | None = None,
        priority_weight: int = 1,
        weight_rule: WeightRule | str | PriorityWeightStrategy | None = None,
        queue: str | None = None,
        pool: str | None = None,
        pool_slots: int = 1,
        execution_timeout: timedelta | ArgNotSet | None = NOTSET,
        on_execute_callback: Callbacks = None,
        on_failure_callback: Callbacks = None,
        on_success_callback: Callbacks = None,
        on_retry_callback: Callbacks = None,
        on_skipped_callback: Callbacks = None,
        pre_execute: Callable[..., object] | None = None,
        post_execute: Callable[..., object] | None = None,
        trigger_rule: TriggerRule | str = TriggerRule.ALL_SUCCESS,
        resources: Mapping[str, UserValue] | None = None,
        run_as_user: str | None = None,
        map_index_template: str | None = None,
        max_active_tis_per_dag: int | None = None,
        max_active_tis_per_dagrun: int | None = None,
        executor: str | None = None,
        executor_config: Mapping[str, UserValue] | None = None,
        do_xcom_push: bool = True,
        multiple_outputs: bool = False,
        inlets: UserValue = None,
        outlets: UserValue = None,
        task_group: TaskGroup | None = None,
        doc: str | None = None,
        doc_md: str | None = None,
        doc_json: str | None = None,
        doc_yaml: str | None = None,
        doc_rst: str | None = None,
        task_display_name: str | None = None,
        logger_name: str | None = None,
        allow_nested_operators: bool = True,
        render_template_as_native_obj: bool | None = None,
        **kwargs: UserValue,
    ) -> None:
        place: Place = self.__dict__["_place"]
        defaults = authoring_defaults()
        today = convert.take_removed_arguments(kwargs)
        if kwargs:
            known = argument_names(type(self))
            name = getattr(self, "custom_operator_name", type(self).__name__)
            convert.refuse_unknown(kwargs, name, task_id, known)
        self._dag = None
        self.task_group = None
        self.upstream_task_ids: set[str] = set()
        self.downstream_task_ids: set[str] = set()
        self._locked_for_execution = False

        self._label = check_id(task_id, "task_id")
        self.task_id = task_id
        if place.group is not None and not place.detached:
            self.task_id = check_id(place.group.child_id(task_id), "task_id")

        self.owner = owner or defaults.owner
        self.email = email
        self.email_on_retry = (
            defaults.email_on_retry if isinstance(email_on_retry, ArgNotSet) else email_on_retry
        )
        self.email_on_failure = (
            defaults.email_on_failure
            if isinstance(email_on_failure, ArgNotSet)
            else email_on_failure
        )
        self.retries = convert.as_retries(
            defaults.retries if isinstance(retries, ArgNotSet) else retries, task_id
        )
        self.retry_delay = (
            defaults.retry_delay
            if isinstance(retry_delay, ArgNotSet)
            else as_duration(retry_delay, "retry_delay")
        )
        self.retry_exponential_backoff = convert.as_backoff(retry_exponential_backoff, task_id)
        self.max_retry_delay = convert.as_optional_duration(max_retry_delay, "max_retry_delay")
        self.retry_policy = convert.as_retry_policy(retry_policy, task_id)
        self.start_date = aware(start_date, "start_date") if start_date else None
        self.end_date = aware(end_date, "end_date") if end_date else None
        self.depends_on_past = depends_on_past or wait_for_downstream
        self.ignore_first_depends_on_past = (
            defaults.ignore_first_depends_on_past
            if isinstance(ignore_first_depends_on_past, ArgNotSet)
            else ignore_first_depends_on_past
        )
        self.wait_for_past_depends_before_skipping = wait_for_past_depends_before_skipping
        self.wait_for_downstream = wait_for_downstream
        self.params = _params(place, params)
        self.priority_weight = priority_weight
        self.weight_rule = convert.as_weight_rule(weight_rule or defaults.weight_rule, task_id)
        self.queue = queue or defaults.queue
        self.pool = pool or DEFAULT_POOL
        self.pool_slots = convert.as_slots(pool_slots, task_id)
        self.execution_timeout = (
            defaults.execution_timeout
            if isinstance(execution_timeout, ArgNotSet)
            else convert.as_optional_duration(execution_timeout, "execution_timeout")
        )
        self.on_execute_callback = convert.as_callbacks(on_execute_callback)
        self.on_failure_callback = convert.as_callbacks(on_failure_callback)
        self.on_success_callback = convert.as_callbacks(on_success_callback)
        self.on_retry_callback = convert.as_callbacks(on_retry_callback)
        self.on_skipped_callback = convert.as_callbacks(on_skipped_callback)
        self._pre_execute_hook = pre_execute
        self._post_execute_hook = post_execute
        self.trigger_rule = convert.as_trigger_rule(trigger_rule, task_id)
        self.resources = resources
        self.run_as_user = run_as_user
        self.map_index_template = map_index_template
        self.max_active_tis_per_dag = today.get("max_active_tis_per_dag", max_active_tis_per_dag)
        self.max_active_tis_per_dagrun = max_active_tis_per_dagrun
        self.executor = executor
        self.executor_config = as_dictionary(executor_config, "executor_config")
        self.do_xcom_push = today.get("do_xcom_push", do_xcom_push)
        self.multiple_outputs = multiple_outputs
        self.inlets = convert.as_list(inlets)
        self.outlets = convert.as_list(outlets)
        self.doc, self.doc_md, self.doc_json = doc, doc_md, doc_json
        self.doc_yaml, self.doc_rst = doc_yaml, doc_rst
        self._task_display_name = task_display_name
        self.logger_name = logger_name
        self.allow_nested_operators = allow_nested_operators
        self.render_template_as_native_obj = render_template_as_native_obj
        check_types(self.__dict__, self.task_id)
        self.priority_weight = storable_priority(self.priority_weight)
        self._take_place(place)

    def _take_place(self, place: Place) -> None:
        if place.detached:
            self._dag, self.task_group = place.dag, place.group
            return
        if place.dag is None:
            return
        if place.group is not None:
            place.group.add(self)
        self.dag = place.dag

    # ------------------------------------------------------------------ names

    @property
    def label(self) -> str:
        """What people see, or the id without the prefix of the group."""
        if self._task_display_name:
            return self._task_display_name
        return DAGNode.label.fget(self)  # type: ignore[attr-defined,no-any-return]  # a property

    @property
    def task_display_name(self) -> str:
        """What people see."""
        return self._task_display_name or self.task_id

    @property
    def inherits_from_empty_operator(self) -> bool:
        """Whether it does nothing."""
        from slipstream.sdk.operators.empty import EmptyOperator

        return isinstance(self, EmptyOperator)

    @property
    def extra_links(self) -> list[str]:
        """The names of the links that it offers."""
        return sorted({str(link.name) for link in links_of(self)})

    # ------------------------------------------------------------------ mapping

    @classmethod
    def partial(cls, *, task_id: str, **kwargs: UserValue) -> OperatorPartial:
        """Fix arguments that are the same for every instance; `.expand(…)` maps the others."""
        from slipstream.sdk._mapped_operator import OperatorPartial

        return OperatorPartial(cls, {"task_id": task_id, **kwargs})

    def unmap(self, resolve: UserValue = None) -> Self:
        """Itself: it is not mapped."""
        return self

    # ------------------------------------------------------------------ running

    def pre_execute(self, context: Context) -> None:
        """Called right before `execute`."""
        if self._pre_execute_hook is not None:
            self._pre_execute_hook(context)

    def execute(self, context: Context) -> UserValue:
        """Do the work. What it returns is pushed as the XCom `return_value`."""
        raise NotImplementedError(f"{type(self).__name__} does not say what to execute.")

    def post_execute(self, context: Context, result: UserValue = None) -> None:
        """Called right after `execute`, with what it returned."""
        if self._post_execute_hook is not None:
            self._post_execute_hook(context, result)

    def on_kill(self) -> None:
        """Called when the task is told to end: free what would go on without it."""

    def dry_run(self) -> None:
        """Log the template fields as they are."""
        for field in self.template_fields:
            self.log.info("%s: %s", field, getattr(self, field, None))

    def defer(
        self,
        *,
        trigger: UserValue,
        method_name: str,
        kwargs: Mapping[str, UserValue] | None = None,
        timeout: timedelta | int | float | None = None,
    ) -> NoReturn:
        """Give the place back, wait on the trigger, and go on in `method_name`."""
        raise TaskDeferred(trigger=trigger, method_name=method_name, kwargs=kwargs, timeout=timeout)

    def resume_execution(
        self, next_method: str, next_kwargs: Mapping[str, UserValue] | None, context: Context
    ) -> UserValue:
        """Go on after a deferral: call the method that `defer` named.

        Raises `TaskDeferralError` or `TaskDeferralTimeout` where the trigger failed.
        """
        from slipstream.sdk._deferral import resume

        return resume(self, next_method, dict(next_kwargs or {}), context)

    def prepare_for_execution(self) -> Self:
        """A copy that may be rendered and run without touching the DAG's operator.

        Template files are read in, and `prepare_template` was called.
        """
        operator = plain_copy(self)
        operator._locked_for_execution = True
        if operator._dag is not None:
            operator.resolve_template_files()
        return operator

    def render_template_fields(self, context: Context, jinja_env: UserValue = None) -> None:
        """Replace every template field by its rendered value."""
        engine = jinja_env or engine_for(self._dag, native=self.render_template_as_native_obj)
        # What tasks have pushed is data: it is not searched for templates, as one's own values are.
        seen = set(map(id, self._pulled_values))
        self._do_render_template_fields(self, self.template_fields, context, engine, seen)

    def get_template_env(self, dag: DAG | None = None) -> jinja2.Environment:
        """The template engine of the DAG, or a plain one."""
        native = self.render_template_as_native_obj
        return engine_for(dag or self._dag, native=native).environment

    def find_upstreams(self) -> None:
        """Wait for every task whose output stands in a template field."""
        if isinstance(self.template_fields, str):
            warnings.warn(
                f"template_fields of {type(self).__name__} should be a list of names; it is the "
                f"text {self.template_fields!r}, taken as one name. A tuple of one needs a comma.",
                UserWarning,
                stacklevel=3,
            )
            self.template_fields = [self.template_fields]
        for field in self.template_fields:
            XComArg.apply_upstream_relationship(self, getattr(self, field, None))

    # ------------------------------------------------------------------ assets

    def add_inlets(self, inlets: Iterable[UserValue]) -> None:
        """Say that it reads these, too."""
        self.inlets = [*self.inlets, *inlets]

    def add_outlets(self, outlets: Iterable[UserValue]) -> None:
        """Say that it writes these, too."""
        self.outlets = [*self.outlets, *outlets]

    def get_inlet_defs(self) -> list[UserValue]:
        """What it reads."""
        return self.inlets

    def get_outlet_defs(self) -> list[UserValue]:
        """What it writes."""
        return self.outlets

    def __gt__(self, other: UserValue) -> Self:
        """`task > asset`: it writes the asset, or each of several."""
        self.add_outlets(convert.as_assets(other, "writes", self.task_id))
        return self

    def __lt__(self, other: UserValue) -> Self:
        """`task < asset` and `asset > task`: it reads the asset, or each of several."""
        self.add_inlets(convert.as_assets(other, "reads", self.task_id))
        return self

    # ------------------------------------------------------------------ XCom

    @staticmethod
    def xcom_push(context: Context, key: str, value: UserValue) -> None:
        """Push a value for other tasks."""
        context["ti"].xcom_push(key=key, value=value)

    @staticmethod
    def xcom_pull(
        context: Context,
        task_ids: str | Iterable[str] | None = None,
        dag_id: str | None = None,
        key: str = XCOM_RETURN_KEY,
        include_prior_dates: bool = False,
        **kwargs: UserValue,
    ) -> UserValue:
        """Pull what other tasks pushed."""
        return context["ti"].xcom_pull(
            task_ids=task_ids,
            dag_id=dag_id,
            key=key,
            include_prior_dates=include_prior_dates,
            **kwargs,
        )


class BaseAsyncOperator(BaseOperator):
    """An operator whose work is a coroutine: subclasses write `aexecute`."""

    @property
    def is_async(self) -> bool:
        """It is."""
        return True

    async def aexecute(self, context: Context) -> UserValue:
        """Do the work."""
        raise NotImplementedError(f"{type(self).__name__} does not say what to execute.")

    def execute(self, context: Context) -> UserValue:
        """Run the coroutine in an event loop of its own."""
        import asyncio

        return asyncio.run(self.aexecute(context))


def _params(place: Place, own: Mapping[str, UserValue] | None) -> ParamsDict:
    """The DAG's params, then those in the default arguments, then the task's own."""
    params = ParamsDict(place.dag.params if place.dag is not None else None)
    for further in (place.defaults.get("params"), own):
        if further:
            params.update(further)
    return params


def plain_copy(operator: AnyOperator) -> AnyOperator:
    """A copy with the same attributes; by the operator's own way where its class has one."""
    kind = type(operator)
    if _has_own_way_to_copy(kind):
        return copy.copy(operator)
    twin = object.__new__(kind)
    twin.__dict__.update(operator.__dict__)
    return twin


@cache
def _has_own_way_to_copy(kind: type[BaseOperator]) -> bool:
    return (
        kind.__reduce_ex__ is not object.__reduce_ex__
        or kind.__reduce__ is not object.__reduce__
        or kind.__getstate__ is not object.__getstate__
        or hasattr(kind, "__setstate__")
        or hasattr(kind, "__copy__")
        or hasattr(kind, "__slots__")
    )


def is_operator_class(value: object) -> bool:
    """Whether it is a class of operators."""
    return isinstance(value, type) and issubclass(value, BaseOperator)


def require_operator(value: object) -> BaseOperator:
    """The operator, where it is one. Raises `AirflowException`."""
    if isinstance(value, BaseOperator):
        return value
    raise AirflowException(f"Expected an operator; {value!r} is a {type(value).__name__}.")
