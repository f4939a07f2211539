"""Making the runs of DAGs whose assets were updated: few messages, for all of them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import BindParameter, bindparam, delete, func, insert, select, update

from slipstream.model.run import DagRun
from slipstream.store.asset_conditions import events_waited_for
from slipstream.store.asset_tables import (
    asset_consumer,
    asset_event,
    asset_queue,
    partition_queue,
    run_asset_event,
)
from slipstream.store.database import Database, Transaction
from slipstream.store.records import NewAssetRun, NoticeKind
from slipstream.store.scheduling import CREATE_RUN, ask_about_new, planned_run, run_row
from slipstream.store.statements import RowsStatement, Statement, types_of
from slipstream.store.times import Clock

_WAITING_ASSETS = Statement(
    select(asset_queue.c.asset_pk).where(asset_queue.c.dag_id == bindparam("dag_id")), ("dag_id",)
)
_WAITING_ENTRIES = Statement(
    select(partition_queue.c.pk, partition_queue.c.event_pk).where(
        partition_queue.c.dag_id == bindparam("dag_id")
    ),
    ("dag_id",),
)
_OF_DAG: list[BindParameter[str]] = [bindparam(f"dag_id_{number}") for number in range(5)]
_NEW_EVENTS = Statement(
    select(asset_event.c.pk).where(
        asset_event.c.pk
        > select(asset_consumer.c.seen_event_pk)
        .where(asset_consumer.c.dag_id == _OF_DAG[0])
        .scalar_subquery(),
        events_waited_for(*_OF_DAG[1:]),
    ),
    [parameter.key for parameter in _OF_DAG],
)
_TAKE_ASSET = RowsStatement(
    lambda rows: delete(asset_queue).where(
        asset_queue.c.dag_id == rows["b_dag_id"], asset_queue.c.asset_pk == rows["b_asset_pk"]
    ),
    types_of(asset_queue, ("b_dag_id", "b_asset_pk")),
)
_TAKE_ENTRY = RowsStatement(
    lambda rows: delete(partition_queue).where(partition_queue.c.pk == rows["b_pk"]),
    types_of(partition_queue, ("b_pk",)),
)
_LATEST = select(func.max(asset_event.c.pk)).scalar_subquery()
_SEE = Statement(
    update(asset_consumer)
    .where(asset_consumer.c.dag_id == bindparam("b_dag_id"))
    .values(seen_event_pk=func.coalesce(_LATEST, asset_consumer.c.seen_event_pk)),
    ("b_dag_id",),
)
_LINKED = ("run_pk", "event_pk")
_LINK = RowsStatement(
    lambda rows: rows.put_into(insert(run_asset_event)), types_of(run_asset_event, _LINKED)
)


def add_asset_runs(
    transaction: Transaction, database: Database, wanted: Sequence[NewAssetRun], clock: Clock
) -> Sequence[DagRun | None]:
    """The runs, in the order of what is wanted; None where something is not there any more.

    Raises `AlreadyExistsError` and `NotFoundError`.
    """
    made: dict[int, DagRun | None] = {}
    for some in _one_of_each_dag(wanted):
        runs = _add(transaction, database, [wanted[index] for index in some], clock)
        made.update(zip(some, runs, strict=True))
    return [made[index] for index in range(len(wanted))]


def _one_of_each_dag(wanted: Sequence[NewAssetRun]) -> Sequence[Sequence[int]]:
    """What one run of a DAG takes is gone for the next: places in `wanted`, each DAG once."""
    rounds: list[list[int]] = []
    times: dict[str, int] = {}
    for index, one in enumerate(wanted):
        number = times[one.run.dag_id] = times.get(one.run.dag_id, 0) + 1
        if number > len(rounds):
            rounds.append([])
        rounds[number - 1].append(index)
    return rounds


def _add(
    transaction: Transaction, database: Database, wanted: Sequence[NewAssetRun], clock: Clock
) -> Sequence[DagRun | None]:
    with transaction.together():
        database.lock_assets(transaction)
        runs = [planned_run(one.run, clock()) for one in wanted]
        events = [_ask(transaction, one) for one in wanted]
        checks = [ask_about_new(transaction, run) for run in runs]
    possible: list[tuple[NewAssetRun, DagRun, Sequence[int]]] = []
    for one, run, find, check in zip(wanted, runs, events, checks, strict=True):
        found = find()
        if found is not None:
            check()
            possible.append((one, run, found))
    if not possible:
        return [None] * len(wanted)
    with transaction.together():
        numbers = []
        for one, run, _ in possible:
            dag_id = run.dag_id
            transaction.run_many(_TAKE_ASSET, [(dag_id, pk) for pk in one.assets])
            transaction.run_many(_TAKE_ENTRY, [(pk,) for pk in one.partitions])
            if one.assets:
                # Its events are over for it from here on.
                transaction.run(_SEE, (dag_id,))
            numbers.append(transaction.ask(CREATE_RUN, run_row(run)))
    made = {
        run.dag_id: replace(run, pk=number()[0][0])
        for (_, run, _), number in zip(possible, numbers, strict=True)
    }
    with transaction.together():
        transaction.leave_notice(NoticeKind.RUN_CREATED, [run.pk for run in made.values()])
        links = [
            (made[run.dag_id].pk, event_pk) for _, run, found in possible for event_pk in found
        ]
        transaction.run_many(_LINK, links)
    return [made.get(one.run.dag_id) for one in wanted]


def _ask(transaction: Transaction, one: NewAssetRun) -> Callable[[], Sequence[int] | None]:
    """The events that the run is about; None where something that it takes is not there."""
    dag_id = one.run.dag_id
    assets = transaction.ask(_WAITING_ASSETS, (dag_id,)) if one.assets else tuple
    new_events = transaction.ask(_NEW_EVENTS, [dag_id] * 5) if one.assets else tuple
    entries = transaction.ask(_WAITING_ENTRIES, (dag_id,)) if one.partitions else tuple

    def find() -> Sequence[int] | None:
        waiting = {pk for (pk,) in assets()}
        events: dict[int, int] = dict(entries())
        if not (waiting.issuperset(one.assets) and events.keys() >= set(one.partitions)):
            return None
        return sorted({*(events[pk] for pk in one.partitions), *(pk for (pk,) in new_events())})

    return find
