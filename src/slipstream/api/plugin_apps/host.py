"""The process of plugins as the server holds it: started where there are plugins, and again when it
has died and is needed."""

from __future__ import annotations

import itertools
import logging
import os
import socket
import subprocess
import threading
from collections.abc import Iterable
from pathlib import Path

import msgspec

from slipstream.api.plugin_apps.happenings import (
    COMPONENT_HOOKS,
    ComponentChanged,
    Happening,
    hooks_of,
)
from slipstream.api.plugin_apps.orders import (
    Serve,
    Served,
    Told,
    decode_from_plugins,
)
from slipstream.model.errors import SlipstreamError
from slipstream.runtime import lifeline, processes
from slipstream.runtime.environment import lineage_of, task_environment
from slipstream.runtime.fresh import command_of
from slipstream.runtime.lifeline import Lifeline
from slipstream.wire.frames import BlockingConnection, ConnectionLostError, pack

_log = logging.getLogger(__name__)

_EXIT_SECONDS = 3.0
_LISTENER_SECONDS = 5.0
"""What listeners of one component may take."""
_OF_AIRFLOWS_WEB_SERVER = ("appbuilder_views", "flask_blueprints")


class PluginsUnavailableError(SlipstreamError):
    """The process of plugins does not answer."""


class PluginHost:
    """Owns the process. All methods are safe from any thread."""

    def __init__(self, run_dir: Path, *, load_seconds: float = 30.0) -> None:
        """Nothing is started. `load_seconds`: what loading all plugins may take."""
        self._run_dir = run_dir
        self._load_seconds = load_seconds
        self._lock = threading.Lock()
        self._lifeline = Lifeline()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: BlockingConnection | None = None
        self._told: Told | None = None
        self._first = threading.Event()
        self._numbers = itertools.count(1)
        self._is_stopped = False

    def start(self, components: Iterable[str] = ()) -> None:
        """Load the plugins in the background, and tell those who listen that these components
        start."""
        names = tuple(components)
        thread = threading.Thread(target=self._begin, args=(names,), name="plugins", daemon=True)
        thread.start()

    def told(self) -> Told:
        """What the plugins add. Waits until it is known."""
        self._first.wait(self._load_seconds + _EXIT_SECONDS)
        return self._told or _failed("They have not been loaded in time.")

    def connect(self) -> socket.socket:
        """A socket to the process for one request. Raises `PluginsUnavailableError`."""
        ours, theirs = socket.socketpair()
        with theirs, self._lock:
            try:
                self._hand_over(theirs)
            except (OSError, SlipstreamError) as error:
                ours.close()
                raise PluginsUnavailableError(
                    f"The process that serves plugins does not answer ({error}). Its output is in "
                    "the log of the server."
                ) from error
        return ours

    def tell(self, happening: Happening) -> None:
        """Tell those who listen, if the process is there or can be. Waits until it is known who
        listens. Raises `PluginsUnavailableError`."""
        if not set(hooks_of(happening)).intersection(self.told().hooks):
            return
        with self._lock:
            try:
                self._ensure()
                assert self._connection is not None
                self._connection.send(happening)
            except (OSError, SlipstreamError) as error:
                raise PluginsUnavailableError(
                    f"Listeners of plugins were not told ({error})."
                ) from error

    def stop(self, components: Iterable[str] = ()) -> None:
        """Tell those who listen that these components stop, and end the process."""
        with self._lock:
            self._is_stopped = True
            if self._told is not None and COMPONENT_HOOKS[1] in self._told.hooks:
                self._tell(COMPONENT_HOOKS[1], components)
            self._end()
            self._lifeline.cut()
            self._first.set()

    def _begin(self, components: tuple[str, ...]) -> None:
        with self._lock:
            if self._is_stopped:
                return
            try:
                self._ensure()
            except (OSError, SlipstreamError) as error:
                self._told = _failed(f"Their process could not be used: {error}")
            told = self._told
            if told is not None and COMPONENT_HOOKS[0] in told.hooks:
                self._tell(COMPONENT_HOOKS[0], components)
            if told is not None and not told.is_needed:
                self._end()
        self._first.set()
        for where, problem in (told.import_errors if told is not None else {}).items():
            _log.warning("The plugin of %s is not used: %s", where, problem)
        for plugin in told.plugins if told is not None else ():
            for part in _OF_AIRFLOWS_WEB_SERVER:
                if plugin.get(part):
                    _log.warning(
                        "%s of the plugin %s are listed and not served: they are of Airflow's "
                        "Flask web server; use fastapi_apps or external_views.",
                        part,
                        plugin["name"],
                    )

    def _hand_over(self, theirs: socket.socket) -> None:
        """Give a request's socket to the process; to another one where that has just died."""
        for is_last in (False, True):
            self._ensure()
            assert self._connection is not None
            try:
                socket.send_fds(self._connection.sock, [pack(Serve())], [theirs.fileno()])
            except ConnectionError:
                if is_last:
                    raise
                self._end()
            else:
                return

    def _ensure(self) -> None:
        """There is a process that has loaded the plugins. The lock is held."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._is_stopped:
            raise PluginsUnavailableError("the server is stopping")
        self._end()
        ours, theirs = socket.socketpair()
        place = lifeline.new_place(self._lifeline.read_end)
        born = processes.start_time(os.getpid()) or 0
        with theirs:
            self._process = subprocess.Popen(
                command_of("slipstream.api.plugin_apps.child", theirs.fileno(), place),
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), place),
                start_new_session=True,
                env=task_environment(os.environ, lineage_of(self._run_dir, os.getpid(), born)),
            )
        os.close(place)
        ours.settimeout(self._load_seconds)
        self._connection = BlockingConnection(ours)
        told = self._receive()
        if not isinstance(told, Told):
            raise PluginsUnavailableError(f"it said {type(told).__name__} first")
        self._told = told

    def _receive(self) -> Told | Served:
        assert self._connection is not None
        try:
            said: Told | Served = decode_from_plugins(self._connection.receive())
            return said
        except TimeoutError:
            self._end()
            raise PluginsUnavailableError(
                f"loading them took longer than {self._load_seconds:g} s"
            ) from None
        except (ConnectionLostError, msgspec.DecodeError) as error:
            how = processes.describe_exit(self._end())
            raise PluginsUnavailableError(f"it ended ({how})") from error

    def _tell(self, hook: str, components: Iterable[str]) -> None:
        for name in components:
            if self._connection is None:
                return
            number = next(self._numbers)
            try:
                self._connection.sock.settimeout(_LISTENER_SECONDS)
                self._connection.send(ComponentChanged(number=number, hook=hook, name=name))
                self._receive()
            except SlipstreamError as error:
                _log.warning("Listeners of %s were not told of %s: %s", hook, name, error)

    def _end(self) -> int:
        """The exit status of the process; 0 where there was none."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            return process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            processes.kill_group(process.pid)
            return process.wait()


def _failed(why: str) -> Told:
    return Told(import_errors={"plugins": why})
