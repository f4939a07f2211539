"""When a DAG that waits for assets has a run, and what tasks say of the assets that they update.

A condition is JSON, as `model.schedule.OnAssets` holds it: `{"asset": {"name": …, "uri": …}}`,
`{"alias": {"name": …}}`, `{"asset_ref": {"name": …}}` or by `"uri"`, and `{"any": […]}` and
`{"all": […]}` of such. An empty `any` is never met, nor is an empty `all`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from slipstream.model.asset import AssetName, AssetUpdate
from slipstream.model.dag import DagSpec, TaskSpec
from slipstream.model.errors import InvalidInputError
from slipstream.model.json import JsonValue
from slipstream.model.schedule import OnAssets


class Role(StrEnum):
    """What an asset is to a DAG."""

    SCHEDULE = "schedule"
    INLET = "inlet"
    OUTLET = "outlet"


class ReferenceKind(StrEnum):
    """How an asset is named."""

    ASSET = "asset"
    ALIAS = "alias"
    NAME = "name"
    URI = "uri"


@dataclass(frozen=True, slots=True)
class Reference:
    """One mention of an asset, or of an alias, in a DAG."""

    role: Role
    task_id: str
    """Empty for the schedule."""
    kind: ReferenceKind
    name: str
    """Of a reference by URI, empty."""
    uri: str = ""
    group: str = "asset"


def is_met(
    condition: JsonValue,
    updated: Collection[AssetName],
    members: Mapping[str, Collection[AssetName]],
) -> bool:
    """Whether the updated assets are what the condition asks for.

    `members` is `{alias: the assets that were found through it}`; an alias stands for any of them.
    """
    word, value = _entry(condition)
    match word:
        case "any":
            return any(is_met(one, updated, members) for one in _parts(value))
        case "all":
            parts = _parts(value)
            return bool(parts) and all(is_met(one, updated, members) for one in parts)
    kind, name, uri, _ = _named(word, value)
    match kind:
        case ReferenceKind.ASSET:
            return AssetName(name, uri) in updated
        case ReferenceKind.ALIAS:
            return any(asset in updated for asset in members.get(name, ()))
        case ReferenceKind.NAME:
            return any(asset.name == name for asset in updated)
        case ReferenceKind.URI:
            return any(asset.uri == uri for asset in updated)


def references(spec: DagSpec) -> Sequence[Reference]:
    """Every asset and alias that the DAG mentions, each once in every role."""
    found: dict[Reference, None] = {}
    if isinstance(spec.schedule, OnAssets):
        for leaf in _leaves(spec.schedule.condition):
            found[Reference(Role.SCHEDULE, "", *leaf)] = None
    for task in spec.tasks.values():
        for role, detail in ((Role.INLET, "inlets"), (Role.OUTLET, "outlets")):
            for leaf in _listed(task, detail):
                found[Reference(role, task.task_id, *leaf)] = None
    return list(found)


def declared(task: TaskSpec) -> tuple[AssetUpdate, ...]:
    """What a success of the task updates, where no process of it says more."""
    return tuple(
        AssetUpdate(name=name or None, uri=uri or None, group=group)
        for kind, name, uri, group in _listed(task, "outlets")
        if kind is not ReferenceKind.ALIAS
    )


def sources(names: Sequence[str]) -> str:
    """Names for a sentence: `a`, `a and b`, `a, b and 3 more`."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) <= _MOST_NAMED:
        return f"{', '.join(names[:-1])} and {names[-1]}"
    return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} more"


_MOST_NAMED = 5
_Leaf = tuple[ReferenceKind, str, str, str]


def _listed(task: TaskSpec, detail: str) -> Iterator[_Leaf]:
    listed = task.details.get(detail)
    for one in listed if isinstance(listed, list | tuple) else ():
        if isinstance(one, Mapping) and not one.keys() & {"other"}:
            yield from _leaves(one)


def _leaves(condition: JsonValue) -> Iterator[_Leaf]:
    word, value = _entry(condition)
    if word in ("any", "all"):
        for part in _parts(value):
            yield from _leaves(part)
    else:
        yield _named(word, value)


def _entry(condition: JsonValue) -> tuple[str, JsonValue]:
    if not isinstance(condition, Mapping) or len(condition) != 1:
        raise _malformed(condition)
    return next(iter(condition.items()))


def _parts(value: JsonValue) -> Sequence[JsonValue]:
    if not isinstance(value, list | tuple):
        raise _malformed(value)
    return value


def _named(word: str, value: JsonValue) -> _Leaf:
    if not isinstance(value, Mapping):
        raise _malformed(value)
    name, uri = str(value.get("name") or ""), str(value.get("uri") or "")
    group = str(value.get("group") or "asset")
    match word:
        case "asset":
            return ReferenceKind.ASSET, name, uri, group
        case "alias":
            return ReferenceKind.ALIAS, name, "", group
        case "asset_ref":
            kind = ReferenceKind.NAME if name else ReferenceKind.URI
            return kind, name, uri, group
    raise _malformed({word: value})


def _malformed(found: JsonValue) -> InvalidInputError:
    return InvalidInputError(
        f"{found!r} is no condition on assets: expected an object with one of 'asset', 'alias', "
        "'asset_ref', 'any' and 'all' in it"
    )
