"""A mixin for operators that start a job elsewhere: a later try finds the job again."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from slipstream.sdk._types import UserValue

if TYPE_CHECKING:
    from slipstream.model.json import JsonValue
    from slipstream.sdk._context import Context


class ResumableJobMixin(ABC):
    """Keeps the id of a job of another system across the tries of a task.

    Write `class MyOperator(ResumableJobMixin, BaseOperator)`, say with the methods below how the
    other system is asked, and let `execute` return `self.execute_resumable(context)`. A process
    that is lost while it waits then costs nothing: the next try goes on with the job that runs.
    With `durable=False` every try starts a job of its own.
    """

    if TYPE_CHECKING:
        log: logging.Logger

    external_id_key: str = "remote_job_id"
    """Under which key of the task's state the id is kept."""

    def __init__(self, *, durable: bool = True, **kwargs: UserValue) -> None:
        super().__init__(**kwargs)
        self.durable = durable

    def execute_resumable(self, context: Context) -> UserValue:
        """Start the job, or go on with the one of an earlier try; gives its result.

        A job of an earlier try that runs is waited for, one that succeeded is not run again, and
        in the place of any other a new one is started. A process that dies between the start of a
        job and the keeping of its id leaves a job that nobody knows of.
        """
        store = context["task_state_store"] if self.durable else None
        known = None if store is None else store.get(self.external_id_key)
        if known:
            status = self.get_job_status(known, context)
            if self.is_job_active(status):
                self.log.info("Job %s of an earlier try is %s: waiting for it", known, status)
                # What waiting gives is the result then, as in Airflow.
                waited: UserValue = self.poll_until_complete(known, context)
                return waited
            if self.is_job_succeeded(status):
                self.log.info("Job %s of an earlier try has succeeded already", known)
                return self.get_job_result(known, context)
            self.log.warning("Job %s of an earlier try is %s: starting anew", known, status)
        job = self.submit_job(context)
        if store is not None and job is not None:
            store.set(self.external_id_key, job)
        self.poll_until_complete(job, context)
        return self.get_job_result(job, context)

    @abstractmethod
    def submit_job(self, context: Context) -> JsonValue:
        """Start the job; gives its id there. None is not kept."""

    @abstractmethod
    def get_job_status(self, external_id: JsonValue, context: Context) -> str:
        """What the other system says of the job, in its own words."""

    @abstractmethod
    def is_job_active(self, status: str) -> bool:
        """Whether a job of that status still runs."""

    @abstractmethod
    def is_job_succeeded(self, status: str) -> bool:
        """Whether a job of that status has ended well."""

    @abstractmethod
    def poll_until_complete(self, external_id: JsonValue, context: Context) -> None:
        """Wait for the job's end. Raises where it failed."""

    @abstractmethod
    def get_job_result(self, external_id: JsonValue, context: Context) -> UserValue:
        """What the task returns once the job has succeeded."""
