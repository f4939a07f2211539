"""One process of triggers as the host holds it, and the triggers in it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import msgspec

from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Broken, Deferral, Fired, TriggerEnd
from slipstream.runtime import processes
from slipstream.runtime.log_files import LogFile
from slipstream.runtime.task_handle import TaskProcess
from slipstream.wire import messages

_log = logging.getLogger(__name__)


class HeldTrigger:
    """A trigger that was asked for and not dropped, or that was dropped and is not gone."""

    __slots__ = (
        "attempt",
        "deferral",
        "group",
        "has_ended",
        "is_suspect",
        "log",
        "number",
        "watches",
    )

    def __init__(
        self, number: int, attempt: Attempt, deferral: Deferral, *, watches: bool = False
    ) -> None:
        """One that `watches` goes on after an event; its attempt is made up."""
        self.number = number
        self.attempt = attempt
        self.deferral = deferral
        self.group: TriggerGroup | None = None
        self.has_ended = False
        """Whether its end was told."""
        self.is_suspect = False
        """Whether a process has died that it ran in."""
        self.log: LogFile | None = None
        self.watches = watches

    @property
    def name(self) -> str:
        """What it is known by."""
        return self.attempt.attempt_id

    def order(self, folder: Path) -> messages.TriggerOrder:
        """What its process is told."""
        attempt = self.attempt
        return messages.TriggerOrder(
            attempt_id=attempt.attempt_id,
            number=self.number,
            classpath=self.deferral.classpath,
            kwargs=self.deferral.kwargs,
            dag_id=attempt.run.dag_id,
            run_id=attempt.run.run_id,
            task_id=attempt.task_id,
            map_index=attempt.map_index,
            try_number=attempt.try_number,
            fileloc=attempt.fileloc,
            dags_folder=str(folder),
            watches=self.watches,
        )


class GroupListener(Protocol):
    """Who is told of what happens in a process of triggers."""

    def folder_of(self, path: Path) -> Path:
        """The DAGs folder of a file."""

    def on_said(
        self,
        group: TriggerGroup,
        held: HeldTrigger | None,
        said: messages.LogLine | messages.Ask | messages.Mask,
    ) -> None:
        """A trigger, or what runs beside them, logs, asks, or wants something hidden."""

    def on_end(self, held: HeldTrigger, end: TriggerEnd) -> None:
        """A trigger has come to its end."""

    def on_outdated(self, group: TriggerGroup, turned_away: Iterable[HeldTrigger]) -> None:
        """The process has old code and takes no more triggers; these it has not taken."""

    def on_empty(self, group: TriggerGroup) -> None:
        """No trigger is left in it."""

    def on_death(self, group: TriggerGroup, how: str, *, had_begun: bool) -> None:
        """The process is gone, or never came to be."""


class TriggerGroup:
    """The occupant of a process of triggers. All methods are the reactor's thread's."""

    def __init__(self, listener: GroupListener, triggers: Iterable[HeldTrigger]) -> None:
        self._listener = listener
        self._process: TaskProcess | None = None
        self.triggers: dict[str, HeldTrigger] = {}
        """All that the process has, those too that were dropped and are not gone."""
        self.began = time.monotonic()
        self.is_over = False
        """Whether it takes no more triggers."""
        self.last_used = self.began
        self.is_watched = False
        """Whether somebody looks after it once it has been idle for a while."""
        for held in triggers:
            self._take(held)

    @property
    def pid(self) -> int | None:
        """The process's number, once it is known."""
        return None if self._process is None else self._process.pid

    def occupy(self, process: TaskProcess) -> None:
        """Work in this process."""
        self._process = process
        process.assign(self)

    def add(self, triggers: Iterable[HeldTrigger]) -> None:
        """Run these as well."""
        orders = [self._take(held) for held in triggers]
        self._send(messages.RunTriggers(triggers=orders))

    def keep(self, held: HeldTrigger) -> None:
        """The last event of a trigger that watches was kept."""
        self._send(messages.KeepTrigger(attempt_id=held.name))

    def drop(self, held: HeldTrigger) -> None:
        """Nothing waits on the trigger any more."""
        self._send(messages.DropTrigger(attempt_id=held.name))

    def end(self, grace_seconds: float) -> None:
        """Let the triggers tidy up, and end the process."""
        self.is_over = True
        self._send(messages.EndTriggers())
        if self._process is not None:
            self._process.end_within(grace_seconds)

    def retire(self) -> None:
        """Nothing is left in the process: let it end."""
        self.is_over = True
        if self._process is not None:
            self._process.retire()

    def reply(self, reply: messages.Reply) -> None:
        """Answer a request. Safe from any thread."""
        self._send(reply)

    # What the process says.

    def first_message(self) -> messages.ToTask:
        """The triggers that it begins with."""
        return messages.RunTriggers(triggers=[self._order(of) for of in self.triggers.values()])

    def on_begun(self, pid: int) -> None:
        """The process runs."""
        self.began = time.monotonic()
        _log.debug("process %d runs triggers", pid)

    def on_message(self, message: messages.FromTask) -> None:
        """Something arrived."""
        match message:
            case messages.TriggerSaid():
                held = self.triggers.get(message.attempt_id)
                self._listener.on_said(self, held, message.said)
            case messages.TriggerDone():
                self._on_done(message)
            case messages.TriggerGone():
                self._on_gone(message.attempt_id)
            case messages.TriggersOutdated():
                names = message.attempt_ids
                turned = [self.triggers.pop(name) for name in names if name in self.triggers]
                self._listener.on_outdated(self, turned)
            case _:
                _log.error("a process of triggers sent %s", type(message).__name__)

    def on_line(self, stream: str, line: str) -> None:
        """Something below Python wrote a line; whose it is cannot be known."""
        _log.info("triggers wrote to %s: %s", stream, line)

    def on_stillborn(self, reason: str) -> None:
        """There never was a process."""
        self._listener.on_death(self, reason, had_begun=False)

    def on_exited(self, status: int | None) -> None:
        """Nothing of the process is left."""
        how = processes.describe_exit(status)
        self._listener.on_death(self, how, had_begun=True)

    def _on_done(self, done: messages.TriggerDone) -> None:
        held = self.triggers.get(done.attempt_id)
        if held is None or held.has_ended:
            return
        end: TriggerEnd
        try:
            end = messages.unpack_trigger_end(done)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            end = Broken(error=f"the trigger's end cannot be read: {error}")
        held.has_ended = not (held.watches and isinstance(end, Fired))
        self._listener.on_end(held, end)

    def _on_gone(self, name: str) -> None:
        self.triggers.pop(name, None)
        if not self.triggers:
            self._listener.on_empty(self)

    def _take(self, held: HeldTrigger) -> messages.TriggerOrder:
        held.group = self
        held.has_ended = False
        self.last_used = time.monotonic()
        self.triggers[held.name] = held
        return self._order(held)

    def _order(self, held: HeldTrigger) -> messages.TriggerOrder:
        return held.order(self._listener.folder_of(Path(held.attempt.fileloc)))

    def _send(self, message: messages.ToTask) -> None:
        if self._process is not None:
            self._process.send(message)
