"""Triggers in processes of their own: one for all of them, and more where one has died.

A process that dies costs its triggers nothing but time: they are run anew. Of triggers that a
second process dies with, each half gets a process of its own, until the one is found that kills
them. It fails; the others have hardly noticed.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from slipstream.model.attempt import Attempt
from slipstream.model.deferral import Broken, Deferral, EndsTask, TriggerEnd
from slipstream.model.events import TriggerEnded
from slipstream.runtime import masking
from slipstream.runtime.conversation import HOST_LOGGER, Surroundings, secrets_of_answer
from slipstream.runtime.log_files import LogFile, log_path_of
from slipstream.runtime.trigger_group import HeldTrigger, TriggerGroup
from slipstream.wire import execution, messages

_log = logging.getLogger(__name__)

_SETTLED_SECONDS = 60.0
"""Who has run for so long with others is not suspected of a later death."""
_PAUSE_SECONDS = 0.2
"""Between the death of a process that had hardly begun and the next one."""


class TriggerHost:
    """Runs triggers. All methods are the reactor's thread's."""

    def __init__(
        self,
        around: Surroundings,
        *,
        occupy: Callable[[TriggerGroup], None],
        folder_of: Callable[[Path], Path],
        emit: Callable[[Attempt, TriggerEnded], None],
    ) -> None:
        """`occupy` gives a group a process; `emit` takes what triggers come to."""
        self._around = around
        self._occupy = occupy
        self._emit = emit
        self.folder_of = folder_of
        self._masker = masking.Masker(
            around.settings.secrets, min_length=around.settings.min_secret_length
        )
        self._numbers = itertools.count(1)
        self._held: dict[str, HeldTrigger] = {}
        self._groups: set[TriggerGroup] = set()
        self._current: TriggerGroup | None = None
        """The group that takes new triggers."""
        self._stopping = False

    @property
    def is_idle(self) -> bool:
        """Whether no process is left."""
        return not self._groups

    @property
    def pids(self) -> Sequence[int]:
        """The processes, as far as their numbers are known."""
        return [group.pid for group in self._groups if group.pid is not None]

    def run(self, waiters: Sequence[tuple[Attempt, Deferral]], *, watches: bool = False) -> None:
        """Run these triggers; one that runs already goes on, one that has ended runs anew.

        Those that `watches` go on after an event, once `keep` was called for it.
        """
        if self._stopping:
            return
        wanted = []
        for attempt, deferral in waiters:
            known = self._held.get(attempt.attempt_id)
            if known is not None and not known.has_ended:
                continue
            held = HeldTrigger(next(self._numbers), attempt, deferral, watches=watches)
            self._held[held.name] = held
            wanted.append(held)
        self._place(wanted)

    def keep(self, attempt_id: str) -> None:
        """The last event of a trigger that watches was kept; it goes on."""
        held = self._held.get(attempt_id)
        if held is not None and held.group is not None:
            held.group.keep(held)

    def drop(self, attempt_id: str) -> None:
        """Nothing waits on the trigger any more; an unknown one is ignored."""
        held = self._held.pop(attempt_id, None)
        if held is None or held.group is None:
            return
        if not held.has_ended:
            self._say(held, "info", f"The trigger {held.deferral.classpath} is not needed any more")
        held.group.drop(held)

    def stop(self, grace_seconds: float) -> None:
        """Run no more triggers: they tidy up, and go on with the next server."""
        self._stopping = True
        for group in list(self._groups):
            group.end(grace_seconds)

    # What groups tell.

    def on_said(
        self,
        group: TriggerGroup,
        held: HeldTrigger | None,
        said: messages.LogLine | messages.Ask | messages.Mask,
    ) -> None:
        """See `GroupListener`."""
        match said:
            case messages.LogLine():
                self._take_line(held, said)
            case messages.Mask():
                self._masker.add(said.secrets)
            case messages.Ask():
                attempt = None if held is None else held.attempt
                self._around.pool.submit(self._answer, group, attempt, said)

    def on_end(self, held: HeldTrigger, end: TriggerEnd) -> None:
        """See `GroupListener`."""
        if self._held.get(held.name) is not held:
            return
        match end:
            case Broken(error=error):
                end = Broken(
                    error=self._masker.mask(error), traceback=self._masker.mask(end.traceback)
                )
                self._say(held, "error", f"The trigger {held.deferral.classpath} failed: {error}")
            case EndsTask(state=state):
                self._say(held, "info", f"The trigger ends the task as {state}")
            case _:
                self._say(held, "info", f"The trigger {held.deferral.classpath} has fired")
        event = TriggerEnded(held.attempt.key, held.name, datetime.now(UTC), end)
        self._emit(held.attempt, event)
        if isinstance(end, EndsTask):
            # Its last lines are written at the end of this round.
            self._around.reactor.call_after(0, partial(self._around.log_complete, held.attempt))

    def on_outdated(self, group: TriggerGroup, turned_away: Iterable[HeldTrigger]) -> None:
        """See `GroupListener`."""
        group.is_over = True
        if self._current is group:
            self._current = None
        self._place([held for held in turned_away if self._held.get(held.name) is held])
        if not group.triggers:
            group.retire()

    def on_empty(self, group: TriggerGroup) -> None:
        """See `GroupListener`."""
        if group.is_over or group is not self._current:
            group.retire()
        elif not group.is_watched:
            group.is_watched = True
            self._look_after(group)

    def on_death(self, group: TriggerGroup, how: str, *, had_begun: bool) -> None:
        """See `GroupListener`."""
        self._groups.discard(group)
        if self._current is group:
            self._current = None
        left = [
            held
            for held in group.triggers.values()
            if self._held.get(held.name) is held and not held.has_ended
        ]
        for held in group.triggers.values():
            held.group = None
        if self._stopping or not left:
            return
        _log.error("A process with %d triggers has died: %s. They are run anew.", len(left), how)
        lived = time.monotonic() - group.began
        suspects = [held for held in left if held.is_suspect and lived < _SETTLED_SECONDS]
        suspects = suspects if had_begun else []
        for held in left:
            held.is_suspect = held.is_suspect or had_begun
        if len(suspects) == 1 and len(left) == 1:
            suspects[0].has_ended = True
            self.on_end(left[0], Broken(error=f"the process that it ran in has died twice: {how}"))
            return
        half = (len(left) + 1) // 2 if len(suspects) == len(left) else len(left)
        is_first = half == len(left)
        for some in (left[:half], left[half:]):
            self._around.reactor.call_after(
                0.0 if lived > _SETTLED_SECONDS else _PAUSE_SECONDS,
                partial(self._start_again, some, may_grow=is_first),
            )

    # How.

    def _place(self, wanted: Sequence[HeldTrigger]) -> None:
        if not wanted:
            return
        if self._current is None:
            self._current = self._open(wanted)
        else:
            self._current.add(wanted)

    def _open(self, triggers: Sequence[HeldTrigger]) -> TriggerGroup:
        group = TriggerGroup(self, triggers)
        self._groups.add(group)
        self._occupy(group)
        return group

    def _start_again(self, triggers: Sequence[HeldTrigger], *, may_grow: bool) -> None:
        """Give triggers whose process has died another one."""
        left = [held for held in triggers if self._held.get(held.name) is held]
        if not left or self._stopping:
            return
        group = self._open(left)
        if may_grow and self._current is None:
            self._current = group

    def _look_after(self, group: TriggerGroup) -> None:
        """End the process once it has had no trigger for a while."""
        left = self._around.settings.triggers_idle_seconds
        if not group.triggers:
            left -= time.monotonic() - group.last_used
        if self._current is not group:
            return
        if left > 0:
            self._around.reactor.call_after(left, partial(self._look_after, group))
        elif not group.triggers:
            self._current = None
            group.retire()

    def _answer(self, group: TriggerGroup, attempt: Attempt | None, ask: messages.Ask) -> None:
        """In a thread of the pool: answer one request. The trigger waits, whatever happens."""
        try:
            answer = self._around.answer(attempt, ask.request)
            if isinstance(answer, Future):
                answer.add_done_callback(lambda later: self._reply(group, ask, later.result()))
            else:
                self._reply(group, ask, answer)
        except Exception as error:  # noqa: BLE001 - it is told to the trigger, which decides
            _log.exception("a request of a trigger could not be answered")
            refused = execution.Refused(code="internal", message=f"{type(error).__name__}: {error}")
            group.reply(messages.Reply(number=ask.number, answer=refused))

    def _reply(self, group: TriggerGroup, ask: messages.Ask, answer: execution.Answer) -> None:
        names = self._around.settings.sensitive_names
        self._masker.add(secrets_of_answer(ask.request, answer, names))
        group.reply(messages.Reply(number=ask.number, answer=answer))

    def _take_line(self, held: HeldTrigger | None, line: messages.LogLine) -> None:
        if held is None:
            level = logging.getLevelNamesMapping().get(line.level.upper(), logging.INFO)
            text = "".join([line.event, *(f"\n{more}" for more in line.extra.values())])
            _log.log(level, "triggers: %s", self._masker.mask(text))
            return
        if line.logger == messages.TRIGGERER_LOGGER:
            attempt = held.attempt
            _log.warning(
                "%s of task %s in run %s of DAG %s: %s",
                held.deferral.classpath,
                attempt.task_id,
                attempt.run.run_id,
                attempt.run.dag_id,
                self._masker.mask(line.event),
            )
        self._log_of(held).add(
            timestamp=line.timestamp,
            level=line.level,
            logger=line.logger,
            event=line.event,
            extra=line.extra,
        )

    def _say(self, held: HeldTrigger, level: str, event: str) -> None:
        self._log_of(held).add(timestamp=time.time(), level=level, logger=HOST_LOGGER, event=event)

    def _log_of(self, held: HeldTrigger) -> LogFile:
        """The task's log, which is about to be written to."""
        if held.log is None:
            path = self._around.settings.log_dir / log_path_of(held.attempt)
            held.log = LogFile(path, self._masker, stays_open=False)
        self._around.mark_dirty(held.log)
        return held.log
