"""Triggerers and their orders as rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import delete, insert, select, update

from slipstream.model.states import TaskState
from slipstream.store.leases import Holder
from slipstream.store.parts import StoreParts
from slipstream.store.statements import RowsStatement, types_of, upsert
from slipstream.store.tables import deferral, task_instance
from slipstream.store.trigger_interface import (
    FollowedDag,
    OrderRecord,
    OrderState,
    TakenOrders,
    TriggererRecord,
)
from slipstream.store.trigger_tables import followed_dag, triggerer
from slipstream.store.trigger_tables import trigger_order as order
from slipstream.store.wakeups import Topic

_AT_ONCE = 200
_GIVEN = ("attempt_id", "triggerer_pk", "state", "content", "result")
_GIVE = RowsStatement(
    lambda rows: rows.put_into(upsert(rows.dialect, order, _GIVEN, ("attempt_id",))),
    types_of(order, _GIVEN),
)
_FOLLOWED = ("triggerer_pk", "dag_id")
_FOLLOW = RowsStatement(
    lambda rows: rows.put_into(upsert(rows.dialect, followed_dag, _FOLLOWED, _FOLLOWED)),
    types_of(followed_dag, _FOLLOWED),
)
_OF_TRIGGERER = (
    triggerer.c.pk,
    triggerer.c.name,
    triggerer.c.hostname,
    triggerer.c.pid,
    triggerer.c.mark,
    triggerer.c.capacity,
    triggerer.c.queues,
    triggerer.c.team_name,
)


class TriggererVerbs(StoreParts):
    """Implements `trigger_interface.TriggererStore`."""

    def add_triggerer(self, new: TriggererRecord) -> int:
        """Make a triggerer known to the scheduler; gives its number."""
        row = {
            "name": new.name,
            "hostname": new.holder.hostname,
            "pid": new.holder.pid,
            "mark": new.holder.mark,
            "capacity": new.capacity,
            "queues": None if new.queues is None else json.dumps(new.queues),
            "team_name": new.team_name,
        }
        with self._database.write() as transaction:
            pk = transaction.value(insert(triggerer).values(row).returning(triggerer.c.pk))
            transaction.wake_listeners(Topic.TRIGGERS)
        return int(pk)

    def remove_triggerer(self, triggerer_pk: int) -> None:
        """It is given nothing more and follows nothing; its orders stay. An unknown one is
        ignored."""
        with self._database.write() as transaction:
            transaction.execute(
                delete(followed_dag).where(followed_dag.c.triggerer_pk == triggerer_pk)
            )
            transaction.execute(delete(triggerer).where(triggerer.c.pk == triggerer_pk))
            transaction.wake_listeners(Topic.TRIGGERS)

    def list_triggerers(self) -> Sequence[TriggererRecord]:
        """Those that were added and not removed, the oldest first."""
        with self._database.read() as transaction:
            rows = transaction.rows(select(*_OF_TRIGGERER).order_by(triggerer.c.pk))
        return [
            TriggererRecord(
                pk=pk,
                name=name,
                holder=Holder(hostname=hostname, pid=pid, mark=mark),
                capacity=capacity,
                queues=None if queues is None else tuple(json.loads(queues)),
                team_name=team,
            )
            for pk, name, hostname, pid, mark, capacity, queues, team in rows
        ]

    def give_triggers(self, triggerer_pk: int, contents: Mapping[str, str]) -> None:
        """Order these triggers of that triggerer; one that has ended stays as it is."""
        names = list(contents)
        with self._database.write() as transaction:
            ended: set[str] = set()
            for some in _portions(names):
                which = order.c.attempt_id.in_(some)
                found = transaction.rows(
                    select(order.c.attempt_id, order.c.state).where(which).with_for_update()
                )
                ended.update(name for name, state in found if state == OrderState.ENDED)
            rows = [
                (name, triggerer_pk, OrderState.WANTED.value, self._box.seal(content), None)
                for name, content in contents.items()
                if name not in ended
            ]
            transaction.run_many(_GIVE, rows)
            transaction.wake_listeners(Topic.TRIGGERS)

    def release_triggers(self, attempt_ids: Sequence[str]) -> None:
        """Nothing waits on these any more; their triggerers end them, or let them go on."""
        with self._database.write() as transaction:
            for some in _portions(attempt_ids):
                transaction.execute(
                    update(order)
                    .where(order.c.attempt_id.in_(some))
                    .values(state=OrderState.DROPPED.value, result=None)
                )
            transaction.wake_listeners(Topic.TRIGGERS)

    def release_stale_triggers(self) -> None:
        """The same for all that no task instance waits on by now."""
        waiting = (
            select(deferral.c.attempt_id)
            .join(
                task_instance,
                (task_instance.c.run_pk == deferral.c.run_pk)
                & (task_instance.c.task_id == deferral.c.task_id)
                & (task_instance.c.map_index == deferral.c.map_index),
            )
            .where(task_instance.c.state == TaskState.DEFERRED.value)
        )
        with self._database.write() as transaction:
            transaction.execute(
                update(order)
                .where(order.c.attempt_id.not_in(waiting))
                .values(state=OrderState.DROPPED.value, result=None)
            )
            transaction.wake_listeners(Topic.TRIGGERS)

    def forget_orders(self, attempt_ids: Sequence[str]) -> None:
        """Remove orders that nobody has any more."""
        with self._database.write() as transaction:
            for some in _portions(attempt_ids):
                transaction.execute(delete(order).where(order.c.attempt_id.in_(some)))

    def trigger_orders(self) -> Sequence[OrderRecord]:
        """All of them."""
        query = select(order.c.attempt_id, order.c.triggerer_pk, order.c.state)
        with self._database.read() as transaction:
            return [
                OrderRecord(attempt_id=name, triggerer_pk=pk, state=OrderState(state))
                for name, pk, state in transaction.rows(query)
            ]

    def trigger_results(self) -> Mapping[str, str]:
        """`{attempt: result}` of the orders that have ended."""
        query = select(order.c.attempt_id, order.c.result).where(
            order.c.state == OrderState.ENDED.value
        )
        with self._database.read() as transaction:
            rows = transaction.rows(query)
        return {name: self._box.open(result) for name, result in rows}

    def take_triggers(self, triggerer_pk: int) -> TakenOrders:
        """What has been asked of that triggerer since the last time."""
        new = (OrderState.WANTED.value, OrderState.DROPPED.value)
        query = select(order.c.attempt_id, order.c.state, order.c.content).where(
            order.c.triggerer_pk == triggerer_pk, order.c.state.in_(new)
        )
        with self._database.read() as transaction:
            if not transaction.rows(query.limit(1)):
                return TakenOrders()
        with self._database.write() as transaction:
            rows = transaction.rows(query.with_for_update())
            wanted = {name: content for name, state, content in rows if state == new[0]}
            dropped = [name for name, state, _ in rows if state == new[1]]
            for some in _portions(list(wanted)):
                transaction.execute(
                    update(order)
                    .where(order.c.attempt_id.in_(some))
                    .values(state=OrderState.TAKEN.value)
                )
            for some in _portions(dropped):
                transaction.execute(delete(order).where(order.c.attempt_id.in_(some)))
        opened = {name: self._box.open(content) for name, content in wanted.items()}
        return TakenOrders(opened, dropped)

    def end_trigger(self, triggerer_pk: int, attempt_id: str, result: str) -> bool:
        """Keep what a trigger came to; False where the order is not that triggerer's any more."""
        running = (OrderState.WANTED.value, OrderState.TAKEN.value)
        with self._database.write() as transaction:
            done = transaction.execute(
                update(order)
                .where(
                    order.c.attempt_id == attempt_id,
                    order.c.triggerer_pk == triggerer_pk,
                    order.c.state.in_(running),
                )
                .values(state=OrderState.ENDED.value, result=self._box.seal(result))
            )
            if done.rowcount:
                transaction.wake_listeners(Topic.TRIGGERS)
            return bool(done.rowcount)

    def follow_dags(self, triggerer_pk: int, dag_ids: Collection[str]) -> None:
        """Have that triggerer told of what happens in these DAGs; the scheduler is woken."""
        with self._database.write() as transaction:
            transaction.run_many(_FOLLOW, [(triggerer_pk, dag_id) for dag_id in dag_ids])
            transaction.wake_listeners(Topic.TRIGGERS)

    def unfollow_dags(self, triggerer_pk: int, dag_ids: Collection[str]) -> None:
        """Do not tell it any more."""
        with self._database.write() as transaction:
            for some in _portions(sorted(dag_ids)):
                transaction.execute(
                    delete(followed_dag).where(
                        followed_dag.c.triggerer_pk == triggerer_pk,
                        followed_dag.c.dag_id.in_(some),
                    )
                )

    def followed_dags(self, triggerer_pk: int | None = None) -> Sequence[FollowedDag]:
        """What that triggerer follows; None for all that are followed."""
        query = select(
            followed_dag.c.pk,
            followed_dag.c.triggerer_pk,
            followed_dag.c.dag_id,
            followed_dag.c.changes,
        )
        if triggerer_pk is not None:
            query = query.where(followed_dag.c.triggerer_pk == triggerer_pk)
        with self._database.read() as transaction:
            return [
                FollowedDag(pk=pk, triggerer_pk=owner, dag_id=dag_id, changes=changes)
                for pk, owner, dag_id, changes in transaction.rows(query)
            ]

    def tell_of_changes(self, dag_ids: Collection[str]) -> None:
        """Something has happened in these DAGs: count it, and wake who follows them."""
        with self._database.write() as transaction:
            for some in _portions(sorted(dag_ids)):
                transaction.execute(
                    update(followed_dag)
                    .where(followed_dag.c.dag_id.in_(some))
                    .values(changes=followed_dag.c.changes + 1)
                )
            transaction.wake_listeners(Topic.TRIGGERS)


def _portions(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + _AT_ONCE] for start in range(0, len(names), _AT_ONCE)]
