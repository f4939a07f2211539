"""Carrying out what a request wants done with many things.

As in Airflow the answer tells of every thing what became of it. An action that may not go on where
something is there already, or is not there, does nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic

from slipstream.api.errors import status_of
from slipstream.api.payloads.bulk import (
    BulkActionNotOnExistence,
    BulkActionOnExistence,
    BulkActionResponse,
    BulkBody,
    BulkCreateAction,
    BulkDeleteAction,
    BulkResponse,
    BulkUpdateAction,
    T,
)
from slipstream.model.errors import SlipstreamError
from slipstream.model.json import JsonValue


# Without slots: typing cannot make an instance of `Target[…]` that is frozen and has them.
@dataclass(frozen=True, kw_only=True)
class Target(Generic[T]):
    """How things of one kind are found and changed."""

    noun: str
    """Several of them, as in `pools`."""
    key: Callable[[str | T], str]
    """The name under which a thing is known."""
    exists: Callable[[str | T], bool]
    update: Callable[[T, list[str] | None], object]
    delete: Callable[[str | T], object]
    create: Callable[[T], object] | None = None
    """None for what is never created so."""


@dataclass(slots=True)
class _Results:
    success: list[str] = field(default_factory=list)
    errors: list[dict[str, JsonValue]] = field(default_factory=list)

    def fail(self, message: str, status: int) -> None:
        self.errors.append({"error": message, "status_code": status})


def carry_out(body: BulkBody[T], target: Target[T]) -> BulkResponse:
    """Do all of it, in order."""
    results: dict[str, _Results] = {}
    for action in body.actions:
        told = results.setdefault(action.action, _Results())
        match action:
            case BulkCreateAction():
                _create(action, target, told)
            case BulkUpdateAction():
                found = _those_there(action.entities, action.action_on_non_existence, target, told)
                for one in found:
                    if not isinstance(one, str):
                        _try(one, target, told, partial(target.update, one, action.update_mask))
            case BulkDeleteAction():
                found = _those_there(action.entities, action.action_on_non_existence, target, told)
                for one in found:
                    _try(one, target, told, partial(target.delete, one))
    answers = {
        name: BulkActionResponse(success=told.success, errors=told.errors)
        for name, told in results.items()
    }
    return BulkResponse(**answers)


def _create(action: BulkCreateAction[T], target: Target[T], told: _Results) -> None:
    if target.create is None:
        told.fail(f"{target.noun.capitalize()} cannot be created in bulk.", 405)
        return
    there = [one for one in action.entities if target.exists(one)]
    taken = {target.key(one) for one in there}
    if there and action.action_on_existence is BulkActionOnExistence.FAIL:
        told.fail(f"The {target.noun} {_listed(taken)} already exist: nothing was created.", 409)
        return
    for one in action.entities:
        if target.key(one) not in taken:
            _try(one, target, told, partial(target.create, one))
        elif action.action_on_existence is BulkActionOnExistence.OVERWRITE:
            _try(one, target, told, partial(target.update, one, None))


def _those_there(
    entities: Sequence[str | T],
    otherwise: BulkActionNotOnExistence,
    target: Target[T],
    told: _Results,
) -> Sequence[str | T]:
    missing = {target.key(one) for one in entities if not target.exists(one)}
    if missing and otherwise is BulkActionNotOnExistence.FAIL:
        told.fail(f"The {target.noun} {_listed(missing)} were not found: nothing was done.", 404)
        return ()
    return [one for one in entities if target.key(one) not in missing]


def _try(one: str | T, target: Target[T], told: _Results, act: Callable[[], object]) -> None:
    try:
        act()
    except SlipstreamError as error:
        if status_of(error) >= 500:
            raise
        told.fail(str(error), status_of(error))
    else:
        told.success.append(target.key(one))


def _listed(keys: set[str]) -> str:
    return ", ".join(sorted(keys))
