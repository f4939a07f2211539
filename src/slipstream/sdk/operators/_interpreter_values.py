"""Values on their way to another Python interpreter and back."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone, tzinfo
from importlib import import_module
from pathlib import Path
from types import ModuleType

from slipstream.sdk._params import ParamsDict
from slipstream.sdk._proxy import resolved
from slipstream.sdk._types import UserValue
from slipstream.sdk._xcom_sequences import (
    ConcatSequence,
    LazyXComSequence,
    MapSequence,
    ZipSequence,
)
from slipstream.sdk.exceptions import AirflowException, DeserializingResultError

_FETCHED_LATER = (LazyXComSequence, MapSequence, ZipSequence, ConcatSequence)

SERIALIZERS = ("pickle", "cloudpickle", "dill")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an interpreter says about itself."""

    python: tuple[int, ...]
    protocol: int
    """The highest pickle protocol that it reads."""
    pendulum: str | None
    slipstream: str | None
    """The versions that it can import; None for none."""

    @classmethod
    def of(cls, told: Mapping[str, UserValue]) -> Target:
        """From the message."""
        return cls(**{**told, "python": tuple(told["python"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a function is called with. `spare` are those that it takes if they can be had."""

    args: Sequence[UserValue]
    kwargs: Mapping[str, UserValue]
    spare: Mapping[str, UserValue]


def dump(serializer: str, arguments: Arguments, target: Target) -> bytes:
    """The arguments as the interpreter reads them. Spare ones that do not serialise are left out.

    Raises `AirflowException` that names the arguments that do not.
    """
    dumps = _dumps(serializer, min(target.protocol, pickle.HIGHEST_PROTOCOL))
    portable = _portable_for(target)
    args = portable(list(arguments.args))
    kwargs = {name: portable(value) for name, value in arguments.kwargs.items()}
    spare = {name: portable(value) for name, value in arguments.spare.items()}
    try:
        return dumps({"args": args, "kwargs": {**spare, **kwargs}})
    except Exception as error:
        wrong = [
            *(f"the one at place {at}" for at, value in enumerate(args) if not _fits(dumps, value)),
            *(repr(name) for name, value in kwargs.items() if not _fits(dumps, value)),
        ]
        if wrong:
            raise AirflowException(
                f"These arguments cannot be serialised with {serializer}: {', '.join(wrong)} "
                f"({error}). Pass values and not objects of the running task."
            ) from error
    kept = {name: value for name, value in spare.items() if _fits(dumps, value)}
    return dumps({"args": args, "kwargs": {**kept, **kwargs}})


def read_result(serializer: str, path: Path, python: str) -> UserValue:
    """What the function returned. Raises `DeserializingResultError`."""
    if not path.exists():
        return None
    try:
        return _module(serializer).loads(path.read_bytes())
    except Exception as error:
        raise DeserializingResultError(
            f"What the function returned in {python} cannot be read here: {error}. Return plain "
            f"values, or objects of packages that are installed here too."
        ) from error


def check_serializer(serializer: str, task_id: str) -> str:
    """The name. Raises `AirflowException` for one that is unknown or not installed."""
    if serializer not in SERIALIZERS:
        raise AirflowException(
            f"Task {task_id!r} has the serializer {serializer!r}; known are "
            f"{', '.join(map(repr, SERIALIZERS))}."
        )
    _module(serializer)
    return serializer


def _module(serializer: str) -> UserValue:
    try:
        return import_module(serializer)
    except ImportError as error:
        raise AirflowException(
            f"The serializer {serializer!r} is not installed: pip install {serializer}."
        ) from error


def _dumps(serializer: str, protocol: int) -> Callable[[UserValue], bytes]:
    if serializer != "pickle":
        module = _module(serializer)
        return lambda value: module.dumps(value, protocol)

    def dumps(value: UserValue) -> bytes:
        file = io.BytesIO()
        _Pickler(file, protocol).dump(value)
        return file.getvalue()

    return dumps


class _Pickler(pickle.Pickler):
    """Takes modules too: the context's `macros` is one."""

    def reducer_override(self, value: UserValue) -> UserValue:
        """A module is imported over there."""
        if isinstance(value, ModuleType):
            return import_module, (value.__name__,)
        return NotImplemented


def _fits(dumps: Callable[[UserValue], bytes], value: UserValue) -> bool:
    try:
        dumps(value)
    except Exception:  # noqa: BLE001 - people's classes raise anything
        return False
    return True


def _portable_for(target: Target) -> Callable[[UserValue], UserValue]:
    """Makes values plain where the interpreter could not read them."""
    from importlib.metadata import version

    import pendulum

    same = _major(target.pendulum) == _major(version("pendulum"))

    def portable(value: UserValue) -> UserValue:
        value = resolved(value)
        if isinstance(value, pendulum.DateTime) and not same:
            return _plain_datetime(value, by_name=target.python >= _FIRST_WITH_ZONES)
        if isinstance(value, _FETCHED_LATER):
            return [portable(item) for item in value]
        if type(value) in (dict, ParamsDict):
            return {key: portable(item) for key, item in value.items()}
        if type(value) in (list, tuple, set):
            return type(value)(portable(item) for item in value)
        return value

    return portable


def _major(version: str | None) -> str | None:
    return version and version.partition(".")[0]


_FIRST_WITH_ZONES = (3, 9)


def _plain_datetime(moment: UserValue, *, by_name: bool) -> datetime:
    """The standard library's, in the same zone, or at its distance from UTC."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    zone: tzinfo | None = None
    if moment.tzinfo is not None:
        zone = timezone(moment.utcoffset())
        if by_name and moment.timezone_name:
            with suppress(ZoneInfoNotFoundError, ValueError):
                zone = ZoneInfo(moment.timezone_name)
    return datetime.combine(moment.date(), moment.time(), zone).replace(fold=moment.fold)
