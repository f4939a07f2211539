"""`@asset`: a function that makes an asset, with a DAG of its own around it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence

from slipstream.sdk._assets import Asset, AssetRef, AssetWatcher, BaseAsset
from slipstream.sdk._callables import kwargs_from_context, run_if_awaitable
from slipstream.sdk._context import Context
from slipstream.sdk._dag import DAG
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._types import UserValue


class AssetDefinition(Asset):
    """An asset that a decorated function makes."""

    def __init__(
        self, *, function: Callable[..., UserValue], dag: DAG | None = None, **kwargs: UserValue
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.dag = dag


class _AssetOperator(BaseOperator):
    """Calls the function; parameters that are not of the context are assets by their names."""

    custom_operator_name = "@asset"

    def __init__(self, *, python_callable: Callable[..., UserValue], **kwargs: UserValue) -> None:
        super().__init__(**kwargs)
        self.python_callable = python_callable

    def execute(self, context: Context) -> UserValue:
        """Call the function."""
        own = {
            name: _argument(name, self)
            for name in inspect.signature(self.python_callable).parameters
            if name == "self" or (name not in context and name != "context")
        }
        if "context" in inspect.signature(self.python_callable).parameters:
            own["context"] = context
        arguments = kwargs_from_context(self.python_callable, (), own, context)
        return run_if_awaitable(self.python_callable(**arguments))


def _argument(name: str, operator: _AssetOperator) -> UserValue:
    """The asset that a parameter stands for: the function's own for `self`, else by name."""
    if name == "self":
        return operator.outlets[0]
    parameter = inspect.signature(operator.python_callable).parameters[name]
    return (
        AssetRef(name=name) if parameter.default is inspect.Parameter.empty else parameter.default
    )


class asset:  # noqa: N801 - a decorator with arguments
    """Makes an asset and its DAG of a function: `@asset(schedule="@daily")`."""

    def __init__(
        self,
        *,
        schedule: UserValue,
        name: str | None = None,
        uri: str | None = None,
        group: str = "asset",
        extra: Mapping[str, UserValue] | None = None,
        watchers: Sequence[AssetWatcher] | None = None,
        dag_id: str | None = None,
        **dag_arguments: UserValue,
    ) -> None:
        self._schedule = schedule
        self._asset: dict[str, UserValue] = {
            "name": name,
            "uri": uri,
            "group": group,
            "extra": extra,
        }
        self._watchers = watchers
        self._dag_id = dag_id
        self._dag_arguments = dag_arguments

    def __call__(self, function: Callable[..., UserValue]) -> AssetDefinition:
        """Decorate."""
        arguments = {**self._asset, "name": self._asset["name"] or function.__name__}
        made = AssetDefinition(function=function, watchers=self._watchers, **arguments)
        made.dag = _dag_around(
            function,
            self._dag_id or made.name,
            self._schedule,
            [made],
            self._dag_arguments,
        )
        return made

    class multi:  # noqa: N801 - a decorator with arguments
        """The same for a function that makes several assets."""

        def __init__(
            self,
            *,
            schedule: UserValue,
            outlets: Collection[BaseAsset],
            dag_id: str | None = None,
            **dag_arguments: UserValue,
        ) -> None:
            if not outlets:
                raise ValueError("@asset.multi needs at least one outlet.")
            self._schedule = schedule
            self._outlets = list(outlets)
            self._dag_id = dag_id
            self._dag_arguments = dag_arguments

        def __call__(self, function: Callable[..., UserValue]) -> DAG:
            """Decorate."""
            return _dag_around(
                function,
                self._dag_id or function.__name__,
                self._schedule,
                self._outlets,
                self._dag_arguments,
            )


def _dag_around(
    function: Callable[..., UserValue],
    dag_id: str,
    schedule: UserValue,
    outlets: Sequence[BaseAsset],
    arguments: Mapping[str, UserValue],
) -> DAG:
    with DAG(dag_id, schedule=schedule, **arguments) as made:
        _AssetOperator(
            task_id=function.__name__,
            python_callable=function,
            outlets=list(outlets),
            doc_md=function.__doc__,
        )
    return made
