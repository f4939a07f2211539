"""A child process whose output goes to the log line by line, and that may ask questions."""

from __future__ import annotations

import logging
import os
import selectors
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from slipstream.sdk import _process_tree
from slipstream.sdk.exceptions import AirflowException

_PIECE = 65536


class ChildProcess:
    """Runs one program to its end. `kill` may be called from a signal's handler.

    `hear` gets each line that the program writes to `channel`, the socket whose other end it was
    given, while everything happens in the calling thread.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str] | None,
        log: logging.Logger,
        *,
        channel: socket.socket | None = None,
        pass_on: Sequence[int] = (),
        hear: Callable[[bytes], None] = lambda line: None,
    ) -> None:
        """`pass_on` are descriptors that the program keeps."""
        self._command = list(command)
        self._environment = None if environment is None else dict(environment)
        self._log = log
        self._channel = channel
        self._pass_on = tuple(pass_on)
        self._hear = hear
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, started: Callable[[], None] = lambda: None) -> int:
        """Its exit code, once it has ended. Whatever interrupts this ends the program too.

        `started` is called when the program has its descriptors. Raises `AirflowException` where
        it cannot be started.
        """
        self._process = process = self._start()
        try:
            started()
            self._follow(process)
            return process.wait()
        except BaseException:
            self.kill()
            raise
        finally:
            assert process.stdout is not None
            process.stdout.close()

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=self._environment,
                pass_fds=self._pass_on,
            )
        except OSError as error:
            raise AirflowException(f"{self._command[0]} cannot be run: {error}.") from error

    def kill(self) -> None:
        """End the program with everything that it started."""
        if self._process is not None:
            _process_tree.end(self._process)

    def _follow(self, process: subprocess.Popen[bytes]) -> None:
        """Log what it prints and hear what it says until it has ended.

        What it leaves running in the background may hold its output open; nobody waits for that.
        """
        assert process.stdout is not None
        output, lines = _Lines(self._print), _Lines(self._hear)
        os.set_blocking(process.stdout.fileno(), False)
        with ExitStack() as stack:
            selector = stack.enter_context(selectors.DefaultSelector())
            end = os.pidfd_open(process.pid)
            stack.callback(os.close, end)
            selector.register(end, selectors.EVENT_READ)
            selector.register(process.stdout, selectors.EVENT_READ, output)
            if self._channel is not None:
                self._channel.setblocking(True)
                selector.register(self._channel, selectors.EVENT_READ, lines)
            while True:
                ready = [key for key, _ in selector.select()]
                for key in ready:
                    if key.data is not None and key.data.read(key.fd) == b"":
                        selector.unregister(key.fileobj)
                if any(key.data is None for key in ready):
                    break
        while output.read(process.stdout.fileno()):
            pass
        output.finish()

    def _print(self, line: bytes) -> None:
        self._log.info("%s", line.decode("utf-8", "backslashreplace").rstrip())


class _Lines:
    """Cuts what comes in pieces into lines."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._rest = b""

    def read(self, descriptor: int) -> bytes | None:
        """Take the next piece; None where there is none now, nothing where none will come."""
        try:
            piece = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            piece = b""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._take(line)
        return piece

    def finish(self) -> None:
        """What came last had no line break."""
        if self._rest:
            self._take(self._rest)
            self._rest = b""
