"""Logs on their way elsewhere and back, as the host holds them.

One process carries all of them. What it was asked when it died is asked of another one, once.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slipstream.model.attempt import Attempt
from slipstream.model.errors import SlipstreamError
from slipstream.runtime import masking, processes
from slipstream.runtime.conversation import Surroundings, secrets_of_answer
from slipstream.runtime.log_files import log_path_of
from slipstream.runtime.task_handle import TaskProcess
from slipstream.wire import execution, messages

_log = logging.getLogger(__name__)


class RemoteLogError(SlipstreamError):
    """A log that is kept elsewhere could not be read."""


@dataclass(slots=True)
class _Order:
    message: messages.ShipLog | messages.ReadLog
    result: Future[messages.LogRead] = field(default_factory=Future)
    is_second: bool = False


class LogCarrier:
    """The occupant of the process of logs. All methods are the reactor's thread's."""

    def __init__(self, around: Surroundings, fork: Callable[[], TaskProcess]) -> None:
        """`fork` gives a process that becomes one of logs."""
        self._around = around
        self._fork = fork
        self._process: TaskProcess | None = None
        self._orders: dict[int, _Order] = {}
        self._numbers = itertools.count(1)
        self._masker = masking.Masker(
            around.settings.secrets, min_length=around.settings.min_secret_length
        )
        self._is_stopping = False

    @property
    def has_ended(self) -> bool:
        """Whether it was stopped and no process is left."""
        return self._is_stopping and self._process is None

    def ship(self, attempt: Attempt) -> None:
        """The attempt's log is complete for now: keep it elsewhere."""
        number = next(self._numbers)
        path = log_path_of(attempt).as_posix()
        end_date = datetime.now(UTC)
        order = messages.ShipLog(number=number, path=path, attempt=attempt, end_date=end_date)
        self._give(number, _Order(order))

    def read(
        self, attempt: Attempt, end_date: datetime | None, result: Future[messages.LogRead]
    ) -> None:
        """Read the attempt's log back; the result fails with `RemoteLogError`."""
        number = next(self._numbers)
        path = log_path_of(attempt).as_posix()
        order = messages.ReadLog(number=number, path=path, attempt=attempt, end_date=end_date)
        self._give(number, _Order(order, result))

    def stop(self, grace_seconds: float) -> None:
        """Finish what was ordered within the grace, and end the process."""
        self._is_stopping = True
        if self._process is not None:
            self._process.send(messages.EndLogs())
            self._process.end_within(grace_seconds)

    def _give(self, number: int, order: _Order) -> None:
        if self._is_stopping and self._process is None:
            order.result.cancel()
            return
        self._orders[number] = order
        if self._process is None:
            self._process = self._fork()
            self._process.assign(self)
        self._process.send(order.message)

    # What the process says.

    def first_message(self) -> messages.ToTask:
        """A reply to nothing: the orders follow."""
        return messages.Reply(number=0, answer=execution.Done())

    def on_begun(self, pid: int) -> None:
        """The process runs."""
        _log.debug("process %d carries logs", pid)

    def on_message(self, message: messages.FromTask) -> None:
        """Something arrived."""
        match message:
            case messages.TriggerSaid(said=messages.LogLine() as line):
                text = "".join([line.event, *(f"\n{more}" for more in line.extra.values())])
                level = logging.getLevelNamesMapping().get(line.level.upper(), logging.INFO)
                _log.log(level, "remote logs: %s", self._masker.mask(text))
            case messages.TriggerSaid(said=messages.Mask(secrets=secrets)):
                self._masker.add(secrets)
            case messages.TriggerSaid(said=messages.Ask() as ask):
                self._around.pool.submit(self._answer, ask)
            case messages.LogShipped():
                self._on_shipped(message)
            case messages.LogRead():
                self._on_read(message)
            case _:
                _log.error("the process of logs sent %s", type(message).__name__)

    def on_line(self, stream: str, line: str) -> None:
        """Something below Python wrote a line."""
        _log.info("remote logs wrote to %s: %s", stream, line)

    def on_stillborn(self, reason: str) -> None:
        """There never was a process."""
        self._on_gone(reason)

    def on_exited(self, status: int | None) -> None:
        """Nothing of the process is left."""
        self._on_gone(processes.describe_exit(status))

    def _on_shipped(self, shipped: messages.LogShipped) -> None:
        order = self._orders.pop(shipped.number, None)
        if order is not None and shipped.error is not None:
            _log.error(
                "The log %s stays on this machine: %s",
                order.message.path,
                self._masker.mask(shipped.error),
            )

    def _on_read(self, read: messages.LogRead) -> None:
        order = self._orders.pop(read.number, None)
        if order is None or order.result.cancelled():
            return
        if read.error is None:
            order.result.set_result(read)
        else:
            order.result.set_exception(RemoteLogError(self._masker.mask(read.error)))

    def _on_gone(self, how: str) -> None:
        self._process = None
        left, self._orders = self._orders, {}
        if left and not self._is_stopping:
            _log.error("The process that carries logs has ended: %s", how)
        for number, order in left.items():
            if order.is_second or self._is_stopping:
                self._on_lost(order, how)
            else:
                order.is_second = True
                self._give(number, order)

    def _on_lost(self, order: _Order, how: str) -> None:
        if isinstance(order.message, messages.ShipLog):
            _log.error("The log %s stays on this machine: %s", order.message.path, how)
        elif not order.result.cancelled():
            order.result.set_exception(RemoteLogError(f"the process that reads logs ended: {how}"))

    def _answer(self, ask: messages.Ask) -> None:
        """In a thread of the pool: connections and variables, as for files that are loaded."""
        try:
            found = self._around.answer(None, ask.request)
            answer = found.result() if isinstance(found, Future) else found
        except Exception as error:  # noqa: BLE001 - it is told to the process, which decides
            _log.exception("a request of remote logs could not be answered")
            answer = execution.Refused(code="internal", message=f"{type(error).__name__}: {error}")
        self._masker.add(
            secrets_of_answer(ask.request, answer, self._around.settings.sensitive_names)
        )
        process = self._process
        if process is not None:
            process.send(messages.Reply(number=ask.number, answer=answer))
