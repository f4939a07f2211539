"""A stand-in that looks its value up when it is first used."""

from __future__ import annotations

from collections.abc import Callable

from slipstream.sdk._types import UserValue


class LazyValue:
    """Behaves as the value that `find` gives, which is called at the first use.

    For values of the context that cost a question to the server and that hardly any task uses.
    """

    __slots__ = ("_find", "_found", "_value")

    def __init__(self, find: Callable[[], UserValue]) -> None:
        object.__setattr__(self, "_find", find)
        object.__setattr__(self, "_found", False)
        object.__setattr__(self, "_value", None)

    def __getattribute__(self, name: str) -> UserValue:
        return getattr(resolved(self), name)

    def __setattr__(self, name: str, value: UserValue) -> None:
        setattr(resolved(self), name, value)

    def __reduce_ex__(self, protocol: object) -> UserValue:
        return resolved(self).__reduce_ex__(protocol)


def resolved(value: UserValue) -> UserValue:
    """The value behind a stand-in; any other value as it is."""
    if type(value) is not LazyValue:
        return value
    if not object.__getattribute__(value, "_found"):
        object.__setattr__(value, "_value", object.__getattribute__(value, "_find")())
        object.__setattr__(value, "_found", True)
    return object.__getattribute__(value, "_value")


_DELEGATED = (
    "str repr format bool len iter next contains getitem setitem delitem call hash eq ne lt le gt "
    "ge add radd sub rsub mul rmul truediv rtruediv floordiv rfloordiv mod rmod int float index "
    "dir fspath"
)

_OPERATIONS: dict[str, Callable[..., UserValue]] = {
    "__str__": str,
    "__repr__": repr,
    "__format__": format,
    "__bool__": bool,
    "__hash__": hash,
    "__dir__": dir,
    "__iter__": iter,
    "__len__": len,
    "__int__": int,
    "__float__": float,
}


def _delegate(name: str) -> Callable[..., UserValue]:
    builtin = _OPERATIONS.get(name)

    def method(self: LazyValue, *args: UserValue) -> UserValue:
        value = resolved(self)
        others = map(resolved, args)
        if builtin is not None:
            return builtin(value, *others)
        return getattr(value, name)(*others)

    method.__name__ = name
    return method


for _name in _DELEGATED.split(" "):
    setattr(LazyValue, f"__{_name}__", _delegate(f"__{_name}__"))
