"""One process in charge: it works, others wait, and one of them goes on when it is gone."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from slipstream.model.errors import SlipstreamError
from slipstream.runtime import processes
from slipstream.store.errors import StoreUnavailableError
from slipstream.store.leases import Holder, Lease, LeaseLostError, LeftBehind

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 0.5
"""Between two tries to reach a database that is away. It cannot tell when it is back."""


class InCharge:
    """Waits for a lease, begins to work under it, and sees to it that it ends with it.

    `begin` is called once with the epoch, in the caller's thread of `start` or in one of its own.
    `lost` is called, with a reason, when another process may go on: whatever was begun must end
    at once, all of it within half of `lease_seconds`.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        begin: Callable[[int], None],
        lost: Callable[[str], None],
        lease_seconds: float,
        is_gone: Callable[[Holder], bool] | None = None,
    ) -> None:
        """`is_gone` says whether a process is known to be no more, with all that it started."""
        self._lease = lease
        self._begin = begin
        self._lost = lost
        self._lease_seconds = lease_seconds
        self._is_gone = is_gone or is_gone_from_here
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._epoch = 0
        self._is_given_back = False

    @property
    def epoch(self) -> int:
        """The term that it is in charge in; 0 while it waits."""
        return self._epoch

    def start(self) -> None:
        """Begin at once where nobody else is in charge; otherwise when nobody else is."""
        if self._lease.try_take():
            before = self._lease.before()
            if self._has_ended(before):
                self._take_charge()
        else:
            before = self._lease.before()
            who = "somebody" if before is None else _name(before.holder)
            _log.warning(
                "Another scheduler is in charge of this database (%s). This one waits, and takes "
                "over when that one is gone.",
                who,
            )
        self._thread = threading.Thread(target=self._run, name="in-charge", daemon=True)
        self._thread.start()

    def stop_waiting(self) -> None:
        """Begin no more. What was begun goes on, until `give_back`."""
        self._stopped.set()
        self._lease.close()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
            self._thread = None

    def give_back(self) -> None:
        """What was begun has ended: the next one need not wait. May be called twice."""
        self.stop_waiting()
        if not self._is_given_back:
            self._is_given_back = True
            self._lease.give_back()

    def _run(self) -> None:
        try:
            if self._epoch == 0 and not self._wait_and_begin():
                return
            while self._lease.wait_lost():
                _log.warning("The connection that holds the scheduler's lease is lost.")
                self._regain()
        except Exception as error:  # noqa: BLE001 - whatever it is, what was begun must end
            if self._stopped.is_set():
                return
            if not isinstance(error, SlipstreamError):
                _log.exception("Being in charge failed")
            self._lost(str(error))

    def _wait_and_begin(self) -> bool:
        """Take charge when it is this one's turn; False when it is not to begin any more."""
        while not self._stopped.is_set():
            try:
                if not self._lease.take():
                    return False
                before = self._lease.before()
                if not self._has_ended(before) and not self._outlive(before):
                    return False
                self._take_charge()
            except StoreUnavailableError as error:
                _log.warning("%s", error)
                self._stopped.wait(_PAUSE_SECONDS)
            else:
                return True
        return False

    def _take_charge(self) -> None:
        self._epoch = self._lease.begin()
        if self._epoch > 1:
            _log.warning("This scheduler is in charge now, in term %d.", self._epoch)
        self._begin(self._epoch)

    def _has_ended(self, before: LeftBehind | None) -> bool:
        """Whether nothing that an earlier holder began can still run."""
        return before is None or before.gave_back or self._is_gone(before.holder)

    def _outlive(self, before: LeftBehind | None) -> bool:
        """Give the one before the time to notice, and to end what it began."""
        assert before is not None
        _log.warning(
            "The scheduler that was in charge (%s) has left without a word; this one takes over "
            "in %g s.",
            _name(before.holder),
            self._lease_seconds,
        )
        return not self._stopped.wait(self._lease_seconds)

    def _regain(self) -> None:
        """Hold the lease again, in the same term. Raises what says that this cannot be."""
        deadline = time.monotonic() + self._lease_seconds / 2
        while not self._stopped.is_set():
            try:
                if self._lease.try_retake(self._epoch):
                    return
            except LeaseLostError:
                raise
            except StoreUnavailableError as error:
                _log.warning("%s", error)
            if time.monotonic() > deadline:
                raise LeaseLostError("The scheduler's lease could not be had again in time.")
            self._stopped.wait(_PAUSE_SECONDS)


def this_process() -> Holder:
    """The calling process, as others may know it."""
    pid = os.getpid()
    mark = f"{_machine()}|{pid}|{processes.start_time(pid)}"
    return Holder(hostname=os.uname().nodename, pid=pid, mark=mark)


def is_gone_from_here(holder: Holder) -> bool:
    """Whether the process ran where this one does, and is no more; False where that is not known.

    What it had started ends with it: the kernel sees to that.
    """
    machine, _, process = holder.mark.partition("|")
    pid, _, started = process.partition("|")
    if machine != _machine() or not pid.isdigit():
        return False
    return str(processes.start_time(int(pid))) != started or not processes.is_alive(int(pid))


def _machine() -> str:
    """This boot of this machine, and this space of process numbers on it."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {os.readlink('/proc/self/ns/pid')}"


def _name(holder: Holder) -> str:
    return f"process {holder.pid} on {holder.hostname}"
