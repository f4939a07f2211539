"""A hook that runs commands; their output goes to the task's log."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import NamedTuple

from slipstream.sdk import _process_tree
from slipstream.sdk._hook import BaseHook
from slipstream.sdk._types import UserValue


class SubprocessResult(NamedTuple):
    """How a command ended: its exit code and the last line that it printed."""

    exit_code: int
    output: str


@contextlib.contextmanager
def working_directory(cwd: str | None = None) -> Iterator[str]:
    """The folder, or a temporary one that is removed afterwards."""
    if cwd is not None:
        yield cwd
        return
    with TemporaryDirectory(prefix="airflowtmp") as folder:
        yield folder


class SubprocessHook(BaseHook):
    """Runs one command at a time, in the task's own process group, so that ending the task ends
    the command and everything it started."""

    def __init__(self, **kwargs: UserValue) -> None:
        super().__init__(**kwargs)
        self.sub_process: subprocess.Popen[bytes] | None = None

    def run_command(
        self,
        command: Sequence[str],
        env: Mapping[str, str] | None = None,
        output_encoding: str = "utf-8",
        cwd: str | None = None,
    ) -> SubprocessResult:
        """Run it to its end; whatever interrupts that ends the command, too.

        `env` replaces the environment. Without `cwd` it starts in a temporary folder.
        """
        self.log.info("Running command: %s", list(command))
        with working_directory(cwd) as folder:
            process = subprocess.Popen(
                list(command),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=None if env is None else dict(env),
            )
            self.sub_process = process
            try:
                line = self._log_output(process, output_encoding)
                code = process.wait()
            except BaseException:
                self.send_sigterm()
                raise
        self.log.info("Command exited with return code %s", code)
        return SubprocessResult(code, line)

    def _log_output(self, process: subprocess.Popen[bytes], encoding: str) -> str:
        """The last line of the output."""
        self.log.info("Output:")
        line = ""
        assert process.stdout is not None
        with process.stdout:
            for raw in process.stdout:
                line = raw.decode(encoding, errors="backslashreplace").rstrip()
                self.log.info("%s", line)
        return line

    def send_sigterm(self) -> None:
        """Ask the command and all that it started to end; kill what does not."""
        if self.sub_process is not None:
            _process_tree.end(self.sub_process)
