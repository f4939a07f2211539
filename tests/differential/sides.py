"""The two sides, each a process that runs many files and answers line by line.

A job is `{"dag_id", "source", "conf", "steps"}`, each step `{"date", "clear", "order"}`: it makes
the run of that date, or goes on with it. An answer has `steps`, each with the `run`, `states`,
`tries`, `xcoms` and `trace` that it left; or `error` where the file could not be loaded or run.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

FOLDER = Path(__file__).resolve().parent
START_LIMIT_SECONDS = 300
JOB_LIMIT_SECONDS = 900

Answer: TypeAlias = dict[str, object]


class SideError(Exception):
    """A side could not be started."""


class Side:
    """One process; started when it is first asked, and again after it was lost."""

    def __init__(self, name: str, command: Sequence[str], home: Path, more: Mapping[str, str]):
        self.name = name
        self._command = command
        self._home = home
        self._more = more
        self._process: subprocess.Popen[str] | None = None
        self._answers = -1
        self._rest = b""

    def ask(self, job: Mapping[str, object]) -> Answer:
        """What the side says of a job."""
        if self._process is None:
            self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        except OSError:
            self.close()
            return {"error": "the side's process has ended"}
        answer = self._line(JOB_LIMIT_SECONDS)
        if answer is None:
            self.close()
            return {"error": f"no answer within {JOB_LIMIT_SECONDS} s, or the process has ended"}
        return answer

    def _start(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        read, write = os.pipe()
        unwanted = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
        kept = {of: text for of, text in os.environ.items() if of not in unwanted}
        with (self._home / "output.txt").open("w") as output:
            self._process = subprocess.Popen(
                [*self._command, str(write), str(self._home)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                pass_fds=[write],
                env={**kept, **self._more},
                start_new_session=True,
            )
        os.close(write)
        self._answers, self._rest = read, b""
        if self._line(START_LIMIT_SECONDS) is None:
            said = (self._home / "output.txt").read_text()[-2000:]
            self.close()
            raise SideError(f"{self.name} did not start; its last words were:\n{said}")

    def _line(self, limit_seconds: float) -> Answer | None:
        until = time.monotonic() + limit_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, until - time.monotonic())):
                    return None
                part = os.read(self._answers, 65536)
                if not part:
                    return None
                self._rest += part
        line, _, self._rest = self._rest.partition(b"\n")
        answer: Answer = json.loads(line)
        return answer

    def close(self) -> None:
        """End the process."""
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        os.close(self._answers)
        self._process = None


def slipstream(python: str, home: Path) -> Side:
    """Our side."""
    path = f"{FOLDER.parents[1] / 'src'}{os.pathsep}{FOLDER}"
    command = [python, str(FOLDER / "slipstream_side.py")]
    return Side("Slipstream", command, home, {"PYTHONPATH": path})


def airflow(python: str, home: Path) -> Side:
    """Airflow's side."""
    return Side("Airflow", [python, str(FOLDER / "airflow_side.py")], home, {})
