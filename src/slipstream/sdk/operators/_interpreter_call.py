"""Calling one function in another Python interpreter."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import socket
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from slipstream.sdk._function_source import FunctionSource
from slipstream.sdk._running import get_backend
from slipstream.sdk._types import UserValue
from slipstream.sdk.exceptions import AirflowException, AirflowSkipException
from slipstream.sdk.operators import _interpreter_values as values
from slipstream.sdk.operators._child_process import ChildProcess
from slipstream.sdk.operators._interpreter_values import Arguments, Target

_ERROR = "error.json"
"""Where the interpreter leaves what went wrong; see `_interpreter_child.note_error`."""


class InterpreterTracebackError(Exception):
    """The traceback of an error in another interpreter, as the cause of the error here."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpreterCall:
    """A function, and how it is called in the interpreter `python`."""

    python: str
    source: FunctionSource
    serializer: str
    arguments: Callable[[Target], Arguments]
    """The arguments, once the interpreter has said what it is."""
    environment: Mapping[str, str]
    string_args: Sequence[str] = ()
    expect_airflow: bool = True
    skip_on_exit_code: Container[int] = ()


def call_in_interpreter(
    call: InterpreterCall, log: logging.Logger, note: Callable[[ChildProcess], None]
) -> UserValue:
    """What the function returns there.

    `note` is given the process before it starts, so that it can be killed. Raises
    `AirflowException` where the function raised something or its process failed,
    `AirflowSkipException` for an exit code that skips.
    """
    with TemporaryDirectory(prefix="slipstream-call-") as folder:
        exit_code, began = _run(call, Path(folder), log, note)
        if not began and not (Path(folder) / _ERROR).exists():
            raise AirflowException(
                f"{call.python} ended with exit code {exit_code} before {call.source.name}() was "
                f"called. It has to be Python 3.7 or newer; what it said stands above in the log."
            )
        if exit_code in call.skip_on_exit_code:
            raise AirflowSkipException(f"The function ended with exit code {exit_code}: skipped.")
        if exit_code != 0:
            raise _error(call, Path(folder), exit_code)
        return values.read_result(call.serializer, Path(folder) / "result", call.python)


def _run(
    call: InterpreterCall,
    folder: Path,
    log: logging.Logger,
    note: Callable[[ChildProcess], None],
) -> tuple[int, bool]:
    """The exit code, and whether the function was called."""
    _write_call(call, folder)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        talk = _Talk(call, folder, ours, log)
        child = ChildProcess(
            [call.python, str(folder / "child.py"), str(folder), str(theirs.fileno())],
            call.environment,
            log,
            channel=ours,
            pass_on=[theirs.fileno()],
            hear=talk.hear,
        )
        note(child)
        log.info("Calling %s() with %s", call.source.name, call.python)
        return child.run(started=theirs.close), talk.has_begun


def _write_call(call: InterpreterCall, folder: Path) -> None:
    child = Path(__file__).with_name("_interpreter_child.py")
    (folder / "child.py").write_text(child.read_text("utf-8"), "utf-8")
    (folder / "function.py").write_text(call.source.text, "utf-8")
    described = {
        "function": call.source.name,
        "module": call.source.module,
        "file": call.source.file,
        "line": call.source.line,
        "serializer": call.serializer,
        "string_args": list(call.string_args),
        "expect_airflow": call.expect_airflow,
    }
    (folder / "call.json").write_text(json.dumps(described), "utf-8")


class _Talk:
    """Answers what the interpreter says."""

    def __init__(
        self, call: InterpreterCall, folder: Path, channel: socket.socket, log: logging.Logger
    ) -> None:
        self._call = call
        self._folder = folder
        self._channel = channel
        self._log = log
        self.has_begun = False
        """Whether the interpreter knows what to call the function with."""

    def hear(self, line: bytes) -> None:
        """Answer one message."""
        message = json.loads(line)
        if "hello" in message:
            target = Target.of(message["hello"])
            arguments = self._call.arguments(target)
            text = values.dump(self._call.serializer, arguments, target)
            (self._folder / "arguments").write_bytes(text)
            self._tell({"protocol": pickle.HIGHEST_PROTOCOL})
            self.has_begun = True
        else:
            answer = _answer(pickle.loads(base64.b64decode(message["ask"])))  # noqa: S301 - the task's own code asks
            self._tell({"answer": base64.b64encode(pickle.dumps(answer)).decode()})

    def _tell(self, message: object) -> None:
        try:
            self._channel.sendall(json.dumps(message).encode() + b"\n")
        except (BrokenPipeError, ConnectionResetError):
            self._log.debug("The interpreter has ended before it was answered.")


def _answer(question: tuple[str, tuple[UserValue, ...], dict[str, UserValue]]) -> UserValue:
    """`(answer, None)`, or `(None, error)`."""
    name, args, kwargs = question
    backend = get_backend()
    if backend is None:
        return None, AirflowException(f"No task is running here that {name}() could be asked of.")
    try:
        return getattr(backend, name)(*args, **kwargs), None
    except Exception as error:  # noqa: BLE001 - raised there, where it was asked
        return None, error


def _error(call: InterpreterCall, folder: Path, exit_code: int) -> AirflowException:
    noted = folder / _ERROR
    if not noted.exists():
        how = f"was killed by signal {-exit_code}" if exit_code < 0 else f"exited with {exit_code}"
        return AirflowException(f"The process of {call.source.name}() in {call.python} {how}.")
    told = json.loads(noted.read_text("utf-8"))
    error = AirflowException(
        f"{call.source.name}() failed in {call.python}: {told['type']}: {told['message']}"
    )
    error.__cause__ = InterpreterTracebackError(told["traceback"])
    return error
