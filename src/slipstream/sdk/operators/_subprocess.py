"""Running a command whose output goes to the task's log."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import NamedTuple

from slipstream.sdk._hook import BaseHook
from slipstream.sdk._types import UserValue


class SubprocessResult(NamedTuple):
    """How a command ended: its exit code and the last line that it printed."""

    exit_code: int
    output: str


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
        """Run it to its end. Without `cwd`, in a temporary folder that is removed afterwards."""
        self.log.info("Running command: %s", list(command))
        with contextlib.ExitStack() as stack:
            folder = cwd or stack.enter_context(TemporaryDirectory(prefix="slipstreamtmp"))
            process = stack.enter_context(
                subprocess.Popen(
                    list(command),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    stdin=subprocess.DEVNULL,
                    cwd=folder,
                    env=None if env is None else dict(env),
                )
            )
            self.sub_process = process
            self.log.info("Output:")
            line = ""
            assert process.stdout is not None
            for raw in process.stdout:
                line = raw.decode(output_encoding, errors="backslashreplace").rstrip()
                self.log.info("%s", line)
            code = process.wait()
        self.log.info("Command exited with return code %s", code)
        return SubprocessResult(code, line)

    def send_sigterm(self) -> None:
        """Ask the command to end, if it still runs."""
        process = self.sub_process
        if process is not None and process.poll() is None:
            self.log.info("Sending SIGTERM to the command (process %s)", process.pid)
            process.terminate()
