"""The serialized DAG: `DagSpec` as JSON and back.

Fields at their default are left out, so the defaults of `model.dag` and `model.schedule` are part
of the format: whoever changes one raises `FORMAT_VERSION` and teaches `decode_dag` the older one.
The same spec always gives the same bytes, in every process: they can be compared and hashed.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache

import msgspec

from slipstream.model import dag as dag_model
from slipstream.model import schedule as schedule_model
from slipstream.model.dag import DagSpec, GroupSpec, TaskSpec
from slipstream.model.errors import InvalidInputError

FORMAT_VERSION = 1
"""Raised with every change that an older reader cannot read."""

Decode: typing.TypeAlias = Callable[[typing.Any], typing.Any]


def encode_dag(spec: DagSpec) -> bytes:
    """The spec as canonical JSON: sorted keys, tasks and groups as lists in their order."""
    return msgspec.json.encode(
        {"version": FORMAT_VERSION, "dag": _plain(spec)}, order="deterministic"
    )


def decode_dag(data: bytes | str) -> DagSpec:
    """The spec that `encode_dag` was given. Raises `InvalidInputError`."""
    try:
        envelope = msgspec.json.decode(data)
        version = envelope["version"]
        if version != FORMAT_VERSION:
            raise InvalidInputError(
                f"This serialized DAG has format version {version!r}; this build reads "
                f"{FORMAT_VERSION}. Parse the DAG file again, or use the build that wrote it."
            )
        spec = _record_decoder(DagSpec)(envelope["dag"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(f"This is not a serialized DAG: {error!r}.") from error
    return typing.cast(DagSpec, spec)  # the decoder of a class gives that class


# ---------------------------------------------------------------------- variants

_VARIANTS: Mapping[str, type] = {
    "literal": dag_model.Literal,
    "upstream": dag_model.Upstream,
    "product": dag_model.Product,
    "shortest": dag_model.Shortest,
    "longest": dag_model.Longest,
    "sum": dag_model.Sum,
    "none": schedule_model.NoSchedule,
    "once": schedule_model.Once,
    "continuous": schedule_model.Continuous,
    "cron": schedule_model.Cron,
    "any_cron": schedule_model.AnyCron,
    "cron_partition": schedule_model.CronPartition,
    "delta": schedule_model.Delta,
    "events": schedule_model.Events,
    "custom": schedule_model.Custom,
    "on_assets": schedule_model.OnAssets,
}
"""The members of the unions `Length` and `Schedule`, by the tag in field `is`."""

_TAGS = {variant: tag for tag, variant in _VARIANTS.items()}

_BY_ID: Mapping[type, str] = {TaskSpec: "task_id", GroupSpec: "group_id"}
"""Records that stand in a mapping by their own id and are written as a list."""


# ---------------------------------------------------------------------- writing


def _plain(value: typing.Any) -> typing.Any:
    """What `msgspec.json` can write."""
    kind = type(value)
    if value is None or kind in (str, int, float, bool):
        return value
    if dataclasses.is_dataclass(kind):
        return _record(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value]


def _record(value: typing.Any) -> dict[str, typing.Any]:
    """A dataclass without the fields that are at their default."""
    kind: typing.Any = type(value)
    written: dict[str, typing.Any] = {"is": _TAGS[kind]} if kind in _TAGS else {}
    for name, default, listed in _written_fields(kind):
        item = getattr(value, name)
        if item != default:
            written[name] = _plain(item.values()) if listed else _plain(item)
    return written


@cache
def _written_fields(kind: type) -> tuple[tuple[str, typing.Any, bool], ...]:
    """`(name, default, whether it is written as a list of records)` of each field."""
    hints = typing.get_type_hints(kind)
    return tuple(
        (field.name, _default(field), _listed_kind(hints[field.name]) is not None)
        for field in dataclasses.fields(kind)
    )


def _default(field: dataclasses.Field[typing.Any]) -> typing.Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def _listed_kind(hint: typing.Any) -> type | None:
    arguments = typing.get_args(hint)
    listed = typing.get_origin(hint) is not None and len(arguments) == 2
    return arguments[1] if listed and arguments[1] in _BY_ID else None


# ---------------------------------------------------------------------- reading


@cache
def _record_decoder(kind: type) -> Decode:
    """Reads a dataclass; absent fields get their default."""
    hints = typing.get_type_hints(kind)
    readers = {field.name: _decoder(hints[field.name]) for field in dataclasses.fields(kind)}

    def decode(plain: typing.Any) -> typing.Any:
        return kind(**{name: readers[name](value) for name, value in plain.items() if name != "is"})

    return decode


def _decode_variant(plain: typing.Any) -> typing.Any:
    return _record_decoder(_VARIANTS[plain["is"]])(plain)


def _decode_time(plain: typing.Any) -> datetime:
    return datetime.fromisoformat(plain)


def _decode_duration(plain: typing.Any) -> timedelta:
    return timedelta(seconds=plain)


def _decode_as_is(plain: typing.Any) -> typing.Any:
    return plain


def _decoder(hint: typing.Any) -> Decode:
    """Reads a value of the annotated type."""
    listed = _listed_kind(hint)
    if listed is not None:
        return _listed_decoder(listed)
    origin = typing.get_origin(hint)
    if origin is tuple:
        item = _decoder(typing.get_args(hint)[0])
        return lambda plain: tuple(item(one) for one in plain)
    if origin in (typing.Union, types.UnionType):
        return _union_decoder(typing.get_args(hint))
    return _simple_decoder(hint)


def _simple_decoder(hint: typing.Any) -> Decode:
    if hint in _TAGS:
        return _decode_variant
    if hint is datetime:
        return _decode_time
    if hint is timedelta:
        return _decode_duration
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _record_decoder(hint)
    return _decode_as_is


def _union_decoder(members: tuple[typing.Any, ...]) -> Decode:
    """Reads a union of tagged records, of an enum and text, of bool and another, or with None."""
    some = [member for member in members if member is not type(None)]
    if all(member in _TAGS for member in some):
        read: Decode = _decode_variant
    elif len(some) == 1:
        read = _decoder(some[0])
    elif bool in some:
        other = _decoder(next(member for member in some if member is not bool))

        def read(plain: typing.Any) -> typing.Any:
            return plain if isinstance(plain, bool) else other(plain)
    else:
        enum = next(member for member in some if issubclass(member, Enum))
        values = {member.value: member for member in enum}

        def read(plain: typing.Any) -> typing.Any:
            return values.get(plain, plain)

    return lambda plain: None if plain is None else read(plain)


def _listed_decoder(kind: type) -> Decode:
    read, key = _record_decoder(kind), _BY_ID[kind]
    return lambda plain: {item[key]: read(item) for item in plain}
