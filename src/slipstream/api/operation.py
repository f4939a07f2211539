"""A table of operations: path, permission, payloads and the function that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from slipstream.api.auth.access import Permission
from slipstream.api.payloads.base import Payload

if TYPE_CHECKING:
    from starlette.responses import Response

Answer: TypeAlias = "Payload | Response | None"
"""What an operation gives back: a payload, a prepared response, or nothing (204)."""

Handler = TypeVar("Handler", bound=Callable[..., Answer])


class Open(StrEnum):
    """Stands in a permission's place where everybody may."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    """Everybody who says who they are, for what is their own."""


PUBLIC = Open.PUBLIC
SIGNED_IN = Open.SIGNED_IN


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path.

    `handler` takes a `Call` and then path, query and body parameters as FastAPI declares them.
    """

    method: str
    path: str
    handler: Callable[..., Answer]
    permission: Permission | Open
    tag: str
    status: int
    answer: type[Payload] | None
    """The payload's type, for the OpenAPI document."""
    other_answer: type[Payload] | None
    """The type that it has instead in some cases."""
    slow: bool
    """May take longer than a few milliseconds: always runs in a thread."""
    brief: bool
    """Writes little, and does nothing that counts before it writes: tried at once where the store
    is near, and begun anew in a thread where it would have to wait for another writer."""
    audited: bool
    """What it does is kept in the audit log."""
    content_types: tuple[str, ...]
    """What else than JSON it can answer with."""
    refusals: tuple[int, ...]
    """Statuses of refusals that its method, path and permission do not tell."""

    @property
    def operation_id(self) -> str:
        """The name that clients know the operation by."""
        return self.handler.__name__


class Routes:
    """Collects the operations of one noun."""

    def __init__(self, tag: str, prefix: str = "/api/v2") -> None:
        self._tag = tag
        self._prefix = prefix
        self._operations: list[Operation] = []

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def add(
        self,
        method: str,
        path: str,
        *,
        permission: Permission | Open,
        answer: type[Payload] | None = None,
        other_answer: type[Payload] | None = None,
        status: int = 200,
        slow: bool | None = None,
        brief: bool = False,
        audited: bool | None = None,
        content_types: tuple[str, ...] = (),
        refusals: tuple[int, ...] = (),
    ) -> Callable[[Handler], Handler]:
        """Declare the decorated function as the operation's handler.

        What does not say whether it is slow is so unless it only reads: a writer may have to wait
        for another one, and readers must not wait with it. In the same way whatever does not only
        read is kept in the audit log.
        """

        def declare(handler: Handler) -> Handler:
            self._operations.append(
                Operation(
                    method=method,
                    path=self._prefix + path,
                    handler=handler,
                    permission=permission,
                    tag=self._tag,
                    status=status,
                    answer=answer,
                    other_answer=other_answer,
                    slow=method != "GET" if slow is None else slow,
                    brief=brief,
                    audited=(
                        method != "GET" and permission is not Open.PUBLIC and slow is not False
                        if audited is None
                        else audited
                    ),
                    content_types=content_types,
                    refusals=refusals,
                )
            )
            return handler

        return declare
