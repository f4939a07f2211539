"""What an operation works with: the deployment, and who is asking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

from slipstream.api.announcements import Announce
from slipstream.api.auth.throttle import Guesses
from slipstream.api.auth.user import User
from slipstream.api.live.feed import LiveFeed
from slipstream.api.plugin_apps.orders import Told
from slipstream.api.settings import ApiSettings
from slipstream.model.attempt import Attempt
from slipstream.store.audit import watched
from slipstream.store.audit_entry import AuditEntry
from slipstream.store.errors import WouldWaitError
from slipstream.store.event_records import Door
from slipstream.store.interface import Store
from slipstream.store.triggering import AskTimetable
from slipstream.wire.messages import LogRead
from slipstream.wire.questions import Answered, TimetableQuestion

if TYPE_CHECKING:
    from slipstream.api.connection_tests import ConnectionTester

SignsOfLife: TypeAlias = Mapping[str, Callable[[], datetime | None]]
"""`{component: gives when it last showed that it lives}` of what runs in this process."""


RemoteLogReader: TypeAlias = Callable[[Attempt, datetime | None], "Future[LogRead]"]
"""Reads the log of an attempt that ended then."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What every operation shares."""

    store: Store
    settings: ApiSettings
    signs_of_life: SignsOfLife = field(default_factory=dict)
    live: LiveFeed = field(default_factory=LiveFeed)
    """What is told of this server's changes."""
    clock: Callable[[], datetime] = utc_now
    plugins: Callable[[], Told] = Told
    """What the plugins add; waits until it is known."""
    announce: Announce | None = None
    """Tells listeners of plugins what happens; None where there are none."""
    metrics: Callable[[], str] | None = None
    """This server's metrics as text; None where it keeps none."""
    ask_timetable: AskTimetable | None = None
    """Asks timetables of users; None where this process has no other one to ask them in."""
    connection_tester: ConnectionTester | None = None
    """Tests connections; None where that is not allowed."""
    guesses: Guesses = field(default_factory=lambda: Guesses(0))
    """Bounds how often passwords and codes may be guessed."""
    read_remote_log: RemoteLogReader | None = None
    """Reads logs that are kept elsewhere; None where they are not."""


def _would_wait(question: TimetableQuestion, version_id: str) -> Answered:
    raise WouldWaitError(f"The timetable of {question.dag_id!r} ({version_id}) is to be asked.")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, on behalf of one user."""

    deployment: Deployment
    address: str | None
    """Where the request came from, where that is known."""
    user: User
    dag_ids: frozenset[str] | None = None
    """The DAGs that the user may do this in; None for all."""
    entry: AuditEntry | None = None
    """What the audit log will say; None where it says nothing."""
    door: Door = Door.REST_API
    base_url: Callable[[], str] = str
    """Where the server is, as the request has it: scheme, host and port."""
    readmit: Callable[[], frozenset[str] | None] | None = None
    """Asks the gate again, for answers that go on: the DAGs that the user may do this in now (None
    for all). Raises like the gate."""
    may_wait: bool = True
    """Whether this is a thread of the request's own."""

    @property
    def store(self) -> Store:
        """The deployment's store, as far as the user may see it."""
        store = self.deployment.store
        if self.entry is not None:
            store = store.on_behalf(self.entry)
        if self.dag_ids is not None:
            from slipstream.api.auth.restricted import restricted

            store = restricted(store, self.dag_ids)
        return store if self.entry is None else watched(store, self.entry.changes)

    @property
    def settings(self) -> ApiSettings:
        """The deployment's settings."""
        return self.deployment.settings

    @property
    def ask_timetable(self) -> AskTimetable | None:
        """Asks timetables of users, where that is possible."""
        ask = self.deployment.ask_timetable
        return ask if ask is None or self.may_wait else _would_wait

    def now(self) -> datetime:
        """The present moment."""
        return self.deployment.clock()
