"""Everything that one process runs, put together: all of a server except for HTTP."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from slipstream.executors.local import LocalExecutor
from slipstream.model.attempt import Attempt
from slipstream.runtime.host import ProcessHost
from slipstream.runtime.jobs import Source
from slipstream.runtime.settings import HostSettings
from slipstream.services.dag_files import DagFolder
from slipstream.services.dag_processor import DagProcessor
from slipstream.services.execution import ExecutionService
from slipstream.services.janitor import HEARTBEAT_SECONDS, Chore, Janitor
from slipstream.services.scheduler import Scheduler
from slipstream.store.interface import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """How a server runs, as plain values."""

    folders: Sequence[DagFolder]
    host: HostSettings
    parallelism: int = 32
    """Attempts at the same time: `[core] parallelism`."""
    stop_grace_seconds: float = 5.0
    """What running tasks get to end in when the server stops."""
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    chores: Sequence[Chore] = ()


class Standalone:
    """A process host, a scheduler, a DAG processor and a janitor over one store.

    The store is the caller's: migrated before, closed after.
    """

    def __init__(self, store: Store, settings: ServerSettings) -> None:
        self._store = store
        self._settings = settings
        service = ExecutionService(store)
        self.host = ProcessHost(settings.host, service.answer)
        executor = LocalExecutor(self.host, settings.parallelism, self._find_source)
        self.scheduler = Scheduler(store, executor)
        self.processor = DagProcessor(store, self.host, settings.folders)
        self.signs_of_life: Mapping[str, Callable[[], datetime | None]] = {
            "scheduler": lambda: self.scheduler.last_sign_of_life,
            "dag_processor": lambda: self.processor.last_sign_of_life,
        }
        """`{component: moment when it last showed that it lives}`, for the health endpoint."""
        self._janitor = Janitor(
            store,
            self.signs_of_life,
            settings.chores,
            heartbeat_seconds=settings.heartbeat_seconds,
        )
        self.ready = threading.Event()
        """Set once the active runs are rebuilt and events are taken."""

    def start(self) -> None:
        """Start everything; gives control back once runs go on. DAG files may still be loading."""
        self.host.start()
        self.scheduler.start()
        self.processor.start()
        self._janitor.start()
        self.ready.set()

    def stop(self) -> None:
        """End everything: running tasks get the grace, and are started again by the next server."""
        self.ready.clear()
        self._janitor.stop()
        self.processor.stop()
        self.scheduler.stop(self._settings.stop_grace_seconds)
        self.host.stop(0.0)

    def _find_source(self, attempt: Attempt) -> Source:
        version = self._store.get_version(attempt.run.version_id)
        return Source(
            fileloc=version.fileloc,
            source_hash=version.source_hash,
            read=lambda: self._store.get_sources(version.source_hash),
        )
