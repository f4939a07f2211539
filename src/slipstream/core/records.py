"""What is known of an instance that is, or was, under way."""

from __future__ import annotations

from datetime import datetime

from slipstream.model.deferral import Deferral
from slipstream.model.run import TaskInstance


class Record:
    """The changing part of a task instance, save for its state."""

    __slots__ = (
        "attempt_id",
        "deferral",
        "end_date",
        "holds_places",
        "hostname",
        "losses",
        "max_tries",
        "not_before",
        "pid",
        "queued_at",
        "rendered_map_index",
        "reschedules",
        "scheduled_at",
        "start_date",
        "try_number",
    )

    def __init__(self, max_tries: int) -> None:
        self.try_number = 0
        self.max_tries = max_tries
        self.attempt_id: str | None = None
        """The latest attempt, as long as the instance's try goes on; then None."""
        self.losses = 0
        self.reschedules = 0
        self.not_before: datetime | None = None
        self.scheduled_at: datetime | None = None
        self.queued_at: datetime | None = None
        self.start_date: datetime | None = None
        self.end_date: datetime | None = None
        self.hostname = ""
        self.pid: int | None = None
        self.rendered_map_index: str | None = None
        self.deferral: Deferral | None = None
        """What the try waits on, or has waited on last."""
        self.holds_places = False

    @classmethod
    def of(cls, instance: TaskInstance) -> Record:
        """The record of an instance read from the store."""
        record = cls(instance.max_tries)
        record.try_number = instance.try_number
        record.attempt_id = instance.attempt_id
        record.losses = instance.losses
        record.reschedules = instance.reschedules
        record.not_before = instance.not_before
        record.scheduled_at = instance.scheduled_at
        record.queued_at = instance.queued_at
        record.start_date = instance.start_date
        record.end_date = instance.end_date
        record.hostname = instance.hostname
        record.pid = instance.pid
        record.rendered_map_index = instance.rendered_map_index
        return record

    def begin_new_try(self) -> None:
        """Forget what belonged to the last try."""
        self.attempt_id = None
        self.losses = 0
        self.reschedules = 0
        self.start_date = None
        self.hostname = ""
        self.pid = None
