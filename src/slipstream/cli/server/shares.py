"""How much of a part's work one process does, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from slipstream.api.auth.throttle import Guesses


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerShare:
    """Which triggers a triggerer of its own runs."""

    capacity: int | None = None
    """At most so many; None for no limit."""
    queues: tuple[str, ...] | None = None
    """Those of tasks of these queues; None for all."""
    team_name: str | None = None
    """Where there are teams: those of this team's DAGs; None for DAGs of no team."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileShare:
    """Which DAG files a DAG processor of its own loads."""

    bundles: tuple[str, ...] | None = None
    """Those of the bundles of these names; None for all."""
    rounds: int | None = None
    """It ends when each was loaded so many times; None for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassShare:
    """How many passes of its loop a scheduler of its own makes before it ends."""

    passes: int
    only_idle: bool
    """Whether only those count in which there was nothing to do."""
    idle_seconds: float
    """How long a pass waits for something to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiShare:
    """How the API is served besides what the settings say."""

    proxies: tuple[str, ...] = ()
    """Whose word counts for where a request came from, beside `[slipstream] trusted_proxies`."""
    fd: int | None = None
    """A socket that several processes accept from; None binds one."""
    guesses: Guesses | None = None
    """Failed logins that are counted for several processes; None counts them here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """What each part of a server takes on; everything, for ever, where nothing is said."""

    triggers: TriggerShare = TriggerShare()
    files: FileShare = FileShare()
    passes: PassShare | None = None
    api: ApiShare = ApiShare()


EVERYTHING: Final = Shares()
