"""The program that calls one function in another Python interpreter.

Its text is run as a script by interpreters that know nothing of Slipstream and may be older than
the one that Slipstream needs: it uses the standard library of Python 3.7 and nothing else.

It gets a folder and the number of a socket. It says over the socket what it is, waits until the
arguments lie in the folder, calls the function and leaves there what came of it. While the function
runs, the socket carries its questions for variables, connections and XComs.
"""

from __future__ import annotations
import __future__

import base64
import json
import os
import pickle
import socket
import sys
import threading
import traceback
import types
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder


class Channel:
    """Lines of JSON to the task's process and back."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._lines = self._socket.makefile("rb")
        self._lock = threading.Lock()
        self._pid = os.getpid()

    def tell(self, **message: object) -> None:
        """Send one message."""
        self._socket.sendall(json.dumps(message).encode() + b"\n")

    def hear(self) -> dict[str, str]:
        """Wait for one message."""
        line = self._lines.readline()
        if not line:
            raise EOFError("The task's process has gone away.")
        message: dict[str, str] = json.loads(line.decode())
        return message

    def ask(self, name: str, args: object, kwargs: object) -> object:
        """What the backend of the task's process answers to that call."""
        if os.getpid() != self._pid:
            raise RuntimeError(
                f"{name}() was called in a process that the function has forked; ask before."
            )
        question = base64.b64encode(pickle.dumps((name, args, kwargs))).decode()
        with self._lock:
            self.tell(ask=question)
            heard = self.hear()
        answer, error = pickle.loads(base64.b64decode(heard["answer"]))  # noqa: S301 - of the task
        if error is not None:
            raise error
        return answer


class Backend:
    """Hands every question on to the task's process."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *args, **kwargs: self._channel.ask(name, args, kwargs)


class FirstImport:
    """Prepares the authoring API in this process when it is imported for the first time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: types.ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Prepare, and let the others find it."""
        if name not in ("airflow", "slipstream.sdk") or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        airflow_is_installed = PathFinder.find_spec("airflow") is not None
        backend = __import__("slipstream.sdk._backend", fromlist=["current_backend"])
        backend.current_backend.set(Backend(self._channel))
        if not airflow_is_installed:
            __import__("slipstream.compat", fromlist=["install"]).install()
        # The list has changed while whoever asks goes through it.
        specs = (finder.find_spec(name, path, target) for finder in list(sys.meta_path))
        return next((spec for spec in specs if spec is not None), None)


def describe(expects_airflow: bool) -> dict[str, object]:
    """What the task's process has to know before it writes the arguments."""
    return {
        "python": list(sys.version_info[:3]),
        "protocol": pickle.HIGHEST_PROTOCOL,
        "pendulum": _pendulum_version(),
        "slipstream": _slipstream_version() if expects_airflow else None,
    }


def _pendulum_version() -> str | None:
    if PathFinder.find_spec("pendulum") is None:
        return None
    try:
        from importlib.metadata import version
    except ImportError:
        return str(__import__("pendulum").__version__)
    return version("pendulum")


def _slipstream_version() -> str | None:
    if PathFinder.find_spec("slipstream") is None:
        return None
    found = __import__("slipstream").__version__
    return found if sys.version_info >= (3, 11) else None


def make_main(call: dict[str, object], serializer: object) -> types.ModuleType:
    """The module that the function is defined in: the main one, as pickles mention it."""
    main = types.ModuleType("__main__")
    main.__dict__.update(os=os, sys=sys, virtualenv_string_args=call["string_args"])
    main.__dict__[str(call["serializer"])] = serializer
    sys.modules["__main__"] = main
    return main


def define(call: dict[str, object], source: str, main: types.ModuleType) -> object:
    """The function. Its lines keep the numbers that they have in their file."""
    padded = "\n" * (int(str(call["line"])) - 1) + source
    # Annotations may name what only the DAG file imports.
    flags = __future__.annotations.compiler_flag
    code = compile(padded, str(call["file"]), "exec", flags, dont_inherit=True)
    exec(code, main.__dict__)  # noqa: S102 - calling the function is what this is for
    function = main.__dict__[str(call["function"])]
    module = str(call["module"])
    if module not in sys.modules:
        # Pickled arguments may mention the function by the module that the DAG file is there.
        sys.modules[module] = types.ModuleType(module)
        setattr(sys.modules[module], str(call["function"]), function)
    return function


def call_function(folder: str, call: dict[str, object], channel: Channel) -> None:
    """Do it, and leave what was returned in the folder."""
    serializer = __import__(str(call["serializer"]))
    main = make_main(call, serializer)
    channel.tell(hello=describe(bool(call["expect_airflow"])))
    protocol = min(int(channel.hear()["protocol"]), pickle.HIGHEST_PROTOCOL)
    with open(os.path.join(folder, "function.py"), encoding="utf-8") as text:
        function = define(call, text.read(), main)
    with open(os.path.join(folder, "arguments"), "rb") as file:
        given = serializer.load(file)
    result = function(*given["args"], **given["kwargs"])  # type: ignore[operator]  # it is one
    if hasattr(result, "__await__"):
        import asyncio

        async def wait() -> object:
            return await result

        result = asyncio.run(wait())
    if result is not None:
        with open(os.path.join(folder, "result"), "wb") as left:
            serializer.dump(result, left, protocol)


def note_error(folder: str, error: Exception) -> None:
    """Leave in the folder what went wrong; the frames of this file are nobody's business."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    lines = traceback.format_exception(type(error), error, frames)
    noted = {
        "type": type(error).__qualname__,
        "message": str(error),
        "traceback": "".join(lines),
    }
    with open(os.path.join(folder, "error.json"), "w", encoding="utf-8") as file:
        json.dump(noted, file)


def main(folder: str, descriptor: int) -> int:
    """Run as a program. Gives its exit code."""
    # The folder of this script is no place to import from.
    del sys.path[0]
    channel = Channel(descriptor)
    try:
        with open(os.path.join(folder, "call.json"), encoding="utf-8") as file:
            call = json.load(file)
        if call["expect_airflow"] and sys.version_info >= (3, 11):
            sys.meta_path.insert(0, FirstImport(channel))
        sys.argv = [call["file"]]
        call_function(folder, call, channel)
    except Exception as error:  # noqa: BLE001 - the task's process raises it
        note_error(folder, error)
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
