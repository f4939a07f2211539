"""Mapped operators: one task in the file, many instances in a run."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING

from slipstream.sdk import _setup_teardown
from slipstream.sdk._abstract_operator import AbstractOperator
from slipstream.sdk._expand_input import (
    DictOfListsExpandInput,
    ExpandInput,
    ListOfDictsExpandInput,
    Mappable,
    is_mappable,
)
from slipstream.sdk._keys import quoted
from slipstream.sdk._naming import guess, naming
from slipstream.sdk._node import DAGNode
from slipstream.sdk._operator import BaseAsyncOperator, BaseOperator
from slipstream.sdk._operator_arguments import REMOVED_ARGUMENTS
from slipstream.sdk._operator_meta import Place, argument_names, detached, find_place
from slipstream.sdk._template import engine_for
from slipstream.sdk._types import UserValue
from slipstream.sdk._xcom_arg import XComArg

if TYPE_CHECKING:
    import jinja2

    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG

UNMAPPABLE = frozenset(
    {
        "dag",
        "default_args",
        "depends_on_past",
        "end_date",
        "executor",
        "ignore_first_depends_on_past",
        "map_index_template",
        "max_active_tis_per_dag",
        "max_active_tis_per_dagrun",
        "max_retry_delay",
        "owner",
        "pool",
        "pool_slots",
        "priority_weight",
        "queue",
        "retries",
        "retry_delay",
        "retry_exponential_backoff",
        "start_date",
        "task_group",
        "task_id",
        "trigger_rule",
        "wait_for_downstream",
        "weight_rule",
    }
)
"""Arguments that the scheduler needs before the instances exist."""


class OperatorPartial:
    """An operator with some of its arguments fixed; `expand` maps the others."""

    def __init__(self, operator_class: type[BaseOperator], kwargs: dict[str, UserValue]) -> None:
        self.operator_class = operator_class
        self.kwargs = kwargs
        with self._naming():
            check_argument_names(operator_class, "partial", kwargs)

    @property
    def params(self) -> Mapping[str, UserValue]:
        """The params that are the same for every instance."""
        return self.kwargs.get("params") or {}

    def _naming(self) -> AbstractContextManager[None]:
        """Errors name the task and the DAG."""
        dag = self.kwargs.get("dag")
        return naming(task_id=self.kwargs.get("task_id"), dag_id=getattr(dag, "dag_id", None))

    def expand(self, **mapped_kwargs: Mappable) -> MappedOperator:
        """A task with one instance for every combination of the arguments' items."""
        name = self.operator_class.__name__
        with self._naming():
            if not mapped_kwargs:
                raise TypeError(f"{name}.expand() needs at least one argument to map over.")
            check_argument_names(self.operator_class, "expand", mapped_kwargs)
            check_not_fixed("expand", mapped_kwargs, self.kwargs)
            check_mappable(f"{name}.expand", mapped_kwargs)
            return self._expand(DictOfListsExpandInput(mapped_kwargs))

    def expand_kwargs(
        self, kwargs: XComArg | Sequence[XComArg | Mapping[str, UserValue]], *, strict: bool = True
    ) -> MappedOperator:
        """A task with one instance for each dictionary of arguments."""
        with self._naming():
            self._check_dictionaries(kwargs)
            return self._expand(ListOfDictsExpandInput(kwargs))

    def _check_dictionaries(self, given: object) -> None:
        if isinstance(given, Sequence) and not isinstance(given, str):
            for item in given:
                if isinstance(item, Mapping):
                    check_argument_names(self.operator_class, "expand_kwargs", item)
                elif not isinstance(item, XComArg):
                    raise TypeError(
                        f"expand_kwargs() needs a list of dictionaries; found an item of type "
                        f"{type(item).__name__}."
                    )
        elif not isinstance(given, XComArg):
            raise TypeError(
                f"expand_kwargs() needs a list of dictionaries or the output of a task; it was "
                f"given a value of type {type(given).__name__}."
            )

    def _expand(self, expand_input: ExpandInput) -> MappedOperator:
        return MappedOperator(self.operator_class, self.kwargs, expand_input)

    def __repr__(self) -> str:
        return f"<{self.operator_class.__name__}.partial of task {self.kwargs.get('task_id')!r}>"


class MappedOperator(AbstractOperator):
    """One task in the file, many instances in a run.

    What is the same for all of them (retries, pool, trigger rule …) can be read as attributes.
    """

    is_mapped = True

    def __init__(
        self,
        operator_class: type[BaseOperator],
        partial_kwargs: Mapping[str, UserValue],
        expand_input: ExpandInput,
        *,
        expand_into: str | None = None,
        place: Place | None = None,
    ) -> None:
        """`expand_into` names the argument, a dictionary, that takes the mapped ones."""
        place = place or find_place(partial_kwargs)
        self._operator_class = operator_class
        self.expand_input = expand_input
        self._expand_into = expand_into
        self._given = {
            name: value
            for name, value in partial_kwargs.items()
            if name not in ("dag", "task_group", "default_args")
        }
        self.partial_kwargs = {**self._defaults(place), **self._given}
        self.upstream_task_ids = set()
        self.downstream_task_ids = set()
        self.task_group = None
        self._dag = None
        self._take_settings(place)
        self._join(place)
        self._is_made = True

    def __setattr__(self, name: str, value: UserValue) -> None:
        # What is set on the task after it was made (by a cluster policy) is its instances', too.
        if self.__dict__.get("_is_made") and name in argument_names(BaseOperator) - _ITS_OWN:
            self.partial_kwargs = {**self.partial_kwargs, name: value}
        super().__setattr__(name, value)

    def _defaults(self, place: Place) -> dict[str, UserValue]:
        """The default arguments that the operator takes and that are not mapped over."""
        takes = argument_names(self._operator_class) - _NEVER_BY_DEFAULT
        if isinstance(self.expand_input, DictOfListsExpandInput) and self._expand_into is None:
            takes -= self.expand_input.value.keys()
        return {name: value for name, value in place.defaults.items() if name in takes}

    def _take_settings(self, place: Place) -> None:
        """What every operator has (retries, pool, trigger rule …), checked by a plain operator."""
        base, own = argument_names(BaseOperator), argument_names(self._operator_class)
        settings = {
            name: value
            for name, value in self.partial_kwargs.items()
            if name in base or (name in REMOVED_ARGUMENTS and name not in own)
        }
        for name in REMOVED_ARGUMENTS.keys() - own:
            self.partial_kwargs.pop(name, None)
        with detached(place.dag, place.group):
            plain = BaseOperator(**settings)
        for name, value in plain.__dict__.items():
            if name not in _ITS_OWN:
                self.__dict__[name] = value
        self._plain_task_id = plain.task_id
        self.task_id = plain.task_id
        if place.group is not None:
            self.task_id = place.group.child_id(plain.task_id)
        self.template_fields = self._operator_class.template_fields
        self.template_ext = self._operator_class.template_ext
        self.ui_color = self._operator_class.ui_color
        self.ui_fgcolor = self._operator_class.ui_fgcolor
        self.operator_extra_links = self._operator_class.operator_extra_links
        self.start_from_trigger = self._operator_class.start_from_trigger
        self.start_trigger_args = self._operator_class.start_trigger_args

    def _join(self, place: Place) -> None:
        if place.dag is not None and place.group is not None:
            if next(place.group.iter_mapped_task_groups(), None) is not None:
                raise NotImplementedError(
                    f"Task {self.task_id!r} stands in a mapped task group and cannot be mapped "
                    f"itself. Map the group over the combinations, or take the task out of it."
                )
            place.group.add(self)
            self.dag = place.dag
        for task, _ in self.expand_input.iter_references():
            self.set_upstream(task)
        for field in (*self.template_fields, "op_kwargs", "op_args"):
            XComArg.apply_upstream_relationship(self, self.partial_kwargs.get(field))
        _setup_teardown.note_new_task(self)

    # ------------------------------------------------------------------ what it is

    @property
    def operator_class(self) -> type[BaseOperator]:
        """The class of the operators that the instances run."""
        return self._operator_class

    @property
    def task_type(self) -> str:
        """The name of that class."""
        return self._operator_class.__name__

    @property
    def task_display_name(self) -> str:
        """What people see."""
        return str(self.partial_kwargs.get("task_display_name") or self.task_id)

    @property
    def label(self) -> str:
        """What people see, or the id without the prefix of the group."""
        if self.partial_kwargs.get("task_display_name"):
            return self.task_display_name
        return DAGNode.label.fget(self)  # type: ignore[attr-defined,no-any-return]  # a property

    # ------------------------------------------------------------------ templates

    @property
    def template_fields_renderers(self) -> Mapping[str, str]:
        """How people are shown the fields."""
        return self._operator_class.template_fields_renderers

    def get_template_env(self, dag: DAG | None = None) -> jinja2.Environment:
        """The template engine of the DAG, or a plain one."""
        native: bool | None = self.partial_kwargs.get("render_template_as_native_obj")
        return engine_for(dag or self.dag, native=native).environment

    # ------------------------------------------------------------------ instances

    def unmap(self, arguments: Mapping[str, UserValue]) -> BaseOperator:
        """The operator of the instance that has these mapped arguments. Not part of the DAG."""
        kwargs = self._instance_kwargs(arguments)
        kwargs["task_id"] = self._plain_task_id
        with detached(self.dag, self.task_group):
            operator = self._operator_class(**kwargs)
        operator.task_id = self.task_id
        operator.upstream_task_ids = self.upstream_task_ids
        operator.downstream_task_ids = self.downstream_task_ids
        operator._is_setup = self._is_setup
        operator._is_teardown = self._is_teardown
        operator._on_failure_fail_dagrun = self._on_failure_fail_dagrun
        return operator

    def _instance_kwargs(self, arguments: Mapping[str, UserValue]) -> dict[str, UserValue]:
        kwargs = dict(self.partial_kwargs)
        if self._expand_into is not None:
            fixed = dict(kwargs.get(self._expand_into) or {})
            check_not_fixed("expand_kwargs", arguments, fixed)
            kwargs[self._expand_into] = {**fixed, **arguments}
            return kwargs
        if isinstance(self.expand_input, ListOfDictsExpandInput):
            check_argument_names(self._operator_class, "expand_kwargs", arguments)
        params = arguments.get("params")
        check_not_fixed("expand_kwargs", arguments, self._given.keys() - {"params"})
        kwargs.update(arguments)
        if params and self.partial_kwargs.get("params"):
            kwargs["params"] = {**self.partial_kwargs["params"], **params}
        return kwargs

    @property
    def is_async(self) -> bool:
        """Whether its work is a coroutine."""
        function = self.partial_kwargs.get("python_callable")
        if function is not None:
            return iscoroutinefunction(function)
        return issubclass(self._operator_class, BaseAsyncOperator)

    @property
    def inherits_from_empty_operator(self) -> bool:
        """Whether it does nothing."""
        from slipstream.sdk.operators.empty import EmptyOperator

        return issubclass(self._operator_class, EmptyOperator)

    @property
    def inherits_from_skipmixin(self) -> bool:  # type: ignore[override]  # read from the class
        """Whether it may skip tasks below it."""
        return self._operator_class.inherits_from_skipmixin

    def iter_mapped_dependencies(self) -> Iterator[AbstractOperator]:
        """The tasks that it is mapped over the results of."""
        for operator, _ in self.expand_input.iter_references():
            yield operator

    def prepare_for_execution(self) -> MappedOperator:
        """Itself: what runs is the operator that `unmap` gives."""
        return self

    def render_template_fields(self, context: Context, jinja_env: UserValue = None) -> None:
        """Make this instance's operator, put it into the context and render its fields."""
        from slipstream.sdk._mapping import unmap

        unmap(self, context).render_template_fields(context, jinja_env)


_NEVER_BY_DEFAULT = frozenset({"dag", "task_group", "default_args", "task_id"})

_ITS_OWN = frozenset(
    {
        "_dag",
        "_label",
        "_locked_for_execution",
        "_place",
        "downstream_task_ids",
        "task_group",
        "task_id",
        "upstream_task_ids",
    }
)
"""Attributes of an operator that a map does not share with its instances."""


def check_argument_names(
    operator_class: type[BaseOperator], verb: str, arguments: Mapping[str, UserValue]
) -> None:
    """Raise `TypeError` where the operator has no such argument, or it cannot be mapped."""
    known = argument_names(operator_class)
    removed = REMOVED_ARGUMENTS if verb == "partial" else {}
    unknown = {name for name in arguments if name not in known and name not in removed}
    if unknown:
        raise TypeError(
            f"{operator_class.__name__}.{verb}() got {quoted(map(str, unknown))}, which the "
            f"operator does not take.{''.join(guess(str(name), known) for name in sorted(unknown))}"
        )
    if verb != "partial" and (wrong := UNMAPPABLE & arguments.keys()):
        raise TypeError(
            f"{operator_class.__name__}.{verb}() cannot map over {quoted(wrong)}: the scheduler "
            f"needs it before the instances exist. Pass it to partial()."
        )


def check_not_fixed(verb: str, arguments: Mapping[str, UserValue], fixed: Collection[str]) -> None:
    """Raise `TypeError` where an argument is both fixed and mapped."""
    if both := arguments.keys() & set(fixed):
        raise TypeError(
            f"{quoted(both)} cannot be given to {verb}(): partial() has fixed it already."
        )


def check_mappable(what: str, arguments: Mapping[str, object]) -> None:
    """Raise `ValueError` where something cannot be mapped over."""
    for name, value in arguments.items():
        if not is_mappable(value):
            raise ValueError(
                f"{what}() can map over lists, dictionaries and outputs of tasks; {name!r} is of "
                f"type {type(value).__name__}. Put one value into a list, or into partial()."
            )
