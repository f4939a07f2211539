"""`@asset`: a function that makes an asset, with a DAG of its own around it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence

from slipstream.sdk._asset_events import resolved
from slipstream.sdk._assets import Asset, AssetAll, AssetRef, AssetWatcher, BaseAsset
from slipstream.sdk._callables import finished
from slipstream.sdk._context import Context, is_context_key
from slipstream.sdk._dag import DAG
from slipstream.sdk._operator import BaseOperator
from slipstream.sdk._task_decorator import TaskFunction
from slipstream.sdk._types import UserValue


class AssetDefinition(Asset):
    """An asset that a decorated function makes."""

    def __init__(
        self, *, function: Callable[..., UserValue], dag: DAG | None = None, **kwargs: UserValue
    ) -> None:
        super().__init__(**kwargs)
        self.function = function
        self.dag = dag


class MultiAssetDefinition(AssetAll):
    """The assets that a decorated function makes, all of them where one waits for it."""

    def __init__(
        self, *outlets: BaseAsset, name: str, function: Callable[..., UserValue], dag: DAG
    ) -> None:
        super().__init__(*outlets)
        self.name = name
        self.function = function
        self.dag = dag


class _AssetOperator(BaseOperator):
    """Calls the function; parameters without a default that are not of the context are assets."""

    custom_operator_name = "@asset"

    def __init__(
        self, *, python_callable: Callable[..., UserValue], own_name: str = "", **kwargs: UserValue
    ) -> None:
        super().__init__(**kwargs)
        self.python_callable = python_callable
        self._own_name = own_name

    def execute(self, context: Context) -> UserValue:
        """Call the function."""
        parameters = inspect.signature(self.python_callable).parameters.values()
        arguments = {one.name: self._argument(one, context) for one in parameters}
        return finished(self.python_callable, **arguments)

    def _argument(self, parameter: inspect.Parameter, context: Context) -> UserValue:
        if parameter.name == "self":
            return self._own()
        if parameter.name == "context":
            return context
        if parameter.name in context:
            return context[parameter.name]
        if parameter.default is not inspect.Parameter.empty:
            return parameter.default
        return resolved(context["ti"].backend, AssetRef(name=parameter.name))

    def _own(self) -> UserValue:
        """The asset that the function makes; of several, all of them."""
        mine = [one for one in self.outlets if getattr(one, "name", None) == self._own_name]
        return mine[0] if mine else AssetAll(*self.outlets)


def _inlets(function: Callable[..., UserValue]) -> list[BaseAsset]:
    """The assets that the function's parameters name. Raises `TypeError` for `*args` and such."""
    found: list[BaseAsset] = []
    for name, parameter in inspect.signature(function).parameters.items():
        has_default = parameter.default is not inspect.Parameter.empty
        if parameter.kind in _WILDCARDS or (
            parameter.kind is inspect.Parameter.POSITIONAL_ONLY and not has_default
        ):
            raise TypeError(
                f"The parameters of a function of @asset are assets, or keys of the context, by "
                f"their names; {str(parameter)!r} of {function.__name__!r} has none to go by."
            )
        if not has_default and name not in _NOT_ASSETS and not is_context_key(name):
            found.append(AssetRef(name=name))
    return found


_WILDCARDS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_NOT_ASSETS = frozenset({"self", "context"})


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

        def __call__(self, function: Callable[..., UserValue]) -> MultiAssetDefinition:
            """Decorate."""
            name = function.__name__
            made = _dag_around(
                function, self._dag_id or name, self._schedule, self._outlets, self._dag_arguments
            )
            return MultiAssetDefinition(*self._outlets, name=name, function=function, dag=made)


def _dag_around(
    function: Callable[..., UserValue],
    dag_id: str,
    schedule: UserValue,
    outlets: Sequence[BaseAsset],
    arguments: Mapping[str, UserValue],
) -> DAG:
    with DAG(dag_id, schedule=schedule, **arguments) as made:
        if isinstance(function, TaskFunction):
            function.override(outlets=list(outlets))()
            return made
        _AssetOperator(
            task_id=function.__name__,
            python_callable=function,
            own_name=getattr(outlets[0], "name", "") if len(outlets) == 1 else "",
            inlets=_inlets(function),
            outlets=list(outlets),
            doc_md=function.__doc__,
        )
    return made
