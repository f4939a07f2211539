"""Params: values that people may set when they trigger a run, each with a JSON schema."""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import ItemsView, Iterator, Mapping, MutableMapping, ValuesView
from datetime import date, datetime, time
from functools import cache
from typing import TYPE_CHECKING, ClassVar, Protocol, cast

from slipstream.model.json import JsonValue
from slipstream.sdk._references import Reference, ResolveMixin
from slipstream.sdk._types import NOTSET, ArgNotSet, UserValue
from slipstream.sdk.exceptions import ParamValidationError

if TYPE_CHECKING:
    from slipstream.sdk._context import Context
    from slipstream.sdk._dag import DAG


class Param:
    """A default value, a text for people, and a JSON schema that values must fit.

    Everything besides `default`, `description` and `source` belongs to the schema:
    `Param(3, type="integer", minimum=1)`. A param without a default must be given with every run.
    """

    __version__: ClassVar[int] = 1
    CLASS_IDENTIFIER: ClassVar[str] = "__class"

    def __init__(
        self,
        default: UserValue = NOTSET,
        description: str | None = None,
        source: str | None = None,
        **kwargs: UserValue,
    ) -> None:
        self.value = _plain(default)
        self.description = description
        self.source = source
        self.schema: dict[str, UserValue] = kwargs.pop("schema") if "schema" in kwargs else kwargs
        if self.has_value:
            _must_be_json(self.value)

    @property
    def has_value(self) -> bool:
        """Whether there is a default."""
        return self.value is not NOTSET

    def resolve(self, value: UserValue = NOTSET, suppress_exception: bool = False) -> UserValue:
        """The given value, or the default, once it fits the schema.

        Raises `ParamValidationError`; with `suppress_exception` None is given instead.
        """
        final = self.value if value is NOTSET else _plain(value)
        problem = _problem(final, self.schema)
        if problem is not None:
            if suppress_exception:
                return None
            raise ParamValidationError(problem)
        self.value = final
        return final

    def describe(self) -> dict[str, UserValue]:
        """`value` (where there is one), `description` and `schema` as JSON can hold them."""
        about = {"description": self.description, "schema": self.schema}
        return {"value": self.value, **about} if self.has_value else about

    def dump(self) -> dict[str, UserValue]:
        """The value (None where there is none), the texts, the schema and the class's name."""
        return {
            self.CLASS_IDENTIFIER: "airflow.sdk.definitions.param.Param",
            "value": self.value if self.has_value else None,
            "description": self.description,
            "schema": self.schema,
            "source": self.source,
        }

    def serialize(self) -> dict[str, UserValue]:
        """What `deserialize` takes."""
        about = {"description": self.description, "schema": self.schema, "source": self.source}
        return {"value": self.value, **about} if self.has_value else about

    @staticmethod
    def deserialize(data: Mapping[str, UserValue], version: int) -> Param:
        """The param that was serialized. Raises `TypeError` for a newer version."""
        if version > Param.__version__:
            raise TypeError(f"A Param of version {version}; known is {Param.__version__}.")
        return Param(
            data.get("value", NOTSET),
            data.get("description"),
            data.get("source"),
            schema=data.get("schema") or {},
        )

    def __copy__(self) -> Param:
        return Param(self.value, self.description, self.source, schema=copy.deepcopy(self.schema))

    def __repr__(self) -> str:
        return f"Param({self.value!r}, schema={self.schema!r})"


class ParamsDict(MutableMapping[str, UserValue]):
    """Params by name. Reading gives the value, which is checked; `get_param` gives the param."""

    __version__: ClassVar[int] = 1

    def __init__(
        self, dict_obj: Mapping[str, UserValue] | None = None, suppress_exception: bool = False
    ) -> None:
        # Params are shared between a DAG and its tasks, and copied when a value is set.
        self._params: dict[str, Param] = {
            name: value if isinstance(value, Param) else Param(value)
            for name, value in _params_of(dict_obj)
        }
        self.suppress_exception = suppress_exception

    def get_param(self, key: str) -> Param:
        """The param itself. Raises `KeyError`."""
        return self._params[key]

    def __getitem__(self, key: str) -> UserValue:
        return self._resolved(key, self._params[key])

    def __setitem__(self, key: str, value: UserValue) -> None:
        known = self._params.get(key)
        if isinstance(value, Param):
            self._params[key] = value
        elif known is None:
            self._params[key] = Param(value)
        else:
            changed = copy.copy(known)
            self._resolved(key, changed, value)
            self._params[key] = changed

    def __delitem__(self, key: str) -> None:
        del self._params[key]

    def __contains__(self, key: object) -> bool:
        return key in self._params

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __len__(self) -> int:
        return len(self._params)

    def items(self) -> ItemsView[str, UserValue]:
        """The params with their names, not the values."""
        return ItemsView(self._params)

    def values(self) -> ValuesView[UserValue]:
        """The params, not the values."""
        return ValuesView(self._params)

    def update(self, *args: UserValue, **kwargs: UserValue) -> None:
        """Take over params and values."""
        for source in (*args, kwargs):
            for name, value in _params_of(source):
                self[name] = value

    def dump(self) -> dict[str, UserValue]:
        """`{name: value}`; None for what has no value, or one that does not fit."""
        return {
            name: param.resolve(suppress_exception=True) for name, param in self._params.items()
        }

    def validate(self) -> dict[str, UserValue]:
        """`{name: value}`. Raises `ParamValidationError` naming every param that is wrong."""
        values, problems = {}, []
        for name, param in self._params.items():
            try:
                values[name] = param.resolve(suppress_exception=self.suppress_exception)
            except ParamValidationError as error:
                problems.append(f"{name}: {error}")
        if problems:
            told = " And for param ".join(problems)
            raise ParamValidationError(f"Invalid input for param {told}")
        return values

    def describe(self) -> dict[str, JsonValue]:
        """`{name: {value, description, schema}}`."""
        return {name: param.describe() for name, param in self._params.items()}

    def serialize(self) -> dict[str, UserValue]:
        """`{name: value}`, as `dump` gives it."""
        return self.dump()

    @staticmethod
    def deserialize(data: Mapping[str, UserValue], version: int) -> ParamsDict:
        """The params of those values. Raises `TypeError` for a newer version."""
        if version > ParamsDict.__version__:
            raise TypeError(
                f"A ParamsDict of version {version}; known is {ParamsDict.__version__}."
            )
        return ParamsDict(data)

    @staticmethod
    def filter_params_by_source(params: ParamsDict, source: str) -> ParamsDict:
        """Those of the params that were declared there: `dag` or `task`."""
        return ParamsDict({name: param for name, param in params.items() if param.source == source})

    def _resolved(self, name: str, param: Param, value: UserValue = NOTSET) -> UserValue:
        try:
            return param.resolve(value, suppress_exception=self.suppress_exception)
        except ParamValidationError as error:
            raise ParamValidationError(f"Invalid input for param {name}: {error}") from None

    def __copy__(self) -> ParamsDict:
        return ParamsDict(self, self.suppress_exception)

    def __deepcopy__(self, memo: Mapping[int, object] | None) -> ParamsDict:
        return ParamsDict(self, self.suppress_exception)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, ParamsDict):
            return self.dump() == other.dump()
        return isinstance(other, Mapping) and self.dump() == dict(other)

    __hash__ = None  # type: ignore[assignment]  # like a dict

    def __repr__(self) -> str:
        return repr({name: param.value for name, param in self._params.items()})


class DagParam(ResolveMixin):
    """The argument of a `@dag` function: the run's `conf`, else the param's default."""

    def __init__(self, current_dag: DAG, name: str, default: UserValue = NOTSET) -> None:
        if default is not NOTSET or name not in current_dag.params:
            current_dag.params[name] = default
        self._name = name
        self._default = default

    def iter_references(self) -> Iterator[Reference]:
        """Nothing."""
        return iter(())

    def resolve(self, context: Context) -> UserValue:
        """The value in this run. Raises `ParamValidationError` where there is none."""
        conf = context["dag_run"].conf or {}
        if self._name in conf:
            return conf[self._name]
        if self._default is not NOTSET:
            return self._default
        if self._name in context["params"]:
            return context["params"][self._name]
        raise ParamValidationError(f"There is no value for param {self._name!r} in this run.")

    def __repr__(self) -> str:
        return f"DagParam({self._name!r})"


def process_params(
    dag: DAG,
    task: UserValue,
    conf: Mapping[str, UserValue] | None,
    *,
    conf_overrides: bool = True,
) -> dict[str, UserValue]:
    """`{name: value}` for one task in one run: DAG, then task, then the run's `conf`.

    Raises `ParamValidationError` naming the param whose value does not fit.
    """
    params = ParamsDict(dag.params)
    if task is not None and task.params:
        params.update(task.params)
    if conf and conf_overrides:
        params.update(conf)
    return params.validate()


def _params_of(source: Mapping[str, UserValue] | None) -> list[tuple[str, UserValue]]:
    return list(source.items()) if source else []


def _plain(value: UserValue) -> UserValue:
    """Times as the text that JSON Schema's formats know."""
    if isinstance(value, datetime):
        return value.isoformat() if value.tzinfo else f"{value.isoformat()}+00:00"
    if isinstance(value, date | time):
        return value.isoformat()
    return value


def _must_be_json(value: UserValue) -> None:
    try:
        json.dumps(value)
    except (TypeError, ValueError) as error:
        raise ParamValidationError(
            f"A param's value has to be something that JSON can hold; {value!r} is not: {error}."
        ) from error


def _problem(value: UserValue, schema: Mapping[str, UserValue]) -> str | None:
    """What is wrong with a value, or None."""
    if isinstance(value, ArgNotSet):
        return "No value was given, and there is no default."
    try:
        _must_be_json(value)
    except ParamValidationError as error:
        return str(error)
    if not schema:
        return None
    return _schemas().first_error(value, schema)


class _Schemas(Protocol):
    """What `slipstream.wire.param_schemas` offers."""

    def first_error(self, value: UserValue, schema: Mapping[str, UserValue]) -> str | None:
        """What is wrong with the value, or None."""


@cache
def _schemas() -> _Schemas:
    # The server checks them too, in the same words; so the check lies in the layer above.
    return cast(_Schemas, importlib.import_module("slipstream.wire.param_schemas"))
