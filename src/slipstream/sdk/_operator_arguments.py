"""Checks and conversions of the arguments that every operator takes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, MutableMapping, Sequence
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

from slipstream.model.states import TriggerRule, WeightRule
from slipstream.sdk._deprecation import warn_deprecated
from slipstream.sdk._keys import quoted
from slipstream.sdk._naming import guess
from slipstream.sdk._times import as_duration
from slipstream.sdk._types import UserValue
from slipstream.sdk._weights import PriorityWeightStrategy
from slipstream.sdk.exceptions import AirflowException

if TYPE_CHECKING:
    from slipstream.sdk._retry_policy import RetryPolicy

Callbacks: TypeAlias = "Callable[..., object] | Collection[Callable[..., object]] | None"
"""One callback, several, or none."""

REMOVED_ARGUMENTS: Mapping[str, str] = {
    "provide_context": "Leave it out; context is passed to whatever takes it.",
    "sla": "It has no effect; use `deadline` of the DAG.",
    "task_concurrency": "Use max_active_tis_per_dag.",
    "xcom_push": "Use do_xcom_push.",
}
"""Arguments of Airflow 1.10 and 2.x that every operator still accepts: what to write instead."""


def take_removed_arguments(arguments: MutableMapping[str, UserValue]) -> dict[str, UserValue]:
    """Take the arguments of older releases out; gives what they stand for today."""
    today: dict[str, UserValue] = {}
    for name, instead in REMOVED_ARGUMENTS.items():
        if name in arguments:
            value = arguments.pop(name)
            warn_deprecated(name, instead)
            if name == "task_concurrency":
                today["max_active_tis_per_dag"] = value
            elif name == "xcom_push":
                today["do_xcom_push"] = value
    return today


def as_trigger_rule(value: object, task_id: str) -> TriggerRule:
    """The rule; the names of older releases still count."""
    if isinstance(value, TriggerRule):
        return value
    text = str(getattr(value, "value", value))
    if text in _FORMER_RULES:
        warn_deprecated(f"trigger_rule={text!r}", f"Use {_FORMER_RULES[text].value!r}.")
        return _FORMER_RULES[text]
    try:
        return TriggerRule(text)
    except ValueError:
        raise AirflowException(
            f"Task {task_id!r} has the trigger rule {value!r}; expected one of "
            f"{quoted(TriggerRule)}."
        ) from None


_FORMER_RULES = {
    "none_failed_or_skipped": TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
    "dummy": TriggerRule.ALWAYS,
}


def as_weight_rule(value: object, task_id: str) -> WeightRule | PriorityWeightStrategy:
    """The rule, or a strategy of the user's own."""
    if isinstance(value, PriorityWeightStrategy):
        return value
    text = str(getattr(value, "value", value))
    named = _named_strategy(text) if isinstance(value, str) and "." in text else value
    if isinstance(named, type) and issubclass(named, PriorityWeightStrategy):
        return named()
    try:
        return WeightRule(text)
    except ValueError:
        raise AirflowException(
            f"Task {task_id!r} has the weight rule {value!r}; expected one of "
            f"{quoted(WeightRule)}, or a PriorityWeightStrategy or the import path of one."
        ) from None


def _named_strategy(path: str) -> object:
    """The strategy of a plugin, or what the import path names; the path where it names nothing."""
    from slipstream.sdk._plugins.parts import priority_weight_strategies

    of_plugin = priority_weight_strategies().get(path)
    if of_plugin is not None:
        return of_plugin
    module, _, name = path.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError):
        return path


def as_optional_duration(value: object, what: str) -> timedelta | None:
    """A duration or None."""
    return None if value is None else as_duration(value, what)


def as_backoff(value: object, task_id: str) -> float:
    """The base of the growth of the delay: True is 2, False is none at all."""
    if isinstance(value, bool):
        return 2.0 if value else 0.0
    if isinstance(value, int | float) and value >= 0:
        return float(value)
    raise ValueError(
        f"Task {task_id!r} has retry_exponential_backoff={value!r}; expected a number from 0 on, "
        f"True or False."
    )


def as_retries(value: object, task_id: str) -> int:
    """How often to try again; None is never."""
    if value is None:
        return 0
    if isinstance(value, int | str):
        try:
            return int(value)
        except ValueError:
            pass
    raise AirflowException(f"Task {task_id!r} has retries={value!r}; expected a whole number.")


def as_retry_policy(value: object, task_id: str) -> RetryPolicy | None:
    """A policy, or None."""
    if value is None:
        return None
    from slipstream.sdk._retry_policy import RetryPolicy

    if isinstance(value, RetryPolicy):
        return value
    raise TypeError(
        f"Task {task_id!r} has retry_policy={value!r}; expected a RetryPolicy, for example an "
        f"ExceptionRetryPolicy."
    )


def as_slots(value: object, task_id: str) -> int:
    """Slots of the pool: at least one."""
    if not isinstance(value, int) or value < 1:
        raise ValueError(f"Task {task_id!r} has pool_slots={value!r}; expected a number from 1 on.")
    return value


def as_callbacks(value: Callbacks) -> Sequence[Callable[..., object]]:
    """All the callbacks of one kind."""
    if value is None:
        return []
    found = list(value) if isinstance(value, Collection) and not callable(value) else [value]
    for one in found:
        if not callable(one):
            raise TypeError(
                f"A callback has to be a function, a notifier, or a list of them; {value!r} is of "
                f"type {type(value).__name__}."
            )
    return found


def as_list(value: object) -> list[UserValue]:
    """A list of one or of several; None is empty."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple | set) else [value]


def as_assets(value: object, verb: str, task_id: str) -> list[UserValue]:
    """The asset, or the assets of a list. Raises `TypeError` for anything else."""
    from slipstream.sdk._assets import AssetAlias, BaseAsset

    found = as_list(value)
    for one in found:
        if not isinstance(one, BaseAsset | AssetAlias):
            raise TypeError(
                f"Task {task_id!r} {verb} assets; {one!r} is of type {type(one).__name__}. For "
                f"the order of tasks write >> and <<."
            )
    return found


def refuse_unknown(
    arguments: Mapping[str, UserValue], class_name: str, task_id: str, known: Collection[str]
) -> None:
    """Raise `TypeError` where an argument is left that nobody took."""
    if arguments:
        guesses = "".join(guess(name, known) for name in sorted(arguments))
        raise TypeError(
            f"{class_name} takes no argument {quoted(arguments)} (task {task_id!r})."
            f"{guesses or ' Is it misspelt, or of another operator?'}"
        )
