"""Calling people's functions with the parts of the context that they ask for."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from types import FunctionType, GeneratorType

from slipstream.sdk._context import Context
from slipstream.sdk._context_keys import FORMER_NAMES
from slipstream.sdk._types import UserValue

_log = logging.getLogger("airflow.task")


@dataclass(frozen=True, slots=True)
class KeywordParameters:
    """The keyword arguments that a function gets out of many that it might."""

    kwargs: Mapping[str, UserValue]
    wildcard: bool

    @classmethod
    def determine(
        cls,
        func: Callable[..., UserValue],
        args: Collection[UserValue],
        kwargs: Mapping[str, UserValue],
    ) -> KeywordParameters:
        """Those that the function names, or all where it takes any.

        Raises `ValueError` where a positional argument takes the place of one of the context's.
        """
        signature = signature_of(func)
        places = [name for name, one in signature.parameters.items() if one.kind in _BY_PLACE]
        for name in places[: len(args)]:
            if name in kwargs:
                raise ValueError(
                    f"The function {getattr(func, '__name__', func)!r} gets its argument {name!r} "
                    f"by position and by name: it is the name of something in the context. "
                    f"Rename the parameter, or pass it in op_kwargs."
                )
        wildcard = any(one.kind is _VAR_KEYWORD for one in signature.parameters.values())
        return cls(kwargs, wildcard) if wildcard else cls(_named(signature, kwargs), False)

    def unpacking(self) -> Mapping[str, UserValue]:
        """The arguments, ready for `**`."""
        return dict(self.kwargs)

    def serializing(self) -> Mapping[str, UserValue]:
        """The arguments, without those of the context that cannot leave the process."""
        return {key: value for key, value in self.kwargs.items() if key not in _UNSERIALIZABLE}


_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_VAR_KEYWORD = inspect.Parameter.VAR_KEYWORD
_NEVER_BY_NAME = frozenset({inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY})
_UNSERIALIZABLE = frozenset(
    {"conn", "dag", "macros", "task", "task_instance", "ti", "var", "inlet_events", "outlet_events"}
)


def determine_kwargs(
    func: Callable[..., UserValue],
    args: Collection[UserValue],
    kwargs: Mapping[str, UserValue],
) -> Mapping[str, UserValue]:
    """The keyword arguments out of `kwargs` (a context, as a rule) that the function takes."""
    return KeywordParameters.determine(func, args, kwargs).unpacking()


def make_kwargs_callable(func: Callable[..., UserValue]) -> Callable[..., UserValue]:
    """The function, for calls with more keyword arguments than it takes."""

    def call(*args: UserValue, **kwargs: UserValue) -> UserValue:
        return func(*args, **determine_kwargs(func, args, kwargs))

    return call


def call_with_context(
    func: Callable[..., UserValue],
    args: Sequence[UserValue],
    kwargs: Mapping[str, UserValue],
    context: Context,
) -> UserValue:
    """Call the function; what it names and `kwargs` lacks comes from the context.

    A coroutine function is run in an event loop of its own.
    """
    result = func(*args, **kwargs_from_context(func, args, kwargs, context))
    return run_if_awaitable(result)


def kwargs_from_context(
    func: Callable[..., UserValue],
    args: Sequence[UserValue],
    kwargs: Mapping[str, UserValue],
    context: Context,
) -> Mapping[str, UserValue]:
    """The keyword arguments for a call."""
    names = named_parameters(func)
    if names is not None and not args:
        # A loop and not a comprehension, for which Python 3.11 would make a function.
        chosen: dict[str, UserValue] = {}
        for name in names:
            if name in kwargs:
                chosen[name] = kwargs[name]
            elif name in context:
                chosen[name] = context[name]
        return chosen
    merged = context.copy()
    merged.update(kwargs)
    found = dict(KeywordParameters.determine(func, args, merged).unpacking())
    if names is None:
        mentioned = names_mentioned(func)
        found.update(merged.lookup_unlisted(lambda name: name in mentioned))
    return found


def names_mentioned(func: Callable[..., UserValue]) -> frozenset[str]:
    """Names of older releases that stand as texts in the function or in its module's functions.

    A function with `**kwargs` gets the ones that it mentions, so that it finds them without every
    such function causing a warning.
    """
    code = getattr(inspect.unwrap(_plain(func)), "__code__", None)
    if code is None:
        return FORMER_NAMES
    space = getattr(inspect.unwrap(_plain(func)), "__globals__", {})
    seen: set[int] = set()
    return frozenset(_mentioned(code, space, seen))


def _mentioned(code: UserValue, space: Mapping[str, UserValue], seen: set[int]) -> set[str]:
    if id(code) in seen:
        return set()
    seen.add(id(code))
    found = {one for one in code.co_consts if isinstance(one, str)} & FORMER_NAMES
    found |= FORMER_NAMES.intersection(code.co_varnames)
    for constant in code.co_consts:
        if hasattr(constant, "co_consts"):
            found |= _mentioned(constant, space, seen)
    for name in code.co_names:
        called = getattr(space.get(name), "__code__", None)
        if called is not None:
            found |= _mentioned(called, space, seen)
    return found


def _plain(func: Callable[..., UserValue]) -> Callable[..., UserValue]:
    while isinstance(func, partial):
        func = func.func
    return func


def _named(signature: inspect.Signature, kwargs: Mapping[str, UserValue]) -> dict[str, UserValue]:
    return {
        name: kwargs[name]
        for name, parameter in signature.parameters.items()
        if parameter.kind is not inspect.Parameter.POSITIONAL_ONLY and name in kwargs
    }


# Without a limit: a cache that orders its entries by use would write to memory that forks share.
@cache
def _cached_signature(func: Callable[..., UserValue]) -> inspect.Signature:
    return inspect.signature(func)


@cache
def _cached_names(func: Callable[..., UserValue]) -> tuple[str, ...] | None:
    return _names_of(_cached_signature(func))


def _names_of(signature: inspect.Signature) -> tuple[str, ...] | None:
    parameters = signature.parameters.values()
    if any(one.kind is _VAR_KEYWORD for one in parameters):
        return None
    return tuple(one.name for one in parameters if one.kind not in _NEVER_BY_NAME)


def signature_of(func: Callable[..., UserValue]) -> inspect.Signature:
    """The function's signature, computed once. Raises as `inspect.signature` does."""
    return _cached_signature(func) if _has_hash(func) else inspect.signature(func)


def named_parameters(func: Callable[..., UserValue]) -> tuple[str, ...] | None:
    """What the function takes by name; None where it takes any name."""
    return _cached_names(func) if _has_hash(func) else _names_of(inspect.signature(func))


def _has_hash(func: object) -> bool:
    return type(func) is FunctionType or isinstance(func, Hashable)


def is_async_callable(func: UserValue) -> bool:
    """Whether calling it gives a coroutine."""
    bare = inspect.unwrap(_plain(func))
    return inspect.iscoroutinefunction(bare) or inspect.iscoroutinefunction(
        getattr(bare, "__call__", None)  # noqa: B004 - the method itself is asked about
    )


_NEVER_AWAITED = frozenset({type(None), bool, int, float, str, list, dict, tuple})


def finished(
    function: Callable[..., UserValue], *args: UserValue, **kwargs: UserValue
) -> UserValue:
    """What the call gives in the end: a coroutine is waited for, a generator function run through.

    What a generator yields of assets (`Metadata`) is taken for the running task; other things are
    passed over with a warning.
    """
    result = function(*args, **kwargs)
    # The result is looked at before the function: most results are plain, and that is quick to see.
    if type(result) is not GeneratorType or not inspect.isgeneratorfunction(function):
        return run_if_awaitable(result)
    from slipstream.sdk._assets import Metadata
    from slipstream.sdk._running import get_current_context

    while True:
        try:
            said = next(result)
        except StopIteration as end:
            return end.value
        if isinstance(said, Metadata):
            get_current_context()["outlet_events"].take(said)
        else:
            _log.warning(
                "The task has yielded a %s, which is passed over: a task yields Metadata of assets "
                "that it updates, and nothing else.",
                type(said).__name__,
            )


def run_if_awaitable(result: UserValue) -> UserValue:
    """The result; that of a coroutine is waited for."""
    if type(result) in _NEVER_AWAITED or not inspect.isawaitable(result):
        return result
    import asyncio

    async def wait() -> UserValue:
        return await result

    return asyncio.run(wait())
