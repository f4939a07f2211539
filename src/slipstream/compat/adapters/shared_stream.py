"""`airflow.triggers.shared_stream`: the broker's side of a stream that several triggers read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Hashable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

AdvanceOutcome: TypeAlias = Literal["accepted", "rejected"]


class AdvanceItem(NamedTuple):
    """An event that every trigger has dealt with."""

    broker_payload: Any
    outcome: Any


class SharedStreamProducer(ABC):
    """Reads from a broker, and tells it how far the events have been dealt with."""

    @abstractmethod
    def open_stream(self) -> AsyncIterator[tuple[Any, Any]]:
        """Pairs of an event and what the broker needs to know of it."""

    @abstractmethod
    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Tell the broker that these have been dealt with."""

    def get_advance_lane(self, broker_payload: Any) -> Hashable:
        """Events of one lane advance in their order; all are in one, unless a class says more."""
        del broker_payload
        return None

    async def aclose(self) -> None:  # noqa: B027 - most hold nothing
        """Let go of the broker; classes that hold a connection close it here."""
