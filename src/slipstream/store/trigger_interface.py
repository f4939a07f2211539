"""What the store offers of triggerers: processes of their own that run triggers; see `interface`.

The scheduler alone gives triggers to triggerers. An order belongs to one triggerer, and only that
one can end it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from slipstream.store.leases import Holder


class OrderState(StrEnum):
    """How far a trigger's order is."""

    WANTED = "wanted"
    """The triggerer has not seen it yet."""
    TAKEN = "taken"
    ENDED = "ended"
    """The trigger has come to an end, which the scheduler has not let go of yet."""
    DROPPED = "dropped"
    """Nothing waits on the trigger any more; the triggerer has not seen that yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggererRecord:
    """A process that runs triggers."""

    pk: int = 0
    name: str
    """Of its lease."""
    holder: Holder
    capacity: int | None = None
    """How many triggers it runs at most; None for no limit."""
    queues: tuple[str, ...] | None = None
    """The queues of tasks whose triggers it runs; None for all."""
    team_name: str | None = None
    """Where there are teams: the one whose triggers it runs; None is for DAGs of no team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """A trigger that a triggerer has been given."""

    attempt_id: str
    triggerer_pk: int
    state: OrderState


@dataclass(frozen=True, slots=True)
class TakenOrders:
    """What a triggerer has to do."""

    wanted: Mapping[str, str] = field(default_factory=dict)
    """`{attempt: content}` of triggers to run."""
    dropped: Sequence[str] = ()
    """Attempts whose triggers are not needed any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowedDag:
    """A DAG whose changes a triggerer wants to be told of."""

    pk: int
    """A DAG that is followed anew has another one."""
    triggerer_pk: int
    dag_id: str
    changes: int
    """How often its triggerer was told."""


class TriggererStore(Protocol):
    """Triggerers, their orders, and the DAGs that they follow. Contents and results are encrypted
    at rest."""

    def add_triggerer(self, new: TriggererRecord) -> int:
        """Make a triggerer known to the scheduler; gives its number."""

    def remove_triggerer(self, triggerer_pk: int) -> None:
        """It is given nothing more and follows nothing; its orders stay. An unknown one is
        ignored."""

    def list_triggerers(self) -> Sequence[TriggererRecord]:
        """Those that were added and not removed, the oldest first."""

    def give_triggers(self, triggerer_pk: int, contents: Mapping[str, str]) -> None:
        """Order these triggers, `{attempt: content}`, of that triggerer, whoever had them before;
        one that has ended stays as it is."""

    def release_triggers(self, attempt_ids: Sequence[str]) -> None:
        """Nothing waits on these any more; their triggerers end them, or let them go on."""

    def release_stale_triggers(self) -> None:
        """The same for all that no task instance waits on by now."""

    def forget_orders(self, attempt_ids: Sequence[str]) -> None:
        """Remove orders that nobody has any more."""

    def trigger_orders(self) -> Sequence[OrderRecord]:
        """All of them."""

    def trigger_results(self) -> Mapping[str, str]:
        """`{attempt: result}` of the orders that have ended."""

    def take_triggers(self, triggerer_pk: int) -> TakenOrders:
        """What has been asked of that triggerer since the last time."""

    def end_trigger(self, triggerer_pk: int, attempt_id: str, result: str) -> bool:
        """Keep what a trigger came to, and tell the scheduler; False where the order is not that
        triggerer's any more."""

    def follow_dags(self, triggerer_pk: int, dag_ids: Collection[str]) -> None:
        """Have that triggerer told of what happens in these DAGs; the scheduler is woken."""

    def unfollow_dags(self, triggerer_pk: int, dag_ids: Collection[str]) -> None:
        """Do not tell it any more."""

    def followed_dags(self, triggerer_pk: int | None = None) -> Sequence[FollowedDag]:
        """What that triggerer follows; None for all that are followed."""

    def tell_of_changes(self, dag_ids: Collection[str]) -> None:
        """Something has happened in these DAGs: count it, and wake who follows them."""
