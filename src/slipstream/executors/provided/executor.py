"""An executor of a provider package as the scheduler's: attempts go to its workers.

The package's code runs in a process beside the server. What counts of an attempt is what its worker
says to the server itself; what the executor says counts where the worker is not heard.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from slipstream.executors.interface import Sink
from slipstream.executors.provided import orders
from slipstream.executors.provided.held import HeldAttempts
from slipstream.model.attempt import Attempt, Failed, Lost
from slipstream.runtime import lifeline, processes
from slipstream.runtime.environment import lineage_of, task_environment
from slipstream.runtime.fresh import command_of
from slipstream.runtime.jobs import Source
from slipstream.runtime.lifeline import Lifeline
from slipstream.runtime.log_files import log_path_of
from slipstream.wire.frames import BlockingConnection, ConnectionLostError, pack

_log = logging.getLogger(__name__)

_GRACE_SECONDS = 11.0
"""What a worker has to say something in after its executor has said that it has ended.

Longer than two beats (`[workers] min_heartbeat_interval`): one that lives is heard by then.
"""
_EXIT_SECONDS = 5.0
_NO_VERSION = "00000000-0000-0000-0000-000000000000"


class ProvidedExecutor:
    """Implements `Executor` by the class that `name` stands for in `[core] executor`."""

    def __init__(
        self,
        name: str,
        parallelism: int,
        held: HeldAttempts,
        find_source: Callable[[Attempt], Source],
        *,
        run_dir: Path,
        silence_seconds: float,
        queued_seconds: float,
    ) -> None:
        """`silence_seconds`: a worker that is not heard for so long is lost. `queued_seconds`: what
        a worker may take to begin, where the executor seems to say that it has ended."""
        self._name = name
        self._parallelism = parallelism
        self._held = held
        self._find_source = find_source
        self._run_dir = run_dir
        self._silence_seconds = silence_seconds
        self._queued_seconds = queued_seconds
        self._lifeline = Lifeline()
        self._lock = threading.Lock()
        self._connection: BlockingConnection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()

    @property
    def parallelism(self) -> int:
        """Attempts that it takes at the same time."""
        return self._parallelism

    def start(self, sink: Sink) -> None:
        """Load the executor in a process of its own."""
        self._held.report_to(sink)
        with self._lock:
            self._open()
        threading.Thread(target=self._watch_silence, name="silent-workers", daemon=True).start()

    def submit(self, attempts: Sequence[Attempt]) -> None:
        """Hand these to the executor."""
        for attempt in attempts:
            token = self._held.add(attempt, self._find_source(attempt))
            order = orders.Queue(
                attempt_id=attempt.attempt_id,
                workload=json.dumps(_workload(attempt, token)),
                executor_config=json.dumps(dict(attempt.executor_config)),
            )
            if not self._send(order):
                self._held.settle(
                    attempt.attempt_id, Lost(message=f"the process of {self._name} has ended")
                )

    def cancel(self, attempt_id: str, reason: str) -> None:
        """End an attempt, wherever it is."""
        if self._held.cancel(attempt_id, reason):
            self._send(orders.Revoke(attempt_id=attempt_id))

    def adopt(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """All are gone: their workers find nothing here any more and end them."""
        return attempts

    def stop(self, grace_seconds: float) -> None:
        """Let go of everything; what runs is lost, and started again by the next server."""
        del grace_seconds
        self._stopping.set()
        self._send(orders.Finish())
        self._held.lose_all("the server is stopping")
        with self._lock:
            self._close()
            self._lifeline.cut()

    def _open(self) -> None:
        ours, theirs = socket.socketpair()
        place = lifeline.new_place(self._lifeline.read_end)
        born = processes.start_time(os.getpid()) or 0
        environment = task_environment(os.environ, lineage_of(self._run_dir, os.getpid(), born))
        # The broker is the executor's own business, and its password too.
        own = {name: value for name, value in os.environ.items() if "__CELERY__" in name}
        with theirs:
            self._process = subprocess.Popen(
                command_of(
                    "slipstream.executors.provided.child", theirs.fileno(), place, self._name
                ),
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), place),
                start_new_session=True,
                env={**environment, **own},
            )
        os.close(place)
        self._connection = BlockingConnection(ours)
        threading.Thread(
            target=self._listen, args=(self._connection,), name="executor", daemon=True
        ).start()

    def _send(self, order: orders.ToExecutor) -> bool:
        with self._lock:
            if self._connection is None and not self._stopping.is_set():
                self._open()
            if self._connection is None:
                return False
            try:
                self._connection.send_packed(pack(order))
            except (ConnectionLostError, OSError):
                return False
            return True

    def _listen(self, connection: BlockingConnection) -> None:
        try:
            while True:
                match orders.decode_from_executor(connection.receive()):
                    case orders.Said() as said:
                        self._take(said)
                    case orders.Refused(error=error):
                        _log.error("The executor %s cannot be used: %s", self._name, error)
                        self._held.lose_all(f"the executor {self._name} cannot be used: {error}")
        except (ConnectionLostError, OSError):
            with self._lock:
                if self._connection is connection:
                    self._close()
            if not self._stopping.is_set():
                _log.error("The process of the executor %s has ended", self._name)

    def _take(self, said: orders.Said) -> None:
        match said.state:
            case "failed":
                text = f"the executor {self._name} says that it failed {said.info}".rstrip()
            case "success":
                text = "its worker has ended without telling what became of it"
            case _:
                return
        heard = self._held.now

        def believe() -> None:
            """Executors are mistaken at times: about an earlier attempt, or a second worker."""
            if not self._held.is_heard_since(said.attempt_id, heard):
                self._held.settle(said.attempt_id, Failed(message=text))

        # The worker's own word may be on its way.
        seconds = self._queued_seconds if said.may_be_earlier else _GRACE_SECONDS
        timer = threading.Timer(seconds, believe)
        timer.daemon = True
        timer.start()

    def _watch_silence(self) -> None:
        """Workers beat at intervals; one that has stopped to tells nobody that it has."""
        while not self._stopping.wait(self._silence_seconds / 4):
            for attempt_id in self._held.silent(self._silence_seconds):
                self._held.settle(
                    attempt_id,
                    Lost(message=f"its worker was not heard for {self._silence_seconds:g} s"),
                )

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(_EXIT_SECONDS)
        except subprocess.TimeoutExpired:
            processes.kill_group(process.pid)
            process.wait()


def _workload(attempt: Attempt, token: str) -> dict[str, object]:
    """`ExecuteTask` for that attempt, as JSON can hold it."""
    return {
        "type": "ExecuteTask",
        "token": token,
        "dag_rel_path": Path(attempt.fileloc).name,
        "bundle_info": {"name": "dags-folder"},
        "log_path": log_path_of(attempt).as_posix(),
        "ti": {
            "id": attempt.attempt_id,
            "task_id": attempt.task_id,
            "dag_id": attempt.run.dag_id,
            "run_id": attempt.run.run_id,
            "try_number": attempt.try_number,
            "map_index": attempt.map_index,
            "dag_version_id": attempt.run.version_id or _NO_VERSION,
            "queue": attempt.queue,
            "pool_slots": 1,
            "priority_weight": attempt.priority,
        },
    }
