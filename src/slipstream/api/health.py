"""How the components are, from what they last showed of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from slipstream.api.call import Deployment
from slipstream.model.errors import SlipstreamError
from slipstream.store.records import ComponentHealth

SCHEDULER: Final = "scheduler"
TRIGGERER: Final = "triggerer"
DAG_PROCESSOR: Final = "dag_processor"


@dataclass(frozen=True, slots=True)
class Pulse:
    """A component's health: `healthy`, `unhealthy`, or None where there is no such component."""

    status: str | None
    latest: datetime | None

    @property
    def latest_text(self) -> str | None:
        """The last sign of life, as ISO 8601."""
        return self.latest.isoformat().replace("+00:00", "Z") if self.latest else None


@dataclass(frozen=True, slots=True)
class Health:
    """How the database and the components are."""

    database_answers: bool
    components: Mapping[str, Pulse]

    @property
    def is_well(self) -> bool:
        """Whether the database answers and every component that there is is healthy."""
        return self.database_answers and all(
            pulse.status in (None, "healthy") for pulse in self.components.values()
        )


def take_health(deployment: Deployment) -> Health:
    """Ask the database, and look at every component's last sign of life.

    A component of this process answers for itself; of the others the store has heartbeats.
    """
    stored: Mapping[str, ComponentHealth] = {}
    database_answers = True
    try:
        deployment.store.check()
        missing = {SCHEDULER, TRIGGERER, DAG_PROCESSOR} - deployment.signs_of_life.keys()
        if missing:
            stored = _latest_by_job(deployment)
    except SlipstreamError:
        database_answers = False
    return Health(
        database_answers,
        {job: _pulse(deployment, job, stored) for job in (SCHEDULER, TRIGGERER, DAG_PROCESSOR)},
    )


def _latest_by_job(deployment: Deployment) -> Mapping[str, ComponentHealth]:
    """Of several processes of one kind, the one that was heard last speaks for it."""
    by_age = sorted(
        (entry for entry in deployment.store.health() if entry.latest is not None),
        key=lambda entry: entry.latest.timestamp() if entry.latest else 0.0,
    )
    return {entry.job: entry for entry in by_age}


def _pulse(deployment: Deployment, job: str, stored: Mapping[str, ComponentHealth]) -> Pulse:
    ask = deployment.signs_of_life.get(job)
    if ask is None and job not in stored:
        return Pulse(None, None)
    latest = ask() if ask else stored[job].latest
    oldest = deployment.clock() - timedelta(seconds=deployment.settings.unhealthy_after_seconds)
    lives = latest is not None and latest >= oldest
    return Pulse("healthy" if lives else "unhealthy", latest)
