"""What the store offers of components, and of what is asked of them; see `interface`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence, Set
from datetime import datetime
from typing import Protocol

from slipstream.store.component_records import (
    ConnectionTrial,
    JobFilter,
    JobRecord,
    JobState,
    TrialState,
)
from slipstream.store.records import ComponentHealth, Page, Window


class ComponentStore(Protocol):
    """Components and their jobs."""

    def heartbeat(self, job: str, hostname: str, pid: int) -> None:
        """Say that a component is alive; the health endpoint reads it. The first time begins a
        job."""

    def end_jobs(self, hostname: str, pid: int, state: JobState) -> None:
        """That process works no more, or is another one than before: its jobs have ended."""

    def list_jobs(self, which: JobFilter, window: Window) -> Page[JobRecord]:
        """A page of jobs, by default in the order in which they began."""

    def health(self) -> Sequence[ComponentHealth]:
        """What the components that have not ended last said, on each host the newest."""


class RequestStore(Protocol):
    """What people ask of the server, and what they put first for themselves."""

    def request_parse(self, bundle_name: str, relative_fileloc: str) -> str:
        """Have a DAG file loaded again, and wake those who listen; gives its path. Raises
        `NotFoundError`."""

    def take_parse_requests(self, is_mine: Callable[[str], bool] | None = None) -> Sequence[str]:
        """Remove and give the files that are to be loaded again; with `is_mine`, those of which it
        is true, and the others stay."""

    def begin_connection_trial(self, token_hash: str, conn_id: str, ends_by: datetime) -> None:
        """Keep that a connection is being tested. Raises `ConflictError` while another test of it
        goes on. Tests that are long over are forgotten."""

    def note_connection_trial(
        self, token_hash: str, state: TrialState, message: str | None = None
    ) -> None:
        """Keep how far it is."""

    def get_connection_trial(self, token_hash: str) -> ConnectionTrial:
        """Raises `NotFoundError`. One that should have ended long ago has failed."""

    def set_favorite(self, dag_id: str, username: str, favorite: bool) -> bool:
        """Put the DAG first for that user, or no longer; False where it was so already. Raises
        `NotFoundError`."""

    def favorites_of(self, username: str, dag_ids: Collection[str]) -> Set[str]:
        """Those of the DAGs that the user has put first."""
