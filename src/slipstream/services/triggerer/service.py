"""A triggerer of its own: runs the triggers that the scheduler gives it through the store.

It holds a lease for as long as it lives. What its triggers come to it writes before anything else;
who has lost an order writes nothing any more. Without its lease it ends at once, with all triggers:
they are run elsewhere by then.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Protocol, TypeAlias

import msgspec

from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Broken, Deferral
from slipstream.model.errors import SlipstreamError
from slipstream.model.events import TriggerEnded
from slipstream.model.ids import new_uuid7
from slipstream.services.changes import ChangeBoard
from slipstream.services.in_charge import this_process
from slipstream.services.triggerer.following import FollowedDags
from slipstream.store.errors import StoreError
from slipstream.store.leases import Holder, Lease
from slipstream.store.trigger_interface import TriggererRecord, TriggererStore
from slipstream.store.wakeups import Topic
from slipstream.wire.trigger_orders import order_of, result_text

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
"""Between two tries to reach a store that is away."""

TriggerEvents: TypeAlias = Sequence[tuple[Attempt, TriggerEnded]]


class TriggerRunner(Protocol):
    """What runs triggers; see `runtime.host.ProcessHost`."""

    def set_trigger_listener(self, listener: Callable[[TriggerEvents], None]) -> None:
        """From now on, what triggers come to goes there."""

    def run_triggers(self, waiters: Sequence[tuple[Attempt, Deferral]]) -> None:
        """Run what these deferred attempts wait on."""

    def drop_trigger(self, attempt_id: str) -> None:
        """Nothing waits on that trigger any more."""


class ServedStore(TriggererStore, Protocol):
    """What a triggerer needs of the store."""

    def listen(self, wake: Callable[[], None], topic: Topic) -> Callable[[], None]:
        """See `slipstream.store.interface.SchedulerStore`."""

    def lease(self, name: str, holder: Holder) -> Lease | None:
        """See `slipstream.store.interface.AdminStore`."""


class TriggererService:
    """Works in threads of its own between `start` and `stop`."""

    def __init__(
        self,
        runner: TriggerRunner,
        store: ServedStore,
        *,
        lost: Callable[[str], None],
        changes: ChangeBoard | None = None,
        capacity: int | None = None,
        queues: Sequence[str] | None = None,
        team_name: str | None = None,
        name: str | None = None,
    ) -> None:
        """`lost` has to end the process with all that it started: others have its triggers.
        `changes` is what triggers that wait for other DAGs ask; None where they look by the clock.
        """
        self._runner = runner
        self._store = store
        self._lost = lost
        self._followed = None if changes is None else FollowedDags(store, changes)
        me = this_process()
        self._record = TriggererRecord(
            name=name or f"triggerer {new_uuid7()}",
            holder=me,
            capacity=capacity,
            queues=None if queues is None else tuple(queues),
            team_name=team_name,
        )
        self._lease = store.lease(self._record.name, me)
        self._jobs: SimpleQueue[TriggerEvents | None] = SimpleQueue()
        """Ends; an empty sequence where there may be orders, None for the end."""
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._stop_listening: Callable[[], None] = lambda: None
        self.number = 0
        """Its number in the store; 0 before it has one."""

    def start(self) -> None:
        """Be there for the scheduler. Raises `StoreError` where the store cannot be reached."""
        if self._lease is not None and not self._lease.try_take():
            raise SlipstreamError(f"The lease {self._record.name!r} is held by somebody else.")
        self._runner.set_trigger_listener(self._jobs.put)
        self._stop_listening = self._store.listen(lambda: self._jobs.put(()), Topic.TRIGGERS)
        self.number = self._store.add_triggerer(self._record)
        if self._followed is not None:
            self._followed.start(self.number, lambda: self._jobs.put(()))
        self._begin("triggerer", self._work)
        if self._lease is not None:
            self._begin("triggerer-lease", self._watch_lease)

    def stop(self) -> None:
        """Take no more orders, and leave the triggers to others."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._stop_listening()
        self._jobs.put(None)
        if self._lease is not None:
            self._lease.close()
        for thread in self._threads:
            thread.join()
        try:
            if self.number:
                self._store.remove_triggerer(self.number)
        except StoreError as error:
            _log.warning("The triggerer could not say that it ends: %s", error)
        if self._lease is not None:
            self._lease.give_back()

    def _begin(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _watch_lease(self) -> None:
        assert self._lease is not None
        if self._lease.wait_lost() and not self._stopped.is_set():
            self._lost("The connection that holds the triggerer's lease is lost.")

    def _work(self) -> None:
        self.take_orders()
        while (ends := self._jobs.get()) is not None:
            if not ends:
                self.take_orders()
                self.hear_of_changes()
            for attempt, event in ends:
                self.keep_end(attempt, event)

    def take_orders(self) -> None:
        """Run what is wanted, and let go of what is not needed any more."""
        while not self._stopped.is_set():
            try:
                taken = self._store.take_triggers(self.number)
                break
            except StoreError as error:
                _log.warning("Orders cannot be read yet: %s", error)
                self._stopped.wait(_PAUSE_SECONDS)
        else:
            return
        for name in taken.dropped:
            self._runner.drop_trigger(name)
        waiters = []
        for name, text in taken.wanted.items():
            try:
                order = order_of(text)
            except msgspec.MsgspecError as error:
                problem = Broken(error=f"the order of the trigger cannot be read: {error}")
                self._keep(name, result_text(problem))
                continue
            waiters.append((order.attempt, order.deferral))
        if waiters:
            self._runner.run_triggers(waiters)

    def hear_of_changes(self) -> None:
        """Tell triggers that wait for other DAGs of what has happened there."""
        while self._followed is not None and not self._stopped.is_set():
            try:
                self._followed.look()
                break
            except StoreError as error:
                _log.warning("Changes in other DAGs cannot be read yet: %s", error)
                self._stopped.wait(_PAUSE_SECONDS)

    def keep_end(self, attempt: Attempt, event: TriggerEnded) -> None:
        """Write what a trigger came to; one that is somebody else's by now is let go of."""
        if not self._keep(attempt.attempt_id, result_text(event.end)):
            self._runner.drop_trigger(attempt.attempt_id)

    def _keep(self, name: str, text: str) -> bool:
        while not self._stopped.is_set():
            try:
                return self._store.end_trigger(self.number, name, text)
            except StoreError as error:
                _log.warning("The end of a trigger is not kept yet: %s", error)
                self._stopped.wait(_PAUSE_SECONDS)
        return True
