"""Noticing that a process is no more, without asking again and again.

Where the database has leases, the process holds one by its name; who waits for it is woken by the
database. Otherwise all are on one machine, and the kernel tells.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from slipstream.services.in_charge import is_gone_from_here, this_process
from slipstream.store.errors import StoreError
from slipstream.store.leases import Holder, Lease

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
"""Between two tries to reach a database that is away."""


class LeaseStore(Protocol):
    """What watching needs of the store."""

    def lease(self, name: str, holder: Holder) -> Lease | None:
        """See `slipstream.store.interface.AdminStore`."""


class LifeWatch:
    """Calls a function once, in a thread of its own, when a process is gone."""

    def __init__(
        self, store: LeaseStore, name: str, holder: Holder, on_gone: Callable[[], None]
    ) -> None:
        """`name` is that of the lease which the process holds."""
        self._holder = holder
        self._on_gone = on_gone
        self._lease = store.lease(name, this_process())
        self._stopped = threading.Event()
        self._stop_reader, self._stop_writer = os.pipe()
        self._thread = threading.Thread(target=self._run, name="triggerer-life", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()
        os.write(self._stop_writer, b"\0")
        if self._lease is not None:
            self._lease.close()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        try:
            is_gone = self._outwait() if self._lease is None else self._outlast(self._lease)
        finally:
            if self._lease is not None:
                self._lease.give_back()
        if is_gone and not self._stopped.is_set():
            self._on_gone()

    def _outlast(self, lease: Lease) -> bool:
        while not self._stopped.is_set():
            try:
                return lease.take()
            except StoreError as error:
                _log.warning("Whether a triggerer lives cannot be asked: %s", error)
                self._stopped.wait(_PAUSE_SECONDS)
        return False

    def _outwait(self) -> bool:
        try:
            process = os.pidfd_open(self._holder.pid)
        except OSError:
            return True
        try:
            if not is_gone_from_here(self._holder):
                select.select([process, self._stop_reader], [], [])
        finally:
            with suppress(OSError):
                os.close(process)
        return not self._stopped.is_set()
