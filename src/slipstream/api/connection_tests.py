"""Testing connections. A provider's hook does it, in a process of its own: what it imports, and
what hangs or crashes in it, is not the server's."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import BoundedSemaphore
from typing import Final

import msgspec

from slipstream.model.errors import SlipstreamError
from slipstream.runtime import lifeline, processes
from slipstream.runtime.connection_trial import Trial, Verdict
from slipstream.runtime.environment import lineage_of, task_environment
from slipstream.runtime.fresh import command_of
from slipstream.runtime.lifeline import Lifeline
from slipstream.runtime.masking import Masker, secrets_in
from slipstream.store.masked_settings import document_of
from slipstream.store.records import ConnectionRecord

_log = logging.getLogger(__name__)

_AT_ONCE: Final = 4
"""Tests that run at the same time; others wait."""


class ConnectionTester:
    """Tests connections, some at a time. All methods are safe from any thread."""

    def __init__(self, run_dir: Path, *, timeout_seconds: float = 60.0) -> None:
        """Nothing is started. `timeout_seconds` is what one test may take."""
        self._run_dir = run_dir
        self.timeout_seconds = timeout_seconds
        self._lifeline = Lifeline()
        self._room = BoundedSemaphore(_AT_ONCE)
        self._later = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="connection-tests")

    @property
    def longest(self) -> timedelta:
        """By when a test that was put off has surely ended, unless the server has."""
        return timedelta(seconds=10 * self.timeout_seconds)

    def test(self, connection: ConnectionRecord) -> Verdict:
        """What the hook of the connection's type says. No secret of it is in the message."""
        with self._room:
            verdict = self._tested(connection)
        secrets = [connection.password or ""]
        extra = document_of(connection.extra or "")
        secrets += secrets_in(extra, everything=False)
        message = Masker(secrets, min_length=1).mask(verdict.message)
        return Verdict(status=verdict.status, message=message)

    def test_later(
        self,
        connection: ConnectionRecord,
        begun: Callable[[], None],
        then: Callable[[Verdict], None],
    ) -> None:
        """Test in a thread; tells when it begins, and then what came of it."""

        def carry_out() -> None:
            try:
                begun()
                then(self.test(connection))
            except SlipstreamError:
                _log.exception("The test of the connection %s was not kept", connection.conn_id)

        self._later.submit(carry_out)

    def stop(self) -> None:
        """End what goes on."""
        self._lifeline.cut()
        self._later.shutdown(wait=False, cancel_futures=True)

    def _tested(self, connection: ConnectionRecord) -> Verdict:
        place = lifeline.new_place(self._lifeline.read_end)
        born = processes.start_time(os.getpid()) or 0
        try:
            process = subprocess.Popen(
                command_of("slipstream.runtime.connection_trial", place),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(place,),
                start_new_session=True,
                env=task_environment(os.environ, lineage_of(self._run_dir, os.getpid(), born)),
            )
        finally:
            os.close(place)
        with process:
            try:
                said, _ = process.communicate(_encoded(connection), self.timeout_seconds)
            except subprocess.TimeoutExpired:
                _end(process)
                return Verdict(
                    status=False, message=f"It took longer than {self.timeout_seconds:g} s."
                )
            finally:
                _end(process)
        try:
            return msgspec.json.decode(said, type=Verdict)
        except msgspec.DecodeError:
            how = processes.describe_exit(process.returncode)
            return Verdict(status=False, message=f"The process of the test ended ({how}).")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it with all that it has started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _encoded(connection: ConnectionRecord) -> bytes:
    return msgspec.json.encode(
        Trial(
            conn_id=connection.conn_id,
            conn_type=connection.conn_type,
            description=connection.description,
            host=connection.host,
            login=connection.login,
            password=connection.password,
            schema=connection.schema,
            port=connection.port,
            extra=connection.extra,
        )
    )
