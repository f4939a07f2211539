"""What tasks ask people, and the answers, as values of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from slipstream.model.input import InputRequest, InputResponse
from slipstream.model.run import TaskKey
from slipstream.model.states import TaskState
from slipstream.store.records import InstanceFilter, InstanceInRun, Range

ASKING: Final = frozenset(
    {TaskState.QUEUED, TaskState.RUNNING, TaskState.DEFERRED, TaskState.AWAITING_INPUT}
)
"""States of an instance whose attempt has asked people, and that an answer still helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFilter:
    """Which questions of tasks to people. None does not restrict."""

    instance: InstanceFilter = field(default_factory=InstanceFilter)
    """Of which task instances."""
    response_received: bool | None = None
    responded_by_ids: Sequence[str] | None = None
    responded_by_names: Sequence[str] | None = None
    subject_pattern: str | None = None
    body_pattern: str | None = None
    created_at: Range = field(default_factory=Range)


@dataclass(frozen=True, slots=True, kw_only=True)
class InputRecord:
    """What a try of a task instance asks, or has asked, and the answer."""

    attempt_id: str
    """The attempt that asked."""
    try_number: int
    created_at: datetime
    request: InputRequest
    response: InputResponse | None
    """None as long as nobody has answered."""
    asked_by: InstanceInRun
    """The instance as it is now."""

    @property
    def is_open(self) -> bool:
        """Whether an answer would still help."""
        instance = self.asked_by.instance
        counts = instance.attempt_id == self.attempt_id and instance.state in ASKING
        return counts and self.response is None


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenInput:
    """An answer that a task can go on with."""

    run_pk: int
    key: TaskKey
    attempt_id: str
    event: str
    """JSON text."""
