"""Many things created, changed and removed by one request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from slipstream.api.payloads.base import Payload
from slipstream.api.payloads.bodies import Body
from slipstream.model.json import JsonValue

T = TypeVar("T", bound=Body)


class BulkActionOnExistence(StrEnum):
    """What becomes of a thing to create that is there already."""

    FAIL = "fail"
    SKIP = "skip"
    OVERWRITE = "overwrite"


class BulkActionNotOnExistence(StrEnum):
    """What becomes of a thing to change or to remove that is not there."""

    FAIL = "fail"
    SKIP = "skip"


class BulkCreateAction(Body, Generic[T]):
    """Create these."""

    action: Literal["create"]
    entities: list[T]
    action_on_existence: BulkActionOnExistence = BulkActionOnExistence.FAIL


class BulkUpdateAction(Body, Generic[T]):
    """Change these."""

    action: Literal["update"]
    entities: list[T]
    update_mask: list[str] | None = None
    action_on_non_existence: BulkActionNotOnExistence = BulkActionNotOnExistence.FAIL


class BulkDeleteAction(Body, Generic[T]):
    """Remove these."""

    action: Literal["delete"]
    entities: list[str | T]
    action_on_non_existence: BulkActionNotOnExistence = BulkActionNotOnExistence.FAIL


class BulkBody(Body, Generic[T]):
    """What to do, one after the other."""

    actions: list[
        Annotated[
            BulkCreateAction[T] | BulkUpdateAction[T] | BulkDeleteAction[T],
            Field(discriminator="action"),
        ]
    ]


class BulkActionResponse(Payload, frozen=True, kw_only=True):
    """What became of one kind of action."""

    success: Sequence[str] = ()
    errors: Sequence[Mapping[str, JsonValue]] = ()


class BulkResponse(Payload, frozen=True, kw_only=True):
    """What became of all of it; null for what was not asked for."""

    create: BulkActionResponse | None = None
    update: BulkActionResponse | None = None
    delete: BulkActionResponse | None = None
