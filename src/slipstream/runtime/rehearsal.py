"""Running made-up tasks in the root zygote, so that real ones find everything in place.

What Python does the first times that it runs some code (import modules, compile patterns, adapt
bytecode to the types that it meets) would otherwise be done again in each task process, and each
page that it writes to would be copied there.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
from datetime import UTC, datetime, timedelta

from slipstream.model.attempt import Attempt
from slipstream.model.run import UNMAPPED, DagRun
from slipstream.model.states import RunState, RunType
from slipstream.runtime import interrupts, task_log
from slipstream.runtime.loader import LoadedFile
from slipstream.runtime.supervisor_link import SupervisorLink
from slipstream.runtime.task_session import run_attempt
from slipstream.sdk._dag import DAG
from slipstream.sdk._plugins.places import without_plugins
from slipstream.sdk._policies import ClusterPolicies, policies_in_force
from slipstream.sdk._task import task
from slipstream.sdk._warm import get_ready
from slipstream.sdk._xcom_values import has_custom_class
from slipstream.sdk.exceptions import AirflowSkipException
from slipstream.sdk.operators.python import PythonOperator
from slipstream.wire import messages
from slipstream.wire.frames import BlockingConnection, pack

_ROUNDS = 12
"""Python adapts code that has run some eight times."""
_DAG_ID = "slipstream_rehearsal"


def rehearse() -> None:
    """Run a task of each common kind to its end, several times. Nobody hears of it."""
    file = LoadedFile(spec=messages.LoadSpec(fileloc="", dags_folder=""), dags={_DAG_ID: _dag()})
    # A custom XCom class is a user's code, which this process must not import.
    tasks = [("fails", UNMAPPED), ("skips", UNMAPPED)]
    if not has_custom_class():
        tasks += [("returns", UNMAPPED), ("logs", UNMAPPED), ("mapped", 1)]
    streams = sys.stdout, sys.stderr
    handler = signal.getsignal(signal.SIGTERM)
    environment = dict(os.environ)
    link = SupervisorLink()
    task_log.capture(link)
    try:
        with policies_in_force(ClusterPolicies()), without_plugins():
            for _ in range(_ROUNDS):
                for task_id, map_index in tasks:
                    _run(task_id, map_index, file, link)
    finally:
        sys.stdout, sys.stderr = streams
        interrupts.forget()
        signal.signal(signal.SIGTERM, handler)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)
        gc.collect()


def _run(task_id: str, map_index: int, file: LoadedFile, link: SupervisorLink) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(pack(messages.Start(attempt=_attempt(task_id, map_index), hostname="here")))
        connection = BlockingConnection(theirs)
        link.attach(connection)
        start = messages.decode_to_task(connection.receive())
        if isinstance(start, messages.Start):
            run_attempt(start, file, link)
        task_log.finish()
    link.detach()


def _dag() -> DAG:
    def returns(name: str) -> dict[str, object]:
        return {"name": name, "values": [1, 2.5, None]}

    def logs() -> int:
        print("rehearsal")
        return 55

    def fails() -> None:
        raise ValueError("rehearsal")

    def skips() -> None:
        raise AirflowSkipException("rehearsal")

    def mapped(item: int) -> int:
        return item

    with DAG(_DAG_ID) as dag:
        PythonOperator(task_id="returns", python_callable=returns, op_args=["{{ ds }}"])
        PythonOperator(task_id="logs", python_callable=logs)
        PythonOperator(task_id="fails", python_callable=fails)
        PythonOperator(task_id="skips", python_callable=skips)
        task(mapped).expand(item=[1, 2, 3])
    get_ready(dag)
    return dag


def _attempt(task_id: str, map_index: int) -> Attempt:
    now = datetime.now(UTC)
    run = DagRun(
        pk=1,
        dag_id=_DAG_ID,
        run_id="rehearsal",
        run_type=RunType.MANUAL,
        state=RunState.RUNNING,
        version_id="",
        run_after=now,
        logical_date=now,
        data_interval_start=now - timedelta(days=1),
        data_interval_end=now,
    )
    return Attempt(
        attempt_id="rehearsal", run=run, task_id=task_id, map_index=map_index, fileloc=""
    )
