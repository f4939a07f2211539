"""The process of a provider's executor: `python -m slipstream.executors.provided.child …`.

The executor is code of a package. It is driven as Airflow's scheduler would: looked after every
`[scheduler] job_heartbeat_sec` while it has something to do, and not at all while it has nothing.
"""

from __future__ import annotations

import json
import logging
import os
import select
import socket
import sys
import uuid
from collections.abc import Hashable
from typing import NoReturn

from slipstream.executors.provided import orders
from slipstream.runtime import lifeline
from slipstream.wire.frames import BlockingConnection, ConnectionLostError

_log = logging.getLogger(__name__)

_MOST_INFO = 2000


def main() -> NoReturn:
    """Be that process, on the descriptors that the command line names."""
    descriptor, place = map(int, sys.argv[1:3])
    name = sys.argv[3]
    del sys.argv[1:]
    for one in (descriptor, place):
        os.set_inheritable(one, False)
    lifeline.take(place)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    connection = BlockingConnection(socket.socket(fileno=descriptor))
    try:
        _Driver(connection, name).run()
    except ConnectionLostError:
        os._exit(0)
    except Exception as error:  # noqa: BLE001 - the executor is code of a package
        _log.exception("The executor %s cannot be used", name)
        connection.send(orders.Refused(error=f"{type(error).__name__}: {error}"))
    os._exit(1)


class _Driver:
    def __init__(self, connection: BlockingConnection, name: str) -> None:
        from slipstream import compat

        compat.install()
        from slipstream.executors.provided.loader import ExecutorLoader
        from slipstream.executors.provided.whose import Whose
        from slipstream.executors.provided.workloads import ExecuteTask
        from slipstream.sdk._conf import conf, settings_folders

        sys.path += [folder for folder in settings_folders() if os.path.isdir(folder)]
        self._connection = connection
        self._workload = ExecuteTask
        self._seconds = conf.getfloat("scheduler", "job_heartbeat_sec")
        self._executor = ExecutorLoader.load_executor(name)
        # Workers of several servers may be on one cluster. Airflow's number would be looked up in
        # its database; this is none.
        self._executor.job_id = f"slipstream-{uuid.uuid4().hex}"
        self._executor.start()
        self._whose = Whose()
        self._given: dict[str, ExecuteTask] = {}

    def run(self) -> None:
        """Until the server says that it is over."""
        while True:
            busy = self._executor.slots_occupied > 0
            ready = (
                self._connection.has_received()
                or select.select([self._connection], [], [], self._seconds if busy else None)[0]
            )
            if ready and self._obey():
                self._executor.terminate()
                os._exit(0)
            self._executor.heartbeat()
            for key, (state, info) in self._executor.get_event_buffer().items():
                # Without a state the worker has ended, and its own word counts.
                self._tell(key, str(state or "success"), str(info or "")[:_MOST_INFO])

    def _tell(self, key: Hashable, state: str, info: str) -> None:
        """Tell the server of an end; nothing else that executors say changes anything there."""
        found = self._whose.ended(key) if state in ("success", "failed") else None
        if found is None:
            return
        attempt_id, may_be_earlier = found
        if not may_be_earlier:
            self._given.pop(attempt_id, None)
        self._connection.send(
            orders.Said(
                attempt_id=attempt_id, state=state, info=info, may_be_earlier=may_be_earlier
            )
        )

    def _obey(self) -> bool:
        """Carry out what has arrived; whether that was the last."""
        while True:
            match orders.decode_to_executor(self._connection.receive()):
                case orders.Queue() as order:
                    workload = self._workload.model_validate_json(order.workload)
                    workload.ti.executor_config = json.loads(order.executor_config)
                    if self._executor.pre_assigns_external_executor_id:
                        workload.ti.external_executor_id = str(uuid.uuid4())
                    self._whose.queued(workload.key, order.attempt_id)
                    self._given[order.attempt_id] = workload
                    self._executor.queue_workload(workload)
                case orders.Revoke() as order:
                    self._revoke(order.attempt_id)
                case orders.Finish():
                    return True
            if not self._connection.has_received():
                return False

    def _revoke(self, attempt_id: str) -> None:
        workload = self._given.pop(attempt_id, None)
        if workload is None:
            return
        self._whose.revoked(attempt_id)
        try:
            self._executor.revoke_task(ti=workload.ti)
        except Exception as error:  # noqa: BLE001 - its worker hears of it in any case
            _log.warning("%s could not be taken back: %s", attempt_id, error)


if __name__ == "__main__":
    main()
