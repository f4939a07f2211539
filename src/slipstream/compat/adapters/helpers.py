"""`airflow.utils.helpers` and its neighbours: small functions that providers and DAG files call."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from string import ascii_letters, digits
from typing import Any, TypeVar

T = TypeVar("T")

KEY_REGEX = re.compile(r"^[\w.-]+$")


def exactly_one(*args: object) -> bool:
    """Whether exactly one of the values is true. Raises ValueError for a nested sequence."""
    if any(isinstance(value, (list, tuple, set)) for value in args if len(args) == 1):
        raise ValueError("Give the values as arguments of their own, not as one collection.")
    return sum(map(bool, args)) == 1


def at_most_one(*args: object) -> bool:
    """Whether at most one of the values is there."""
    from slipstream.sdk._types import NOTSET

    return sum(bool(value) and value is not NOTSET for value in args) <= 1


def prune_dict(val: Any, mode: str = "strict") -> Any:
    """The value without None in it, at any depth; `truthy` drops all that is empty too."""

    def keeps(value: object) -> bool:
        return value is not None if mode == "strict" else bool(value)

    if mode not in ("strict", "truthy"):
        raise ValueError(f"mode is {mode!r}; expected 'strict' or 'truthy'.")
    if isinstance(val, dict):
        pruned = {
            k: prune_dict(v, mode) if isinstance(v, (dict, list)) else v for k, v in val.items()
        }
        return {k: v for k, v in pruned.items() if keeps(v)}
    if isinstance(val, list):
        items = [prune_dict(v, mode) if isinstance(v, (dict, list)) else v for v in val]
        return [v for v in items if keeps(v)]
    return val


def merge_dicts(dict1: Mapping[str, Any], dict2: Mapping[str, Any]) -> dict[str, Any]:
    """Both, the second over the first, dicts in them likewise."""
    merged = dict(dict1)
    for key, value in dict2.items():
        present = merged.get(key)
        both = isinstance(present, dict) and isinstance(value, dict)
        merged[key] = merge_dicts(present or {}, value) if both else value
    return merged


def is_container(obj: object) -> bool:
    """Whether it is something to iterate over and not a text."""
    return hasattr(obj, "__iter__") and not isinstance(obj, str)


def as_tuple(obj: Any) -> tuple[Any, ...]:
    """A tuple of what the container holds, or of the one value."""
    return tuple(obj) if is_container(obj) else (obj,)


def chunks(items: list[T], chunk_size: int) -> Iterator[list[T]]:
    """Pieces of that length, the last one perhaps shorter."""
    if chunk_size <= 0:
        raise ValueError(f"chunk_size is {chunk_size}; expected a number above 0.")
    for start in range(0, len(items), chunk_size):
        yield items[start : start + chunk_size]


def reduce_in_chunks(
    fn: Callable[[Any, list[T]], Any], iterable: list[T], initializer: Any, chunk_size: int = 0
) -> Any:
    """`functools.reduce` over pieces of the list; in one piece for a size of 0."""
    if not iterable:
        return initializer
    return reduce(fn, chunks(iterable, chunk_size or len(iterable)), initializer)


def partition(pred: Callable[[T], bool], iterable: Iterable[T]) -> tuple[Iterator[T], Iterator[T]]:
    """What fails the test, and what passes it."""
    failed: list[T] = []
    passed: list[T] = []
    for item in iterable:
        (passed if pred(item) else failed).append(item)
    return iter(failed), iter(passed)


def validate_key(k: str, max_length: int = 250) -> None:
    """Check an id. Raises TypeError or AirflowException."""
    from slipstream.sdk.exceptions import AirflowException

    if not isinstance(k, str):
        raise TypeError(f"The key is {k!r} of type {type(k).__name__}; expected a text.")
    if len(k) > max_length:
        raise AirflowException(
            f"The key has {len(k)} characters; at most {max_length} are allowed."
        )
    if not KEY_REGEX.match(k):
        raise AirflowException(
            f"The key {k!r} may hold letters, digits, dashes, dots and underscores only."
        )


def to_boolean(astring: str | None) -> bool:
    """Whether a text says yes: `true`, `t`, `yes`, `y`, `on`, `1`."""
    return astring is not None and astring.lower() in {"true", "t", "yes", "y", "on", "1"}


def import_string(dotted_path: str) -> Any:
    """The object at an import path. Raises ImportError."""
    from importlib import import_module

    module, _dot, name = dotted_path.rpartition(".")
    if not module:
        raise ImportError(f"{dotted_path} doesn't look like a module path")
    try:
        return getattr(import_module(module), name)
    except AttributeError as error:
        raise ImportError(
            f'Module "{module}" does not define a "{name}" attribute/class'
        ) from error


def convert_camel_to_snake(camel_str: str) -> str:
    """`SomeName` as `some_name`."""
    return re.sub(r"(?<!^)([A-Z]+)", r"_\1", camel_str).lower()


def _get_normalized_scheme(uri: str) -> str:
    """The scheme of an asset's address, in lower case; empty where there is none."""
    from urllib.parse import urlsplit

    return urlsplit(uri).scheme.lower()


def build_airflow_dagrun_url(dag_id: str, run_id: str) -> str:
    """Where the web app shows a run."""
    from urllib.parse import quote

    from slipstream.sdk import conf

    base = str(conf.get("api", "base_url", fallback=None) or "").rstrip("/")
    return f"{base}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='+:')}"


def get_random_string(length: int = 8, choices: str = ascii_letters + digits) -> str:
    """A text of random characters, which is no secret."""
    return "".join(random.choices(choices, k=length))  # noqa: S311 - not for cryptography


def qualname(o: Any, use_qualname: bool = False) -> str:
    """The import path of a class, a function or an object's class."""
    named = o if callable(o) and hasattr(o, "__qualname__") else type(o)
    name = named.__qualname__ if use_qualname else named.__name__
    return f"{named.__module__}.{name}"


def get_hostname() -> str:
    """The name of this machine."""
    import socket

    return socket.getfqdn()


def getfqdn(name: str = "") -> str:
    """The full name of a machine, this one by default."""
    import socket

    return socket.getfqdn(name)


def as_flattened_list(iterable: Iterable[Iterable[T]]) -> list[T]:
    """The items of all of them, in one list."""
    return [item for part in iterable for item in part]


class Singleton(type):
    """A metaclass whose classes have one instance."""

    _instances: dict[type, Any] = {}  # noqa: RUF012 - shared by all classes on purpose

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """The one instance, made by the first call."""
        if cls not in cls._instances:
            cls._instances[cls] = super().__call__(*args, **kwargs)
        return cls._instances[cls]


def apply_defaults(func: T) -> T:
    """Airflow 1's decorator of operator constructors; defaults are applied without it."""
    return func


def parse_template_string(template_string: str) -> tuple[str | None, Any]:
    """A text with `{{` as Jinja template, every other as format string; one of the two is None."""
    if "{{" not in template_string:
        return template_string, None
    import jinja2

    return None, jinja2.Template(template_string)
