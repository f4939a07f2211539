"""Running made-up tasks in the root zygote, so that real ones find everything in place.

What Python does the first times that it runs some code (import modules, compile patterns, adapt
bytecode to the types that it meets) would otherwise be done again in each task process, and each
page that it writes to would be copied there.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import NoReturn

from slipstream.model.attempt import Attempt
from slipstream.model.map_index import UNMAPPED
from slipstream.model.run import DagRun
from slipstream.model.states import RunState, RunType
from slipstream.runtime import interrupts, lifeline, task_log
from slipstream.runtime.debugging import TERMINAL
from slipstream.runtime.forking import ForkServer, adopt_output, enter_own_group
from slipstream.runtime.loader import LoadedFile
from slipstream.runtime.task_process import TaskProcess
from slipstream.sdk._dag import DAG
from slipstream.sdk._plugins.places import without_plugins
from slipstream.sdk._policies import ClusterPolicies, policies_in_force
from slipstream.sdk._task import task
from slipstream.sdk._warm import get_ready
from slipstream.sdk._xcom_values import has_custom_class
from slipstream.sdk.exceptions import AirflowSkipException
from slipstream.sdk.operators.python import PythonOperator
from slipstream.wire import messages
from slipstream.wire.frames import connect, pack

_ROUNDS = 12
"""Python adapts code that has run some eight times."""
_ROUNDS_OF_ALL = 2
"""What fails is slow to tell of, and need not be quick."""
_DAG_ID = "slipstream_rehearsal"


def rehearse(read_end: int) -> None:
    """Live the life of a task of each common kind, several times. Nobody hears of it.

    `read_end`: of the lifeline.
    """
    ends = [("fails", UNMAPPED), ("skips", UNMAPPED)]
    # A custom XCom class is a user's code, which this process must not import.
    usual = [] if has_custom_class() else [("logs", UNMAPPED), ("mapped", 1), ("returns", UNMAPPED)]
    rounds = [[*ends, *usual]] * _ROUNDS_OF_ALL + [usual or ends] * (_ROUNDS - _ROUNDS_OF_ALL)
    spec = messages.LoadSpec(fileloc="", dags_folder="")
    with _everything_kept():
        file = LoadedFile(spec=spec, dags={_DAG_ID: _dag()})
        process = TaskProcess(file, keeps_user=True)
        for task_id, map_index in chain.from_iterable(rounds):
            _live(task_id, map_index, process, read_end)
    gc.disable()
    gc.unfreeze()
    gc.collect()


def _live(task_id: str, map_index: int, process: TaskProcess, read_end: int) -> None:
    """What a child does from the fork to its end, in this process."""
    host, theirs = socket.socketpair()
    zygote, its_host = socket.socketpair()
    out_read, out = os.pipe()
    err_read, err = os.pipe()
    place = lifeline.new_place(read_end)
    with host, its_host:
        ForkServer(connect(zygote.detach()), read_end, _nobody).leave()
        with contextlib.suppress(PermissionError):
            enter_own_group(place)
        adopt_output(out, err)
        host.sendall(pack(messages.Start(attempt=_attempt(task_id, map_index), hostname="here")))
        connection = connect(theirs.detach())
        connection.send(messages.Hello(pid=os.getpid()))
        process.carry_out(process.begin(connection))
        task_log.shut_down()
        process.rest()
        connection.close()
    for descriptor in (out_read, err_read, place):
        os.close(descriptor)


def _nobody(_order: messages.Order, _descriptors: list[int]) -> NoReturn:
    raise AssertionError("nothing is forked in a rehearsal")


@contextlib.contextmanager
def _everything_kept() -> Iterator[None]:
    """Inside, nothing of people's is called; afterwards, the process is as it was."""
    streams = sys.stdout, sys.stderr
    handler = signal.getsignal(signal.SIGTERM)
    environment = dict(os.environ)
    descriptors = [os.dup(descriptor) for descriptor in (1, 2)]
    # The made-up failure is none to look into.
    os.environ.pop(TERMINAL, None)
    try:
        with policies_in_force(ClusterPolicies()), without_plugins():
            yield
    finally:
        for descriptor, kept in enumerate(descriptors, 1):
            os.dup2(kept, descriptor)
            os.close(kept)
        sys.stdout, sys.stderr = streams
        interrupts.forget()
        signal.signal(signal.SIGTERM, handler)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)


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
    # Always the same: the C library keeps every text that was ever part of the environment.
    now = datetime(2026, 1, 1, tzinfo=UTC)
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
