"""The socket between a process of triggers and the process host, safe for threads.

What arrives is taken by a thread of its own: a trigger may ask something and wait, in the event
loop's thread or in another one.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextvars import ContextVar

from slipstream.runtime import interrupts
from slipstream.runtime.link import accepted
from slipstream.wire import execution, messages
from slipstream.wire.frames import BlockingConnection, ConnectionLostError, pack

current_trigger: ContextVar[str] = ContextVar("current_trigger", default="")
"""The attempt whose trigger the running code belongs to; empty where it belongs to none."""


class TriggerLink:
    """Asks, logs and reports, each in the name of the trigger that does it."""

    def __init__(self, connection: BlockingConnection) -> None:
        self._connection = connection
        self._sending = threading.RLock()
        self._numbers = itertools.count(1)
        self._asked: dict[int, Future[execution.Answer]] = {}

    def send(self, message: messages.FromTask) -> None:
        """Tell the host something."""
        if isinstance(message, messages.LogLine | messages.Ask | messages.Mask):
            message = messages.TriggerSaid(attempt_id=current_trigger.get(), said=message)
        data = pack(message)
        with interrupts.DEFERRED, self._sending:
            self._connection.send_packed(data)

    def mask(self, secrets: Sequence[str]) -> None:
        """Hide these texts in the logs of triggers from now on."""
        self.send(messages.Mask(secrets=list(secrets)))

    def ask(self, request: execution.Request) -> execution.Answer:
        """The answer to a request. Raises the `SlipstreamError` that a refusal stands for."""
        number = next(self._numbers)
        answer = self._asked[number] = Future()
        try:
            self.send(messages.Ask(number=number, request=request))
            return accepted(answer.result())
        finally:
            self._asked.pop(number, None)

    async def ask_async(self, request: execution.Request) -> execution.Answer:
        """The answer to a request; waiting for it costs no thread."""
        number = next(self._numbers)
        answer: Future[execution.Answer] = Future()
        # A trigger that is dropped gives up waiting; the answer comes all the same.
        answer.set_running_or_notify_cancel()
        self._asked[number] = answer
        self.send(messages.Ask(number=number, request=request))
        return accepted(await asyncio.wrap_future(answer))

    def listen(
        self, deliver: Callable[[messages.ToTask], None], on_end: Callable[[], None]
    ) -> None:
        """Take what arrives until the host closes the socket; in a thread of its own."""
        try:
            while True:
                message = messages.decode_to_task(self._connection.receive())
                if isinstance(message, messages.Reply):
                    self._answered(message)
                else:
                    deliver(message)
        except ConnectionLostError as error:
            for waiting in list(self._asked.values()):
                waiting.set_exception(error)
            on_end()

    def _answered(self, reply: messages.Reply) -> None:
        asked = self._asked.pop(reply.number, None)
        if asked is not None:
            asked.set_result(reply.answer)
