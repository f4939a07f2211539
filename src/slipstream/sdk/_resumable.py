"""Operators that find the job again which an earlier try has started elsewhere."""

from __future__ import annotations

from abc import ABC, abstractmethod

from slipstream.model.json import JsonValue
from slipstream.sdk._context import Context
from slipstream.sdk._types import UserValue


class ResumableJobMixin(ABC):
    """Starts one job on another system and waits for it; the next try goes on waiting.

    The job's id is remembered under `external_id_key` before the waiting begins. Between the start
    and that moment a crash loses the id, and the next try starts a second job.
    """

    external_id_key: str = "remote_job_id"

    def __init__(self, *, durable: bool = True, **kwargs: UserValue) -> None:
        """Without `durable` every try starts a job of its own."""
        super().__init__(**kwargs)
        self.durable = durable

    def execute_resumable(self, context: Context) -> UserValue:
        """What the job gives. Started here, unless one of an earlier try runs or has succeeded."""
        memory = context["task_state_store"] if self.durable else None
        external_id = memory.get(self.external_id_key) if memory is not None else None
        if external_id is not None:
            status = self.get_job_status(external_id, context)
            if self.is_job_succeeded(status):
                return self.get_job_result(external_id, context)
            if not self.is_job_active(status):
                external_id = None
        if external_id is None:
            external_id = self.submit_job(context)
            if memory is not None:
                memory.set(self.external_id_key, external_id)
        self.poll_until_complete(external_id, context)
        return self.get_job_result(external_id, context)

    @abstractmethod
    def submit_job(self, context: Context) -> JsonValue:
        """Start the job; its id on the other system."""

    @abstractmethod
    def get_job_status(self, external_id: JsonValue, context: Context) -> str:
        """How the job stands, in the other system's words."""

    @abstractmethod
    def is_job_active(self, status: str) -> bool:
        """Whether a job that stands so can still be waited for."""

    @abstractmethod
    def is_job_succeeded(self, status: str) -> bool:
        """Whether a job that stands so has succeeded."""

    @abstractmethod
    def poll_until_complete(self, external_id: JsonValue, context: Context) -> None:
        """Wait for the job's end. Raises where it failed."""

    @abstractmethod
    def get_job_result(self, external_id: JsonValue, context: Context) -> UserValue:
        """What the job gave; None where there is nothing."""
