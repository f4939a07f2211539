"""Asks the partition mappers that a DAG's author has written, in a process of the DAG's file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from slipstream.core.partitions import distinct, starts_nothing
from slipstream.sdk._asset_timetables import PartitionedAssetTimetable
from slipstream.sdk._times import for_user, in_utc
from slipstream.sdk.exceptions import AirflowTimetableInvalid
from slipstream.wire.questions import (
    Answered,
    PartitionQuestion,
    ToldPartition,
    WaitingPartition,
)

if TYPE_CHECKING:
    from slipstream.sdk._dag import DAG
    from slipstream.sdk._partition_mappers import PartitionMapper


def ask(question: PartitionQuestion, dag: DAG) -> Answered:
    """Where the events belong, and what is complete.

    What a mapper raises about an event, or a partition, costs no other one anything: it is a
    problem, told with the answer.
    """
    timetable = dag.timetable
    if not isinstance(timetable, PartitionedAssetTimetable):
        raise AirflowTimetableInvalid(
            f"{dag.dag_id} runs by {type(timetable).__name__} now, which has no partition mappers."
        )
    asking = _Asking(timetable, question.most)
    for event in question.events:
        asking.sort(event)
    for of in asking.waiting:
        asking.judge(of)
    return Answered(targets=asking.targets, partitions=asking.partitions, problems=asking.problems)


class _Asking:
    def __init__(self, timetable: PartitionedAssetTimetable, most: int) -> None:
        self._timetable = timetable
        self._most = most
        self.targets: dict[int, list[str]] = {}
        self.waiting: dict[tuple[str, str, str], list[WaitingPartition]] = {}
        """`{(name, uri, partition of the DAG): events}`."""
        self.partitions: list[ToldPartition] = []
        self.problems: list[str] = []

    def sort(self, event: WaitingPartition) -> None:
        """Find where the event belongs, unless that is known."""
        if event.target_key is not None:
            targets = [event.target_key]
        else:
            targets = self.targets[event.number] = self._targets(event)
        for target in targets:
            self.waiting.setdefault((event.asset, event.uri, target), []).append(event)

    def judge(self, of: tuple[str, str, str]) -> None:
        """Find whether what has arrived for a partition is enough."""
        name, uri, target = of
        mapper = self._timetable.get_partition_mapper(name=name, uri=uri)
        arrived = {event.source_key for event in self.waiting[of]}
        self.partitions.append(
            ToldPartition(
                asset=name,
                uri=uri,
                target_key=target,
                arrived=sorted(arrived),
                is_complete=self._is_complete(mapper, target, arrived),
                moment=self._moment(mapper, target),
                carried=self._carried(mapper, self.waiting[of]),
            )
        )

    def _targets(self, event: WaitingPartition) -> list[str]:
        mapper = self._timetable.get_partition_mapper(name=event.asset, uri=event.uri)
        limit = mapper.max_downstream_keys
        try:
            keys = _keys(mapper, event.source_key)
            return [*distinct(keys, self._most if limit is None else limit)]
        except Exception as error:  # noqa: BLE001 - the author's code may raise anything
            why = f"{type(mapper).__name__}.to_downstream(): {_said(error)}"
            self.problems.append(starts_nothing(event.source_key, event.asset, why))
            return []

    def _is_complete(self, mapper: PartitionMapper, target: str, arrived: set[str]) -> bool:
        if not mapper.is_rollup:
            return True
        try:
            found = mapper.wait_policy.is_satisfied_by_keys(  # type: ignore[attr-defined]  # a rollup's
                matched=arrived,
                expected=frozenset(mapper.to_upstream(target)),  # type: ignore[attr-defined]  # as above
            )
        except Exception as error:  # noqa: BLE001 - as above
            why = f"{type(mapper).__name__} does not say whether it is complete: {_said(error)}"
            self.problems.append(f"The partition {target!r} waits: {why}")
            return False
        if found.unreachable:
            self.problems.append(f"The partition {target!r} waits: {found.unreachable_reason}")
        return bool(found.satisfied)

    def _moment(self, mapper: PartitionMapper, target: str) -> datetime | None:
        try:
            return _in_utc(mapper.to_partition_date(target))
        except Exception as error:  # noqa: BLE001 - as above
            why = f"{type(mapper).__name__}.to_partition_date(): {_said(error)}"
            self.problems.append(f"The partition {target!r} has no date: {why}")
            return None

    def _carried(
        self, mapper: PartitionMapper, events: Iterable[WaitingPartition]
    ) -> list[datetime]:
        found: dict[datetime, None] = {}
        for event in events:
            try:
                moment = _in_utc(mapper.carry_partition_date(for_user(event.source_date)))
            except Exception as error:  # noqa: BLE001 - as above
                why = f"{type(mapper).__name__}.carry_partition_date(): {_said(error)}"
                self.problems.append(f"The partition {event.source_key!r} has no date: {why}")
                continue
            if moment is not None:
                found[moment] = None
        return list(found)


def _keys(mapper: PartitionMapper, source_key: str) -> Iterable[str]:
    """What the mapper gives, one by one: a generator may have no end."""
    given: object = mapper.to_downstream(source_key)
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, Iterable):
        raise TypeError(f"it gave {given!r}. Expected a partition key, or several.")
    for key in given:
        if not isinstance(key, str) or not key:
            raise TypeError(f"it gave {key!r}. Expected keys that are texts, and not empty.")
        yield key


def _in_utc(value: datetime | None) -> datetime | None:
    """The moment; one without a zone is taken for UTC, as Airflow does."""
    given: object = value
    if value is None:
        return None
    if not isinstance(given, datetime):
        raise TypeError(f"it gave {given!r}. Expected a datetime, or None.")
    return in_utc(given if given.tzinfo is not None else given.replace(tzinfo=UTC))


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
