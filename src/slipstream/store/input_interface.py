"""What the store offers of what people are asked and do; see `interface`."""

from __future__ import annotations

from typing import Protocol, Self

from slipstream.model.input import InputRequest, InputResponse
from slipstream.model.run import TaskKey
from slipstream.store.audit_entry import AuditEntry
from slipstream.store.event_records import EventFilter, EventRecord, NewEvent
from slipstream.store.input_records import InputFilter, InputRecord
from slipstream.store.records import Page, Window


class InputStore(Protocol):
    """What tasks ask people, and the answers. A question is named by the attempt that asked it."""

    def ask_input(self, attempt_id: str, request: InputRequest) -> None:
        """Keep what an attempt asks people; raises `AttemptSupersededError` where it is fenced.

        An attempt that takes the place of a lost one, and asks the same, finds the answer that was
        given meanwhile.
        """

    def get_asked(
        self, run_pk: int, key: TaskKey, attempt_id: str
    ) -> tuple[InputRequest, InputResponse | None]:
        """What an attempt of that instance has asked, and the answer. Raises `NotFoundError`."""

    def answer_input(self, attempt_id: str, response: InputResponse) -> None:
        """Keep the answer to what that attempt has asked, and tell the scheduler.

        Raises `NotFoundError` where it has asked nothing, `ConflictError` where it was answered
        before or its instance does not wait any more.
        """

    def get_input(
        self, dag_id: str, run_id: str, key: TaskKey, *, try_number: int | None = None
    ) -> InputRecord:
        """What an instance asks, or has asked in its latest try or in that one.

        Raises `NotFoundError`.
        """

    def list_inputs(self, which: InputFilter, window: Window) -> Page[InputRecord]:
        """A page of what instances ask, or have asked in their latest try; the oldest first."""


class EventLogStore(Protocol):
    """What people have done: the audit log. Nothing in it is ever changed."""

    def log_event(self, what: NewEvent) -> int:
        """Keep an entry; gives its number."""

    def on_behalf(self, entry: AuditEntry) -> Self:
        """The same store, in which the first thing that is changed is written together with the
        entry, and the two of them or nothing. It needs no closing."""

    def get_event(self, pk: int) -> EventRecord:
        """Raises `NotFoundError`."""

    def list_events(self, which: EventFilter, window: Window) -> Page[EventRecord]:
        """A page of entries, by default in the order in which they were made."""
